"""Templates: names and nothing else, whatever stands in them or in their values (S23)."""

from __future__ import annotations

import html
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from postroom.mail.moments import plain_moment
from postroom.mail.templates import AUTOMATIC_NAMES, Fault, Place, faults, fill, literal

INJECTIONS = tuple((Path(__file__).parent / "template_injections.txt").read_text("utf-8").splitlines())
VALUES = dict.fromkeys(AUTOMATIC_NAMES, "a value")
NAMES = st.sampled_from(sorted(AUTOMATIC_NAMES))


def test_a_name_is_replaced_by_its_value() -> None:
    assert fill("Dear, {channel_name} {reference}.", {"channel_name": "help", "reference": "A1"}) == "Dear, help A1."


def test_doubled_braces_are_braces() -> None:
    assert fill("{{channel_name}} {{{channel_name}}}", {"channel_name": "help"}) == "{channel_name} {help}"
    assert faults("{{channel_name}} {{{channel_name}}}", AUTOMATIC_NAMES) == ()


@given(text=st.text())
@example(text="{channel_name} }{ {{")
def test_a_text_taken_literally_comes_out_as_it_is_and_has_no_faults(text: str) -> None:
    assert fill(literal(text), VALUES) == text
    assert faults(literal(text), AUTOMATIC_NAMES) == ()


@pytest.mark.parametrize(
    ("template", "line", "words"),
    [
        ("Hello\n{chanel_name}", 2, "there is no name `{chanel_name}`: did you mean `{channel_name}`?"),
        ("{customer_name}", 1, "there is no name `{customer_name}`"),
        ("{}", 1, "there is no name `{}`"),
        ("a\n\n} b", 3, "a `}` stands alone: a brace itself is written `}}`"),
        ("a { b", 1, "a `{` stands alone: a brace itself is written `{{`"),
        ("{ channel_name }", 1, "there is no name `{ channel_name }`"),
        ("{channel_name!r}", 1, "there is no name `{channel_name!r}`"),
        ("{channel\n_name}", 1, "a `{` stands alone"),
    ],
)
def test_whatever_else_stands_in_braces_is_a_fault_with_its_line(template: str, line: int, words: str) -> None:
    first = faults(template, AUTOMATIC_NAMES)[0]
    assert first.line == line
    assert first.words.startswith(words)


def test_an_unknown_name_far_from_all_is_told_what_there_is() -> None:
    assert faults("{zzz}", AUTOMATIC_NAMES) == (
        Fault(1, "there is no name `{zzz}`: the names are " + ", ".join(sorted(AUTOMATIC_NAMES))),
    )


def test_there_is_no_name_for_anything_a_mail_brings() -> None:
    assert not {name for name in AUTOMATIC_NAMES if "customer" in name or "subject" in name or "sender" in name}


def test_there_are_enough_injections() -> None:
    assert len(set(INJECTIONS)) >= 200


@pytest.mark.parametrize("injection", INJECTIONS)
def test_an_injection_as_a_value_comes_out_as_it_went_in(injection: str) -> None:
    values = {"agent_name": injection}
    line = " ".join(injection.split())
    assert fill("<{agent_name}>", values) == f"<{line}>"
    assert fill("<{agent_name}>", values, Place.HEADER) == f"<{line}>"
    assert fill("<b>{agent_name}</b>", values, Place.HTML) == f"<b>{html.escape(line)}</b>"


@pytest.mark.parametrize("injection", INJECTIONS)
def test_an_injection_as_a_template_is_refused_or_is_only_its_braces(injection: str) -> None:
    without_doubled = injection.replace("{{", "{").replace("}}", "}")
    if not faults(injection, AUTOMATIC_NAMES):
        assert fill(injection, VALUES) == without_doubled
    assert "49" not in fill(injection, VALUES) or "49" in injection


@given(st.text(), st.text(alphabet="{}ab_\n<&\"'\r\0\u2028 "))
def test_filling_in_never_raises_and_never_reads_a_value_again(value: str, template: str) -> None:
    values = {"a": value, "b": "{a}"}
    for place in Place:
        assert "\n" not in fill("{a}", values, place)
        assert fill("{b}", values, Place.TEXT) == "{a}"
        fill(template, values, place)
    faults(template, values)


@given(st.lists(st.tuples(st.text(alphabet=st.characters(exclude_characters="{}")), NAMES), max_size=10))
def test_a_template_without_faults_is_its_text_with_the_values_between(pieces: list[tuple[str, str]]) -> None:
    template = "".join(f"{text}{{{name}}}" for text, name in pieces)
    assert faults(template, AUTOMATIC_NAMES) == ()
    assert fill(template, VALUES) == "".join(f"{text}a value" for text, _ in pieces)


@given(st.text(alphabet="<>&\"'{}x "))
def test_a_value_in_html_opens_no_tag(value: str) -> None:
    filled = fill("{agent_name}", {"agent_name": value}, Place.HTML)
    assert not set("<>\"'") & set(filled)


@pytest.mark.parametrize("hostile", ["{" * 200_000, "}" * 200_001, "{a" * 100_000, "{" + "a" * 200_000 + "}"])
def test_a_crafted_template_is_read_in_one_pass(hostile: str) -> None:
    assert len(faults(f"{hostile}}}", AUTOMATIC_NAMES)) <= 20
    assert fill(hostile, {})


MOMENT = datetime(2026, 3, 2, 8, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Monday, 2 March 2026, 09:05 (Europe/Berlin)"),
        ("en-GB", "Monday, 2 March 2026, 09:05 (Europe/Berlin)"),
        ("de", "02.03.2026 09:05 (Europe/Berlin)"),
        ("pt-BR", "02/03/2026 09:05 (Europe/Berlin)"),
        ("nl", "02-03-2026 09:05 (Europe/Berlin)"),
        ("zh", "2026年3月2日 09:05 (Europe/Berlin)"),
        ("ko", "2026년 3월 2일 09:05 (Europe/Berlin)"),
        ("sv", "2026-03-02 09:05 (Europe/Berlin)"),
        ("", "2026-03-02 09:05 (Europe/Berlin)"),
    ],
)
def test_a_moment_is_written_as_the_language_writes_it(language: str, words: str) -> None:
    assert plain_moment(MOMENT, ZoneInfo("Europe/Berlin"), language) == words
