"""Whom a session goes to after an agent who stayed silent: never one who was, and not round and round."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from postroom.session.decide import decide
from postroom.session.effects import RaiseAlarm
from postroom.session.events import AgentStayedSilent
from postroom.session.facts import Facts
from postroom.session.policy import AgentSilence, Policy, QueuePolicy
from postroom.session.state import Assignment, ConversationId, Phase, Session, SessionId

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
QUEUES = {
    "first": QueuePolicy(members=frozenset({"anna", "bernd"})),
    "second": QueuePolicy(members=frozenset({"clara"})),
    "unknown": QueuePolicy(),
}
ANNAS = Session(
    id=SessionId("s1"),
    conversation=ConversationId("c1"),
    tenant="acme",
    channel="support",
    opened_at=NOW,
    phase=Phase.ASSIGNED,
    queue="first",
    assignment=Assignment(agent="anna", token="t1", assigned_at=NOW),
    answer_due_since=NOW,
)


def after(**session: Any) -> tuple[str, str]:  # noqa: ANN401 any field of a session, and `rules`
    """The phase and queue of anna's session once she was silent; `rules` are the channel's."""
    rules: dict[str, Any] = session.pop("rules")
    fields = {name: getattr(ANNAS, name) for name in ANNAS.__struct_fields__}
    policy = Policy(generation=1, queue="first", queues=QUEUES, agent_silence=AgentSilence(transfer_after=60, **rules))
    gone, effects = decide(Session(**{**fields, **session}), AgentStayedSilent(), Facts(), policy, NOW)
    has_alarm = RaiseAlarm(what="agent_silent") in effects
    assert has_alarm is (gone.phase is Phase.ASSIGNED)
    return gone.phase.value, gone.queue


@pytest.mark.parametrize(
    ("left_out", "transfers", "rules", "expected"),
    [
        ((), 0, {}, ("queued", "first")),
        (("bernd",), 1, {}, ("assigned", "first")),
        (("bernd",), 1, {"escalate_to": "queue:second"}, ("queued", "second")),
        (("clara",), 1, {"to": "queue:second", "escalate_to": "queue:second"}, ("assigned", "first")),
        ((), 3, {"escalate_to": "queue:second"}, ("queued", "second")),
        ((), 4, {"escalate_to": "queue:second"}, ("assigned", "first")),
        ((), 3, {}, ("assigned", "first")),
        ((), 0, {"to": "agent:anna"}, ("assigned", "first")),
        ((), 0, {"to": "agent:anna", "escalate_to": "agent:anna"}, ("assigned", "first")),
        ((), 0, {"to": "agent:clara"}, ("queued", "first")),
        ((), 0, {"to": "queue:unknown"}, ("queued", "unknown")),
    ],
)
def test_a_silent_agents_session_goes_to_somebody_who_was_not_silent(
    left_out: tuple[str, ...], transfers: int, rules: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert after(left_out=left_out, transfers=transfers, rules=rules) == expected
