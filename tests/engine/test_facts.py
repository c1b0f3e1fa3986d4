"""Which facts are read for which event, on the real store."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec import Struct
from msgspec.structs import fields, replace

from postroom.engine.facts import Asked, FactReader
from postroom.ports.store import Tx
from postroom.routing.agents import AgentState
from postroom.session import events as e
from postroom.session.automatic import AutomaticFacts, AutomaticKind, AutomaticPolicy
from postroom.session.facts import AgentFact, Facts, QueueFact
from postroom.session.policy import LastAgentPolicy, OfflinePolicy, Policy, QueuePolicy, RobotPolicy
from postroom.session.state import Assignment, ConversationId, Phase, Session, SessionId
from tests.dispatch.house import ACME, NINE, House, open_house
from tests.store import samples

PLAIN = Policy(generation=1, queue="help", queues={"help": QueuePolicy(members=frozenset({"anna", "ben", "left"}))})
BACKLOG = AutomaticPolicy(texts=frozenset({AutomaticKind.BACKLOG}))
RICH = replace(
    PLAIN,
    last_agent=LastAgentPolicy(enabled=True),
    robot=RobotPolicy(name="rita"),
    offline=OfflinePolicy(enabled=True, to_last_agent=True),
    automatic=AutomaticPolicy(texts=frozenset(AutomaticKind)),
)
"""Rules that could need every fact there is."""
WITH_FACTS = {
    e.MessageReceived,
    e.RobotHandedOff,
    e.RobotTimedOut,
    e.OpeningReached,
    e.ReplyFailed,
    e.ReminderFellDue,
    e.SessionAssigned,
    e.SessionTransferred,
}
HEARD = (e.MessageReceived(mail="m2", received_at=NINE), e.RobotHandedOff(turn=1, reason="asks"), e.RobotTimedOut())

ANNA = AgentFact(name="anna", is_ready=True, has_place=True, is_signed_in=True)
BEN = AgentFact(name="ben", is_signed_in=True, has_place=True)
CHEN = AgentFact(name="chen", has_place=True)
SESSION = Session(
    id=SessionId("s1"),
    conversation=ConversationId("c1"),
    tenant=ACME,
    channel="support",
    opened_at=NINE,
    customer_mail="m1",
)
OWNED = replace(SESSION, phase=Phase.ASSIGNED, assignment=Assignment(agent="anna", token="t", assigned_at=NINE))


class History:
    """engine.facts.AutomaticHistory that remembers for which mails it was asked."""

    def __init__(self) -> None:
        self.mails: list[str] = []
        self.since: list[datetime] = []

    def facts(self, _tx: Tx, _session: Session, mail: str, now: datetime) -> AutomaticFacts:
        self.mails.append(mail)
        return AutomaticFacts(mail=mail, received_at=now)

    def robot_answers(self, _tx: Tx, _session: Session, _mail: str, since: datetime) -> int:
        self.since.append(since)
        return 7


async def known(house: House) -> None:
    """Anna is ready, Ben is not, Chen is away; Ben answered the customer last, and Anna has another matter of his."""

    def unit(tx: Tx) -> None:
        for name in ("c1", "c2", "c3"):
            tx.conversations.add(replace(house.conversation("It broke", "support"), id=ConversationId(name)))
        tx.mails.keep_raw(samples.raw())
        one = replace(samples.reply("r1", "c2"), tenant=ACME, channel="support", agent="ben", accepted_at=NINE)
        tx.replies.add(one)
        other = replace(OWNED, id=SessionId("s3"), conversation=ConversationId("c3"))
        tx.sessions.save(other)

    await house.stand("anna")
    await house.stand("ben", AgentState.NOT_READY, "lunch")
    await house.write(unit)


async def facts(
    house: House,
    event: e.AnyEvent,
    session: Session = SESSION,
    policy: Policy = RICH,
    history: History | None = None,
) -> Facts:
    asked = Asked(session, event, policy, house.clock.now())
    return await house.read(lambda tx: FactReader(history or History()).read(tx, asked))


def made(kind: type[e.Event]) -> e.Event:
    """An event of that kind with something in every field it must have."""
    values = {"turn": 1, "sent_at": NINE, "received_at": NINE}
    wanted = [one.name for one in fields(kind) if one.required]
    return kind(**{name: values.get(name, "anna") for name in wanted})


def only(read: Struct) -> set[str]:
    """The names of the facts that were read."""
    return {one.name for one in fields(read) if getattr(read, one.name) != one.default}


async def test_most_events_read_nothing(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await known(house)
        history = History()
        for kind in set(e.EVENTS) - WITH_FACTS:
            event: e.AnyEvent = made(kind)  # type: ignore[assignment] # EVENTS are those of AnyEvent
            for phase in Phase:
                read = await facts(house, event, replace(OWNED, phase=phase), history=history)
                assert read == Facts(), (kind, phase)
        assert history.mails == []


@pytest.mark.parametrize(
    ("name", "fact"),
    [("anna", ANNA), ("ben", BEN), ("chen", CHEN), ("left", None), ("", None)],
)
async def test_an_agent_is_known_as_he_stands_now(tmp_path: Path, name: str, fact: AgentFact | None) -> None:
    async with open_house(tmp_path) as house:
        await known(house)
        assert await facts(house, e.SessionAssigned(agent=name, token="t", by="sue")) == Facts(target=fact)


async def test_an_agent_without_a_place_left_is_known_as_such(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await known(house)
        for _ in range(2):
            await house.write(lambda tx: tx.agents.take(ACME, "anna"))
        failed = e.ReplyFailed(reply="r1", words="550")
        assert (await facts(house, failed, OWNED)).owner == replace(ANNA, has_place=False)


@pytest.mark.parametrize("event", HEARD)
async def test_of_what_is_heard_where_nothing_is_configured_only_the_holder_is_read(
    tmp_path: Path, event: e.AnyEvent
) -> None:
    async with open_house(tmp_path) as house:
        await known(house)
        history = History()
        for phase in (Phase.NEW, Phase.ROBOT):
            assert await facts(house, event, replace(SESSION, phase=phase), PLAIN, history) == Facts(holder=ANNA)
        for phase in set(Phase) - {Phase.NEW, Phase.ROBOT}:
            assert await facts(house, event, replace(SESSION, phase=phase), PLAIN, history) == Facts()
        assert (history.mails, history.since) == ([], [])


@pytest.mark.parametrize("event", HEARD)
async def test_of_what_is_heard_where_everything_is_configured_everything_is_read(
    tmp_path: Path, event: e.AnyEvent
) -> None:
    async with open_house(tmp_path) as house:
        await known(house)
        history = History()
        read = await facts(house, event, replace(SESSION, phase=Phase.ROBOT), history=history)
        mail = "m2" if isinstance(event, e.MessageReceived) else "m1"
        assert read == Facts(
            holder=ANNA,
            last_agent=BEN,
            last_replied_at=NINE,
            queue=QueueFact(name="help", signed_in=2),
            automatic=AutomaticFacts(mail=mail, received_at=house.clock.now()),
            robot_answers_today=7,
        )
        assert history.mails == [mail]
        assert history.since == [house.clock.now() - timedelta(days=1)]
        waiting = await facts(house, event, replace(SESSION, phase=Phase.QUEUED))
        assert only(waiting) == {"queue", "automatic"}


async def test_a_new_session_knows_whether_the_one_before_it_had_an_agent(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await known(house)
        assert not (await facts(house, HEARD[0])).had_agent
        before = replace(SESSION, id=SessionId("s0"), phase=Phase.ENDED)
        await house.write(lambda tx: tx.sessions.save(before))
        assert not (await facts(house, HEARD[0])).had_agent
        await house.write(lambda tx: tx.sessions.save(replace(before, assignment=OWNED.assignment)))
        assert (await facts(house, HEARD[0])).had_agent
        assert not (await facts(house, HEARD[0], policy=PLAIN)).had_agent, "without a robot nobody asks"
        assert not (await facts(house, HEARD[0], replace(SESSION, phase=Phase.ROBOT))).had_agent


async def test_who_replied_last_counts_with_the_time_even_when_he_is_here_no_more(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await known(house)
        gone = replace(samples.reply("r2", "c3"), tenant=ACME, channel="support", agent="left", accepted_at=NINE)
        await house.write(lambda tx: tx.replies.add(gone))
        read = await facts(house, HEARD[0])
        assert (read.last_agent, read.last_replied_at) == (None, NINE)


async def test_a_conversation_without_a_customer_has_neither_last_agent_nor_holder(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await known(house)
        nobody = replace(house.conversation("It broke", "support"), id=ConversationId("c9"), customer="")
        await house.write(lambda tx: tx.conversations.add(nobody))
        for conversation in (nobody.id, ConversationId("nowhere")):
            read = await facts(house, HEARD[0], replace(SESSION, conversation=conversation))
            assert (read.holder, read.last_agent, read.last_replied_at) == (None, None, None)


async def test_the_last_agent_is_read_at_opening_and_for_a_reply_that_failed_after_the_end(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await known(house)
        last = Facts(last_agent=BEN, last_replied_at=NINE)
        offline = replace(SESSION, phase=Phase.OFFLINE)
        assert await facts(house, e.OpeningReached(), offline) == last
        assert await facts(house, e.OpeningReached(), offline, PLAIN) == Facts()
        failed = e.ReplyFailed(reply="r1", words="550")
        assert await facts(house, failed, SESSION) == last
        assert await facts(house, failed, SESSION, PLAIN) == last, "who wrote it has it, whatever the channel says"
        assert await facts(house, failed, OWNED) == Facts(owner=ANNA)


async def test_a_reminder_asks_for_automatic_facts_only_where_there_is_a_text_for_it(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await known(house)
        session = replace(OWNED, phase=Phase.AWAITING_CUSTOMER)
        read = await facts(house, e.ReminderFellDue(), session)
        assert read.automatic == AutomaticFacts(mail="m1", received_at=house.clock.now())
        other = replace(RICH, automatic=BACKLOG)
        assert await facts(house, e.ReminderFellDue(), session, other) == Facts()


async def test_automatic_facts_are_read_only_where_there_are_texts_or_a_robot(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await known(house)
        session = replace(SESSION, phase=Phase.QUEUED)
        for policy, is_read in (
            (PLAIN, False),
            (replace(PLAIN, automatic=BACKLOG), True),
            (replace(PLAIN, robot=RobotPolicy(name="rita")), True),
        ):
            assert ((await facts(house, HEARD[0], session, policy)).automatic is not None) == is_read


async def test_the_queue_a_mail_would_go_to_is_counted_no_further_than_its_bounds(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.stand("anna")
        await house.stand("ben", AgentState.NOT_READY, "lunch")
        for number in range(4):
            await house.customer_writes(f"Matter {number}")
        policy = replace(PLAIN, automatic=BACKLOG, backlog_from=3)
        read = await facts(house, HEARD[0], policy=policy)
        assert read.queue == QueueFact(name="help", waiting=3, signed_in=2)
        bounded = replace(policy, backlog_from=0, queues={"help": replace(PLAIN.of_queue("help"), max_length=2)})
        assert (await facts(house, HEARD[0], policy=bounded)).queue == QueueFact(name="help", waiting=2, signed_in=2)
        assert (await facts(house, HEARD[0], policy=replace(policy, backlog_from=99))).queue == QueueFact(
            name="help", waiting=4, signed_in=2
        )


async def test_the_queue_is_the_sessions_own_else_the_mails_else_the_channels(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await known(house)
        policy = replace(PLAIN, automatic=BACKLOG)
        routed = e.MessageReceived(mail="m2", received_at=NINE, queue="orders")
        for event, session, name in (
            (routed, replace(SESSION, queue="own"), "own"),
            (routed, SESSION, "orders"),
            (HEARD[0], SESSION, "help"),
            (HEARD[1], SESSION, "help"),
        ):
            queue = (await facts(house, event, session, policy)).queue
            assert queue is not None
            assert queue.name == name
        assert (await facts(house, HEARD[0], policy=replace(policy, queue=""))).queue is None
        assert (await facts(house, HEARD[0], policy=PLAIN)).queue is None


async def test_a_transfer_reads_the_queue_or_the_agent_it_names(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await known(house)
        to_queue = e.SessionTransferred(by="anna", token="t", queue="help")
        to_agent = e.SessionTransferred(by="anna", token="t", agent="ben")
        assert await facts(house, to_queue, OWNED, PLAIN) == Facts(queue=QueueFact(name="help", signed_in=2))
        assert await facts(house, to_agent, OWNED, PLAIN) == Facts(target=BEN)
        unknown = await facts(house, replace(to_queue, queue="none"), OWNED, PLAIN)
        assert unknown.queue == QueueFact(name="none")
