"""The few drawings of the report as inline SVG: bars over time, a line, spreads on a scale. Numbers in, text out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape
from math import ceil, log10

from msgspec import Struct

WIDTH, LEFT, RIGHT, TOP, FOOT = 960, 44, 12, 10, 24
LINES = 4
"""Lines of the grid above the axis."""


class Series(Struct, frozen=True, kw_only=True):
    """Values over time, all of the same length; `look` is a class of the page's style."""

    name: str
    look: str
    values: Sequence[float]


class Frame:
    """A plane for values from 0 to `most` over so many steps."""

    def __init__(self, steps: int, most: float, height: int) -> None:
        self.steps = max(steps, 1)
        self.height = height
        self.tick = _round_up(max(most, 1) / LINES)
        self.most = self.tick * LINES

    def x(self, step: float) -> float:
        """Where a step begins."""
        return LEFT + (WIDTH - LEFT - RIGHT) * step / self.steps

    def y(self, value: float) -> float:
        """How high a value is."""
        return TOP + (self.height - TOP - FOOT) * (1 - value / self.most)

    def grid(self) -> Iterator[str]:
        """The lines behind, with their numbers."""
        for line in range(LINES + 1):
            value = self.tick * line
            y = self.y(value)
            yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            yield _text(LEFT - 8, y + 4, f"{value:g}", "end")

    def times(self, labels: Sequence[str]) -> Iterator[str]:
        """Some of the labels below the axis, each where its step begins."""
        every = max(ceil(len(labels) / 14), 1)
        for step in range(0, len(labels), every):
            yield _text(self.x(step), self.height - 6, labels[step], "middle")


def bars(labels: Sequence[str], stacked: Sequence[Series], line: Series, height: int = 240) -> str:
    """Bars one on the other, and a line before them."""
    sums = [sum(values) for values in zip(*(one.values for one in stacked), strict=True)]
    frame = Frame(len(labels), max([*sums, *line.values], default=1), height)
    drawn = [*frame.grid(), *frame.times(labels)]
    for step, label in enumerate(labels):
        below = 0.0
        for one in stacked:
            value = one.values[step]
            x, y = frame.x(step) + 1.5, frame.y(below + value)
            size = f'width="{frame.x(1) - frame.x(0) - 3:.1f}" height="{frame.y(below) - y:.1f}"'
            tip = f"<title>{escape(label)}: {value:g} {escape(one.name)}</title>"
            drawn.append(f'<rect class="{one.look}" x="{x:.1f}" y="{y:.1f}" {size}>{tip}</rect>')
            below += value
    drawn.append(_line(frame, line))
    return _svg(height, drawn)


def lines(labels: Sequence[str], series: Sequence[Series], height: int = 180) -> str:
    """Lines over time."""
    frame = Frame(len(labels), max((value for one in series for value in one.values), default=1), height)
    return _svg(height, [*frame.grid(), *frame.times(labels), *(_line(frame, one) for one in series)])


class Span(Struct, frozen=True, kw_only=True):
    """A row of the scale: points in seconds from the shortest on, and a mark; `words` is written beside it."""

    name: str
    points: Sequence[float]
    mark: float
    words: str


ROW = 30
NAMES, WORDS = 130, 190
_TICKS = (1, 10, 60, 300, 900, 1_800, 3_600, 4 * 3_600, 86_400, 7 * 86_400)
_TICK_NAMES = ("1 s", "10 s", "1 min", "5 min", "15 min", "30 min", "1 h", "4 h", "1 d", "7 d")


def spans(rows: Sequence[Span]) -> str:
    """Rows on one scale of times, by their logarithms."""
    known = [point for row in rows for point in (*row.points, row.mark)]
    least, most = max(min(known, default=1) / 1.5, 1), max(known, default=10) * 1.3
    height = ROW * len(rows) + FOOT + TOP

    def x(seconds: float) -> float:
        along = (log10(max(seconds, least)) - log10(least)) / (log10(most) - log10(least))
        return NAMES + (WIDTH - NAMES - WORDS) * along

    drawn: list[str] = []
    for tick, name in zip(_TICKS, _TICK_NAMES, strict=True):
        if least <= tick <= most:
            drawn.append(f'<line class="grid" x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{TOP}" y2="{height - FOOT}"/>')
            drawn.append(_text(x(tick), height - 6, name, "middle"))
    for place, row in enumerate(rows):
        drawn += _row(row, TOP + ROW * place + ROW / 2, x)
    return _svg(height, drawn)


def _row(row: Span, y: float, x: Callable[[float], float]) -> Iterator[str]:
    yield _text(NAMES - 12, y + 4, row.name, "end")
    yield _text(WIDTH - WORDS + 12, y + 4, row.words, "start")
    yield f'<line class="mark" x1="{x(row.mark):.1f}" x2="{x(row.mark):.1f}" y1="{y - 10:.1f}" y2="{y + 10:.1f}"/>'
    if row.points:
        first, last = x(row.points[0]), x(row.points[-1])
        yield f'<line class="span" x1="{first:.1f}" x2="{last:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
    for size, point in zip((6, 5, 4), row.points, strict=False):
        yield f'<circle class="point" cx="{x(point):.1f}" cy="{y:.1f}" r="{size}"/>'


def _line(frame: Frame, one: Series) -> str:
    middle = [(frame.x(step + 0.5), frame.y(value)) for step, value in enumerate(one.values)]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in middle)
    return f'<polyline class="{one.look}" points="{points}"><title>{escape(one.name)}</title></polyline>'


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _svg(height: float, drawn: Iterable[str]) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img">{"".join(drawn)}</svg>'


def _round_up(value: float) -> float:
    """The next of 1, 2, 5, 10, 20, 50 …."""
    power = 10 ** int(log10(value)) if value >= 1 else 1
    return next(float(step * power) for step in (1, 2, 5, 10) if step * power >= value)
