"""What a decision counts for: every hand-over is counted once, and time in somebody's hands is never counted twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from msgspec.structs import replace

from postroom.session.decide import decide
from postroom.session.events import (
    AgentReserved,
    AgentStayedSilent,
    AnyEvent,
    EndRequested,
    MessageReceived,
    OfferAccepted,
    OfferExpired,
    ParkEnded,
    ReplySent,
    ReplySubmitted,
    SessionParked,
    SessionTransferred,
    WrapUpDone,
)
from postroom.session.facts import AgentFact, Facts
from postroom.session.milestones import Mark, Milestone, milestones
from postroom.session.policy import AgentSilence, Policy
from postroom.session.state import Session
from tests.session.making import NOTHING, NOW, POLICY, minutes, new_session

Story = tuple[tuple[AnyEvent, datetime], ...]
MAIL = MessageReceived(mail="m1", received_at=NOW)
OFFER = AgentReserved(agent="anna", token="t1")
ACCEPT = OfferAccepted(agent="anna", token="t1")
REPLY = ReplySubmitted(agent="anna", token="t1", reply="r1")
END = EndRequested(agent="anna", token="t1")
GIVEN_AWAY = [(Mark.WORKED, "anna", 60.0), (Mark.TRANSFER, "anna", 0.0)]
BEGUN: Story = ((MAIL, NOW), (OFFER, NOW), (ACCEPT, minutes(2)))


def told(story: Story, policy: Policy = POLICY, facts: Facts = NOTHING) -> Iterator[Milestone]:
    session: Session = new_session()
    for event, at in story:
        ruling = decide(session, event, facts, policy, at)
        yield from milestones(session, event, ruling, policy, at)
        session = ruling[0]


def marks(story: Story, policy: Policy = POLICY, facts: Facts = NOTHING) -> list[tuple[Mark, str, float]]:
    return [(one.mark, one.agent, one.took) for one in told(story, policy, facts)]


def test_an_answered_session_was_taken_worked_on_and_answered_once() -> None:
    sent = ReplySent(reply="r1", sent_at=minutes(12))
    story: Story = (*BEGUN, (REPLY, minutes(11)), (sent, minutes(12)), (sent, minutes(13)), (END, minutes(14)))
    assert marks(story) == [
        (Mark.OPENED, "", 0.0),
        (Mark.TAKEN, "anna", 0.0),
        (Mark.WORKED, "anna", 540.0),
        (Mark.FIRST_REPLY, "anna", 720.0),
    ]
    first = [*told(story)][3]
    assert (first.tenant, first.channel, first.queue, first.at, first.in_time) == (
        "acme", new_session().channel, "support", minutes(12), True,
    )  # fmt: skip


def test_a_first_reply_beyond_the_service_level_is_not_in_time() -> None:
    late = ReplySent(reply="r1", sent_at=minutes(241))
    assert [one.in_time for one in told((*BEGUN, (REPLY, minutes(240)), (late, minutes(241))))][-1] is False


def test_a_reply_that_leaves_after_the_end_is_the_first_reply_all_the_same() -> None:
    sent = ReplySent(reply="r1", sent_at=minutes(4))
    story: Story = (*BEGUN, (REPLY, minutes(3)), (END, minutes(3)), (sent, minutes(4)), (sent, minutes(5)))
    assert marks(story)[-1] == (Mark.FIRST_REPLY, "anna", 240.0)


def test_writing_up_is_work_and_lying_aside_is_none() -> None:
    policy = replace(POLICY, wrap_up=600.0)
    aside = SessionParked(agent="anna", token="t1")
    story: Story = (*BEGUN, (aside, minutes(5)), (ParkEnded(), minutes(50)), (END, minutes(51)))
    done = WrapUpDone(agent="anna", token="t1")
    assert marks((*story, (done, minutes(53))), policy)[1:] == [
        (Mark.TAKEN, "anna", 0.0),
        (Mark.WORKED, "anna", 180.0),
        (Mark.WORKED, "anna", 180.0),
    ]


def test_an_offer_that_ran_out_is_a_missed_one_of_that_agent() -> None:
    assert marks(((MAIL, NOW), (OFFER, NOW), (OfferExpired(token="t1"), minutes(1))))[1:] == [
        (Mark.MISSED_OFFER, "anna", 0.0)
    ]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (SessionTransferred(by="anna", token="t1", queue="second"), GIVEN_AWAY),
        (SessionTransferred(by="anna", token="old", queue="second"), []),
        (AgentStayedSilent(), GIVEN_AWAY),
    ],
    ids=["transfer", "stale", "silence"],
)
def test_a_session_that_changes_hands_is_a_transfer(event: AnyEvent, expected: list[tuple[Mark, str, float]]) -> None:
    policy = replace(POLICY, agent_silence=AgentSilence(transfer_after=60.0))
    assert marks((*BEGUN, (event, minutes(3))), policy)[2:] == expected


def test_a_silent_agent_whom_nobody_can_replace_has_given_nothing_away() -> None:
    policy = replace(POLICY, agent_silence=AgentSilence(transfer_after=60.0, to="agent:anna"))
    assert marks((*BEGUN, (AgentStayedSilent(), minutes(3))), policy)[2:] == []


def test_a_transfer_while_the_customer_has_the_word_is_one_and_the_new_owner_has_taken_it() -> None:
    facts = Facts(target=AgentFact(name="bernd", is_ready=True, has_place=True, is_signed_in=True))
    given = SessionTransferred(by="anna", token="t1", agent="bernd", new_token="t2")
    story: Story = (*BEGUN, (REPLY, minutes(3)), (given, minutes(9)))
    assert marks(story, facts=facts)[-2:] == [(Mark.TRANSFER, "anna", 0.0), (Mark.TAKEN, "bernd", 0.0)]


def test_what_is_only_decided_on_counts_nowhere() -> None:
    assert marks(BEGUN, replace(POLICY, is_shadow=True)) == []
