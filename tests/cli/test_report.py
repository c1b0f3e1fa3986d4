"""The report of a simulation: tables on a terminal, and a page of HTML that needs nothing and obeys nobody."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from postroom.cli.report.svg import Series, Span, bars, lines, spans
from postroom.cli.report.wording import duration, share
from tests.cli.simulated_house import ROBOT, configured, mail, mbox, ran
from tests.cli.simulated_house import lines as cells

FETCHING = {"script", "link", "img", "iframe", "object", "embed", "base", "form", "use", "image"}
EMPTY = {"meta"}


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not [name for name, _ in attrs if name in {"src", "href", "action"} or name.startswith("on")]
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read(file: Path) -> Page:
    page = Page()
    page.feed(file.read_text("utf-8"))
    assert page.open == []
    assert not page.tags & FETCHING
    assert not {"http://", "https://", "@import", "url("} & set(page.words)
    return page


def test_a_day_is_told_in_tables_and_written_as_a_page(tmp_path: Path) -> None:
    report = tmp_path / "day.html"
    result = ran("simulate", "--day", "--mails", "120", "--seed", "5", "--report", report)
    assert result.exit_code == 0, result.output
    told = cells(result)
    assert [row[0] for row in told[:9]] == [
        *("orders", "delivery", "returns", "billing", "accounts", "technical", "complaints", "wholesale"),
        "all",
    ]
    assert len(told) == 9 + 50
    page = read(report)
    assert {"svg", "table", "style"} <= page.tags
    assert {"A day of a contact centre", "First reply", "Queues", "Agents", "wholesale"} <= set(page.words)


def test_a_day_for_programs_has_the_same_figures(tmp_path: Path) -> None:
    found = json.loads(ran("simulate", "--day", "--mails", "40", "--json").stdout)
    figures = found["simulated"]["figures"]
    assert found["schema"] == "postroom.simulation/1"
    assert (len(figures["queues"]), len(figures["agents"]), len(figures["slots"])) == (8, 50, 48)
    assert figures["sessions"] == len(found["simulated"]["sessions"])


def test_a_mailbox_has_a_report_too_and_what_a_customer_wrote_is_only_text(tmp_path: Path) -> None:
    hostile = mail(1, From='"<script>alert(1)</script>" <"<img src=x onerror=alert(1)>"@customer.example>')
    report = tmp_path / "box.html"
    folder = configured(tmp_path / "config")
    result = ran(
        *("simulate", "--config", folder, "--mbox", mbox(tmp_path, [hostile, mail(2)]), "--addresses"),
        *("--agents", "answer-after", "2h", "--robots", "--report", report),
    )
    assert result.exit_code == 0, result.output
    assert cells(result)[-1][0] == "anna"
    assert "first_line" in read(report).words


def test_a_report_where_nobody_works_says_so_and_lists_who_waits(tmp_path: Path) -> None:
    report = tmp_path / "box.html"
    box = mbox(tmp_path, [mail(n, From=f"c{n}@customer.example") for n in range(50)])
    result = ran("simulate", "--config", configured(tmp_path / "config"), "--mbox", box, "--report", report)
    assert result.exit_code == 0, result.output
    words = read(report).words
    assert "Nobody worked." in words
    assert "50 in all, the first to come above. 10 more are not shown." in words


def test_robots_answer_from_their_files_where_that_is_asked_for(tmp_path: Path) -> None:
    folder, box = configured(tmp_path / "config", ROBOT), mbox(tmp_path, [mail(1, body="When do you open?")])
    (row,) = cells(ran("simulate", "--config", folder, "--mbox", box, "--robots"))
    assert row[5] == "robot answered"
    (row,) = cells(ran("simulate", "--config", folder, "--mbox", box))
    assert row[5] != "robot answered"


@pytest.mark.parametrize(
    "words",
    [("--day", "--config", "."), ("--mails", "5"), ("--seed", "5", "--config", ".", "--mbox", "."), ("--config", ".")],
)
def test_what_does_not_go_together_is_wrong_usage(words: tuple[str, ...]) -> None:
    assert ran("simulate", *words).exit_code == 2


def test_a_report_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    result = ran("simulate", "--day", "--mails", "5", "--report", tmp_path / "nowhere" / "day.html")
    assert (result.exit_code, "cannot be written" in result.stderr) == (1, True)


def test_drawings_of_nothing_are_drawn() -> None:
    nothing = Series(name="none", look="agent", values=[])
    for drawn in (bars([], [nothing], nothing), lines([], [nothing]), spans([])):
        assert drawn.startswith("<svg")
    assert 'r="6"' not in spans([Span(name="a", points=[], mark=60.0, words="–")])


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "–"),
        (0, "0 s"),
        (59.4, "59 s"),
        (65, "1 min 05 s"),
        (600, "10 min"),
        (3_660, "1 h 01 min"),
        (3 * 86_400, "3.0 days"),
    ],
)
def test_times_are_written_in_their_two_largest_units(seconds: float | None, words: str) -> None:
    assert (duration(seconds), share(None), share(0.805)) == (words, "–", "80 %")
