"""The report as one page of HTML: its style and drawings are in it, and nothing is asked of anybody else.

Names come from settings and mails: every one is escaped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import tzinfo
from html import escape
from importlib import resources
from typing import TYPE_CHECKING

from msgspec import Struct

from postroom.cli.report.svg import Series, Span, bars, lines, spans
from postroom.cli.report.wording import NONE, duration, number, share

if TYPE_CHECKING:
    from postroom.wiring.simulation.course import SessionCourse
    from postroom.wiring.simulation.figures import AgentFigures, Figures, QueueFigures
    from postroom.wiring.simulation.run import Simulated

MOST_LISTED = 40
OF_A_DAY = 86_400 * 1.5


class Heading(Struct, frozen=True, kw_only=True):
    """What the page is about."""

    title: str
    about: str
    zone: tzinfo


def page(simulated: Simulated, heading: Heading) -> str:
    """Write the page."""
    figures = simulated.figures
    style = resources.files("postroom.cli.report").joinpath("page.css").read_text("utf-8")
    body = "\n".join(
        (
            f"<h1>{escape(heading.title)}</h1><p>{escape(heading.about)}</p>",
            f'<div class="tiles">{"".join(_tiles(simulated))}</div>',
            _course(figures, heading.zone),
            _first_replies(figures),
            _queues(figures),
            _agents(figures),
            _not_served(simulated, heading.zone),
        )
    )
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(heading.title)}</title>'
        f"<style>\n{style}</style></head>\n<body><main>\n{body}\n"
        "<footer>Written by postroom simulate. Nothing was sent.</footer></main></body></html>\n"
    )


def _tiles(simulated: Simulated) -> Iterator[str]:
    figures = simulated.figures
    waiting = sum(one.waiting for one in figures.queues)
    robots = figures.by_robot / figures.sessions if figures.sessions else None
    for value, words in (
        (number(simulated.mails), f"mails, {number(figures.sessions)} sessions"),
        (share(robots), f"answered by robots alone ({number(figures.by_robot)})"),
        (share(figures.in_time), "of first replies within the service level"),
        (duration(figures.first_reply.p50), f"first reply, median; p90 {duration(figures.first_reply.p90)}"),
        (duration(figures.first_reply.p99), "first reply, p99"),
        (share(figures.occupancy), "occupancy: mean share of work time with something in hand"),
        (number(figures.transfers), "transfers to another queue or agent"),
        (number(waiting), "waiting for an agent at the end"),
    ):
        yield f'<div class="tile"><b>{escape(value)}</b><span>{escape(words)}</span></div>'


def _course(figures: Figures, zone: tzinfo) -> str:
    slots = figures.slots
    is_a_day = (figures.until - figures.since).total_seconds() <= OF_A_DAY
    labels = [f"{slot.at.astimezone(zone):{'%H:%M' if is_a_day else '%d %b'}}" for slot in slots]
    answered = (
        Series(name="answered by a robot", look="robot", values=[slot.by_robot for slot in slots]),
        Series(name="first replies of agents", look="agent", values=[slot.by_agents for slot in slots]),
    )
    came = Series(name="sessions begun", look="arrived", values=[slot.arrived for slot in slots])
    below = (
        Series(name="agents at work", look="there", values=[slot.at_work for slot in slots]),
        Series(name="agents with something in hand", look="busy", values=[slot.in_hand for slot in slots]),
        Series(name="waiting for an agent", look="waiting", values=[slot.waiting for slot in slots]),
    )
    colours = (("robot", "answered by a robot"), ("agent", "first replies of agents"))
    key = _key(colours, (("ink", "sessions begun"),))
    key_below = _key((), (("late", "waiting for an agent"), ("agent", "agents with something in hand")), dashed=True)
    return _section(
        "Through the time",
        f"What came and what was answered in each {duration((slots[1].at - slots[0].at).total_seconds())}."
        if len(slots) > 1
        else "What came and what was answered.",
        f"{key}{bars(labels, answered, came)}{key_below}{lines(labels, below)}",
    )


def _key(filled: Sequence[tuple[str, str]], drawn: Sequence[tuple[str, str]], *, dashed: bool = False) -> str:
    marks = [f'<span><i style="background:var(--{colour})"></i>{escape(words)}</span>' for colour, words in filled]
    marks += [
        f'<span><i class="flat" style="background:var(--{colour})"></i>{escape(words)}</span>'
        for colour, words in drawn
    ]
    if dashed:
        marks.append('<span><i class="flat" style="border-top:2px dashed var(--soft)"></i>agents at work</span>')
    return f'<div class="key">{"".join(marks)}</div>'


def _first_replies(figures: Figures) -> str:
    rows = [
        Span(
            name=one.queue,
            points=[point for point in (one.first_reply.p50, one.first_reply.p90, one.first_reply.p99) if point],
            mark=one.within,
            words=" / ".join(duration(point) for point in (one.first_reply.p50, one.first_reply.p90)),
        )
        for one in figures.queues
        if one.sessions
    ]
    if not rows:
        return ""
    about = (
        "Half of the customers, nine of ten and 99 of 100 had an agent's answer by the points; the line is the goal."
    )
    return _section("First reply", about, spans(rows))


_QUEUES = (
    "queue", "sessions", "by robots", "answered", "waiting", "p50", "p90", "p99", "in time", "transfers", "occupancy",
)  # fmt: skip


def _queues(figures: Figures) -> str:
    about = "In time: the share of first replies within the queue's service level, whose goal is the black mark."
    rows = [_queue(one) for one in figures.queues]
    return _section("Queues", about, _table(_QUEUES, rows))


def _queue(one: QueueFigures) -> list[str]:
    replied = one.first_reply
    return [
        escape(one.queue),
        *(number(value) for value in (one.sessions, one.by_robot, one.answered, one.waiting)),
        *(duration(value) for value in (replied.p50, replied.p90, replied.p99)),
        _bar(one.in_time, one.target),
        number(one.transfers),
        share(one.occupancy),
    ]


def _bar(value: float | None, target: float | None = None) -> str:
    if value is None:
        return NONE
    look = "agent" if target is None else "late" if value < target else "good"
    mark = "" if target is None else f'<em style="left:{100 * target:.0f}%"></em>'
    bar = f'<span class="bar"><i class="{look}" style="width:{100 * value:.1f}%"></i>{mark}</span>'
    return f'{bar}<span class="share">{share(value)}</span>'


def _agents(figures: Figures) -> str:
    there = sorted((one for one in figures.agents if one.at_work), key=lambda one: (-(one.occupancy or 0), one.agent))
    if not there:
        return _section("Agents", "Nobody worked.", "")
    half = (len(there) + 1) // 2
    columns = ("agent", "at work", "sessions", "places taken", "occupancy")
    tables = "".join(_table(columns, [_agent(one) for one in part]) for part in (there[:half], there[half:]) if part)
    about = "Occupancy: the share of work time in which an agent had something in hand."
    return _section("Agents", about, f'<div class="agents">{tables}</div>')


def _agent(one: AgentFigures) -> list[str]:
    return [
        escape(one.agent),
        duration(one.at_work),
        number(one.sessions),
        share(one.places),
        _bar(one.occupancy),
    ]


def _not_served(simulated: Simulated, zone: tzinfo) -> str:
    """Who was not served: waiting at the end, or set aside."""
    from postroom.wiring.simulation.figures import is_waiting

    waiting = [one for one in simulated.sessions if is_waiting(one)]
    rows = [
        [f"{one.opened_at.astimezone(zone):%a %H:%M}", escape(one.queue), escape(one.customer), escape(_phase(one))]
        for one in waiting[:MOST_LISTED]
    ]
    rows += [
        [f"{one.at.astimezone(zone):%a %H:%M}", NONE, escape(one.name), escape(one.why)]
        for one in simulated.unserved[:MOST_LISTED]
    ]
    if not rows:
        return _section("Not served", "Everybody was.", "")
    total = len(waiting) + len(simulated.unserved)
    about = f"{number(total)} in all, the first to come above." + (
        f" {number(total - len(rows))} more are not shown." if total > len(rows) else ""
    )
    return _section("Not served", about, _table(("came", "queue", "who", "how it stands"), rows, look="words"))


def _phase(course: SessionCourse) -> str:
    return course.stages[-1].phase.replace("_", " ") if course.stages else "new"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], look: str = "") -> str:
    """A table; the cells are HTML."""
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<table class="{look}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _section(title: str, about: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2><p>{escape(about)}</p>{content}</section>"
