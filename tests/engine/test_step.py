from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from postroom.errors import PermanentError
from postroom.ports.records import Conversation, JournalEntry
from postroom.ports.store import Tx
from postroom.routing.agents import AgentState
from postroom.session.decide import decide
from postroom.session.events import (
    AgentLeft,
    AgentReserved,
    AgentWroteFirst,
    AnyEvent,
    EndRequested,
    Event,
    MessageAttached,
    MessageReceived,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    ReplyFailed,
    ReplySent,
    ReplySubmitted,
    SessionPicked,
)
from postroom.session.facts import Facts
from postroom.session.policy import Policy
from postroom.session.state import ConversationId, Phase, Session, SessionId
from tests.dispatch.house import ACME, House, open_house
from tests.session.test_laws import EVENT, EVERY_POLICY

AGENTS = st.sampled_from(["anna", "ben"])


@dataclass(frozen=True)
class Turn:
    """One thing that happens: to which conversation, after how long, by whose hand, and whether his token is right."""

    kind: type
    which: int
    after: float
    agent: str
    is_right: bool
    any_event: AnyEvent
    """What happens where the kind is any."""


KINDS = (
    MessageReceived,
    MessageAttached,
    AgentReserved,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    AgentLeft,
    SessionPicked,
    ReplySubmitted,
    ReplySent,
    ReplyFailed,
    EndRequested,
    Event,  # whatever may happen
    Event,
    AgentState,  # an agent goes ready or not
    Policy,  # the settings are changed
)


def is_apart_from_the_outbox(event: AnyEvent) -> bool:
    """Whether it puts no reply of the same name into the outbox a second time, which the store refuses."""
    return not isinstance(event, ReplySubmitted | AgentWroteFirst)


STORY = st.lists(
    st.builds(
        Turn,
        kind=st.sampled_from(KINDS),
        which=st.integers(0, 1),
        after=st.integers(0, 200).map(float),
        agent=AGENTS,
        is_right=st.sampled_from([True, True, True, False]),
        any_event=EVENT.filter(is_apart_from_the_outbox),
    ),
    min_size=5,
    max_size=40,
)


def event_of(turn: Turn, session: Session, house: House) -> AnyEvent:
    """The event a turn means to a session as it stands."""
    held = session.offer or session.assignment
    agent, token = (held.agent, held.token) if held and turn.is_right else (turn.agent, "some-token")
    fresh = house.ids.new()
    every: dict[type, AnyEvent] = {
        MessageAttached: MessageAttached(mail=fresh, mail_class="dsn"),
        AgentReserved: AgentReserved(agent=turn.agent, token=fresh),
        OfferAccepted: OfferAccepted(agent=agent, token=token),
        OfferDeclined: OfferDeclined(agent=agent, token=token),
        OfferExpired: OfferExpired(token=token),
        AgentLeft: AgentLeft(agent=turn.agent),
        SessionPicked: SessionPicked(agent=turn.agent, token=fresh),
        ReplySubmitted: ReplySubmitted(agent=agent, token=token, reply=fresh),
        ReplySent: ReplySent(reply=fresh, sent_at=house.clock.now()),
        ReplyFailed: ReplyFailed(reply=fresh, words="no such user"),
        EndRequested: EndRequested(agent=agent, token=token),
        Event: turn.any_event,
    }
    return every[turn.kind]


async def live(house: House, turns: list[Turn], conversations: list[ConversationId], policies: list[Policy]) -> None:
    """Let it all happen through the real door."""
    for turn in turns:
        house.clock.passed += turn.after
        if turn.kind is AgentState:
            await house.stand(turn.agent, AgentState.READY if turn.is_right else AgentState.NOT_READY, "break")
        elif turn.kind is Policy:
            rules = EVERY_POLICY[len(policies) % len(EVERY_POLICY)]
            policies.append(replace(rules, generation=len(policies) + 1, is_shadow=False))
        else:
            await house.write(partial(happen, house, turn, conversations[turn.which]))


def happen(house: House, turn: Turn, conversation: ConversationId, tx: Tx) -> None:
    session = tx.sessions.latest(conversation)
    if session is None or turn.kind is MessageReceived:
        event = MessageReceived(mail=house.ids.new(), received_at=house.clock.now(), priority=3 if turn.after else None)
        house.step.in_conversation(tx, conversation, event)
    else:
        house.step(tx, session.id, event_of(turn, session, house))


def replayed(entries: list[JournalEntry], channel: str, policies: list[Policy]) -> dict[SessionId, Session]:
    """Every session as its entries alone make it."""
    sessions: dict[SessionId, Session] = {}
    for entry in entries:
        before = sessions.get(entry.session) or Session(
            id=entry.session,
            conversation=entry.conversation,
            tenant=entry.tenant,
            channel=channel,
            opened_at=entry.at,
        )
        assert before.phase is entry.before
        facts = msgspec.json.decode(entry.facts, type=Facts)
        after, effects = decide(before, entry.event, facts, policies[entry.generation - 1], entry.at)
        assert (after.phase, effects) == (entry.after, entry.effects)
        sessions[entry.session] = after
    return sessions


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STORY)
def test_replaying_the_journal_gives_the_stored_sessions(turns: list[Turn]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(lived_and_replayed(Path(folder), turns))


def journal_of(thread: Conversation, tx: Tx) -> list[JournalEntry]:
    return list(tx.journal.of_conversation(thread.id))


def put(thread: Conversation, tx: Tx) -> None:
    tx.conversations.add(thread)


async def lived_and_replayed(folder: Path, turns: list[Turn]) -> None:
    async with open_house(folder) as house:
        policies = [house.policy(ACME, "support")]
        house.step._policies = lambda _tenant, _channel: policies[-1]
        threads = [house.conversation("One", "support"), house.conversation("Two", "support")]
        for thread in threads:
            await house.write(partial(put, thread))
        await live(house, turns, [thread.id for thread in threads], policies)
        for thread in threads:
            entries = await house.read(partial(journal_of, thread))
            for name, session in replayed(entries, thread.channel, policies).items():
                assert await house.session(name) == session


async def test_a_decision_writes_session_journal_and_timer_together(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.stand("anna")
        waiting = await house.customer_writes()
        house.clock.passed += 5
        event = AgentReserved(agent="anna", token="t1")
        after, effects = await house.write(lambda tx: house.step(tx, waiting.id, event))
        assert after == await house.session(waiting.id)
        (_, entry) = await house.read(lambda tx: list(tx.journal.of_conversation(waiting.conversation)))
        assert (entry.event, entry.effects, entry.at) == (event, effects, house.clock.now())
        assert (entry.before, entry.after, entry.generation) == (Phase.QUEUED, Phase.OFFERED, 1)
        assert msgspec.json.decode(entry.facts, type=Facts) == Facts()
        assert after.offer is not None
        assert await house.read(lambda tx: tx.timers.next_due()) == after.offer.expires_at


async def test_what_is_ignored_is_in_the_journal_too(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        waiting = await house.customer_writes()
        late = OfferAccepted(agent="anna", token="gone")
        after, (ignored,) = await house.write(lambda tx: house.step(tx, waiting.id, late))
        assert after == waiting
        (_, entry) = await house.read(lambda tx: list(tx.journal.of_conversation(waiting.conversation)))
        assert (entry.event, entry.effects) == (late, (ignored,))


async def test_a_unit_that_fails_after_its_decision_writes_nothing_of_it(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        waiting = await house.customer_writes()

        def fails(tx: Tx) -> None:
            house.step(tx, waiting.id, SessionPicked(agent="anna", token="t1"))
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await house.write(fails)
        assert await house.session(waiting.id) == waiting
        assert len(await house.read(lambda tx: list(tx.journal.of_conversation(waiting.conversation)))) == 1


async def test_a_session_or_conversation_that_is_not_there_is_said(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        mail = MessageReceived(mail="m", received_at=house.clock.now())
        with pytest.raises(PermanentError, match="there is no session nobody"):
            await house.write(lambda tx: house.step(tx, SessionId("nobody"), mail))
        with pytest.raises(PermanentError, match="there is no conversation nowhere"):
            await house.write(lambda tx: house.step.in_conversation(tx, ConversationId("nowhere"), mail))


async def test_the_facts_are_those_of_the_owner_in_the_same_transaction(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.stand("anna")
        waiting = await house.customer_writes()
        reply = house.ids.new()

        def unit(tx: Tx) -> None:
            assert tx.agents.reserve(ACME, "anna", house.clock.now())
            house.step(tx, waiting.id, SessionPicked(agent="anna", token="t1"))
            house.step(tx, waiting.id, ReplySubmitted(agent="anna", token="t1", reply=reply))
            event = MessageReceived(mail="m2", received_at=house.clock.now())
            assert house.step.in_conversation(tx, waiting.conversation, event)[0].phase is Phase.ASSIGNED

        await house.write(unit)
        assert (await house.agent("anna")).load == 1
        await house.stand("anna", AgentState.NOT_READY, "lunch")

        def again(tx: Tx) -> Session:
            house.step(tx, waiting.id, ReplySubmitted(agent="anna", token="t1", reply=house.ids.new()))
            event = MessageReceived(mail="m3", received_at=house.clock.now())
            return house.step.in_conversation(tx, waiting.conversation, event)[0]

        assert (await house.write(again)).phase is Phase.QUEUED
        assert (await house.agent("anna")).load == 0


async def test_a_mail_after_the_end_opens_a_session_decided_at_the_same_moment(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        first = await house.customer_writes()

        def unit(tx: Tx) -> Session:
            house.step(tx, first.id, SessionPicked(agent="anna", token="t1"))
            house.step(tx, first.id, EndRequested(agent="anna", token="t1"))
            event = MessageReceived(mail="m2", received_at=house.clock.now())
            return house.step.in_conversation(tx, first.conversation, event)[0]

        second = await house.write(unit)
        assert (second.id != first.id, second.phase) == (True, Phase.QUEUED)
        entries = await house.read(lambda tx: list(tx.journal.of_conversation(first.conversation)))
        assert [(entry.session, entry.before, entry.after) for entry in entries[-2:]] == [
            (first.id, Phase.ENDED, Phase.ENDED),
            (second.id, Phase.NEW, Phase.QUEUED),
        ]
        assert entries[-1].at == second.opened_at


async def test_a_reply_that_fails_after_its_session_ended_is_told_to_the_one_opened_since(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        first = await house.customer_writes()

        def unit(tx: Tx) -> tuple[Session, Session]:
            house.step(tx, first.id, SessionPicked(agent="anna", token="t1"))
            house.step(tx, first.id, EndRequested(agent="anna", token="t1"))
            event = MessageReceived(mail="m2", received_at=house.clock.now())
            second, _ = house.step.in_conversation(tx, first.conversation, event)
            told, _ = house.step(tx, first.id, ReplyFailed(reply="r1", words="550 no such user"))
            return second, told

        second, told = await house.write(unit)
        assert (told.id, told.phase) == (second.id, Phase.QUEUED)


async def missed(house: House, agent: str, session: Session) -> None:
    """One offer of the session runs out on the agent."""

    def unit(tx: Tx) -> None:
        tx.agents.take(ACME, agent)
        token = house.ids.new()
        house.step(tx, session.id, AgentReserved(agent=agent, token=token))
        house.step(tx, session.id, OfferExpired(token=token))

    await house.write(unit)


async def test_an_agent_who_misses_three_offers_is_not_ready_and_his_other_offers_go_back(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.stand("anna")
        other = await house.customer_writes("Other")

        def offer(tx: Tx) -> None:
            tx.agents.take(ACME, "anna")
            house.step(tx, other.id, AgentReserved(agent="anna", token="other"))

        await house.write(offer)
        session = await house.customer_writes()
        for misses in (1, 2):
            await missed(house, "anna", session)
            row = await house.agent("anna")
            assert (row.state, row.missed_offers, row.load) == (AgentState.READY, misses, 1)
        await missed(house, "anna", session)
        row = await house.agent("anna")
        assert (row.state, row.reason, row.missed_offers, row.load) == (AgentState.NOT_READY, "missed_offers", 3, 0)
        assert (await house.session(other.id)).phase is Phase.QUEUED
        assert await house.read(lambda tx: tx.timers.next_due()) is None


async def test_a_missed_offer_leaves_alone_who_is_already_not_ready(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.stand("anna")
        session = await house.customer_writes()
        for _ in range(2):
            await missed(house, "anna", session)
        row = await house.stand("anna", AgentState.NOT_READY, "lunch")
        for _ in range(2):
            await missed(house, "anna", session)
        after = await house.agent("anna")
        assert (after.state, after.reason, after.heartbeat_at) == (AgentState.NOT_READY, "lunch", row.heartbeat_at)
        assert after.missed_offers == 4


async def test_a_missed_offer_of_an_agent_who_was_removed_breaks_nothing(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        session = await house.customer_writes()
        for _ in range(4):
            await missed(house, "nobody", session)
        assert (await house.session(session.id)).phase is Phase.QUEUED


async def test_an_accepted_offer_takes_its_timer_away(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        session = await house.customer_writes()
        await house.write(lambda tx: house.step(tx, session.id, AgentReserved(agent="anna", token="t1")))
        await house.write(lambda tx: house.step(tx, session.id, OfferAccepted(agent="anna", token="t1")))
        assert await house.read(lambda tx: tx.timers.next_due()) is None
