"""The table is complete, and the picture in the README is the table's."""

from __future__ import annotations

from pathlib import Path

import pytest

from postroom.session.decide import IGNORED, RULES, decide
from postroom.session.diagram import SAMPLES, mermaid, session_in
from postroom.session.effects import Ignore, ReleasePlace
from postroom.session.events import EVENTS, AgentReserved, Event, SessionAssigned, SessionPicked
from postroom.session.facts import Facts
from postroom.session.policy import Policy
from postroom.session.state import Phase
from tests.session.making import NOW

README = Path(__file__).parents[2] / "README.md"
RESERVING = AgentReserved | SessionPicked | SessionAssigned


def test_every_pair_of_phase_and_event_is_a_rule_or_a_written_silence() -> None:
    everything = {(phase, event) for phase in Phase for event in EVENTS}
    assert set(RULES) | set(IGNORED) == everything


def test_no_pair_is_both() -> None:
    assert not set(RULES) & set(IGNORED)


def test_there_is_a_sample_of_every_event() -> None:
    assert {type(sample) for sample in SAMPLES} == set(EVENTS)


@pytest.mark.parametrize(("phase", "kind"), sorted(IGNORED, key=str), ids=str)
def test_an_ignored_event_changes_nothing_and_says_why(phase: Phase, kind: type[Event]) -> None:
    session = session_in(phase)
    event = next(sample for sample in SAMPLES if type(sample) is kind)
    after, effects = decide(session, event, Facts(), Policy(generation=1, queue="q"), NOW)
    assert after == session
    (effect, *rest) = effects
    assert isinstance(effect, Ignore)
    assert effect.reason
    brought = (ReleasePlace(agent=event.agent),) if isinstance(event, RESERVING) else ()
    assert tuple(rest) == brought  # a place that was taken for it is given back


def test_the_diagram_in_the_readme_is_drawn_from_the_table() -> None:
    assert f"```mermaid\n{mermaid()}\n```" in README.read_text(encoding="utf-8")
