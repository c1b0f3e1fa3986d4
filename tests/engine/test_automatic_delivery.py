"""Automatic replies on their way out: their pace, an unknown outcome that is held, and nobody's work if they fail."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from msgspec.structs import replace

from postroom.engine.deliver import DIED, TOO_MANY
from postroom.ports.gateways import SendOutcome
from postroom.ports.records import Attempt, ReplyState
from tests.engine.automatic_office import RULES, sent
from tests.engine.outgoing import TERMS, Handed, faults, goes_silent, open_office, says


async def test_what_is_over_the_rate_waits_for_its_turn_and_is_suppressed_after_ten_minutes(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250)) as office:
        office.terms = replace(TERMS, automatic_per_minute=2)
        replies = [await sent(office, number, by=replace(RULES, per_minute=0)) for number in range(25)]
        await office.deliver()
        handed = [len(office.gateway.handed)]
        while await office.pending():
            await office.deliver_due()
            handed.append(len(office.gateway.handed))
        assert handed[0] == 2
        assert max(later - earlier for earlier, later in pairwise(handed)) <= 2
        states = [(await office.stored(reply)).state for reply in replies]
        assert states.count(ReplyState.SENT) == 20
        suppressed = [reply for reply, state in zip(replies, states, strict=True) if state is ReplyState.FAILED]
        assert len(suppressed) == 5
        assert (await office.stored(suppressed[0])).recipients[0].words == TOO_MANY
        assert office.ended.count(("suppressed", "breaker")) == 5
        assert not any([await office.attempts(reply) for reply in suppressed])


async def test_an_agents_reply_does_not_wait_for_a_turn(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250)) as office:
        office.terms = replace(TERMS, automatic_per_minute=1)
        for number in range(3):
            await sent(office, number)
        await office.reply(await office.assigned())
        await office.deliver()
        assert [one.sender for one in office.gateway.handed].count("bounces@acme.example") == 1


async def test_an_unknown_outcome_is_held_and_never_sent_again(tmp_path: Path) -> None:
    async with open_office(tmp_path, goes_silent) as office:
        reply = await sent(office)
        await office.deliver()
        assert (await office.stored(reply)).state is ReplyState.UNKNOWN
        assert await office.pending() == 0
        assert len(office.gateway.handed) == 1
        assert office.ended == [("unknown", "delivery")]
        assert [one.unknown for one in await office.attempts(reply)] == [True]


async def test_an_attempt_whose_process_died_is_held_too(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250)) as office:
        reply = await sent(office)
        died = Attempt(id="died", reply=reply.id, started_at=reply.accepted_at, recipients=("carla1@example.com",))
        await office.room.house.write(lambda tx: tx.replies.start_attempt(died))
        await office.deliver()
        assert office.gateway.handed == []
        kept = await office.stored(reply)
        assert (kept.state, kept.recipients[0].words) == (ReplyState.UNKNOWN, DIED)
        assert office.ended == [("unknown", "delivery")]
        assert await office.pending() == 0


async def test_where_the_settings_say_resend_it_is_sent_again(tmp_path: Path) -> None:
    async with open_office(tmp_path, goes_silent, says(250)) as office:
        office.terms = replace(TERMS, hold_unknown_automatic=False)
        reply = await sent(office)
        await office.deliver()
        assert office.ended == []
        await office.deliver_next()
        assert (await office.stored(reply)).state is ReplyState.SENT
        assert office.ended == [("sent", "working")]


async def test_a_4xx_is_tried_again_and_told_once_it_is_over(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(451), faults(), says(250)) as office:
        reply = await sent(office)
        await office.deliver()
        await office.deliver_next()
        assert office.ended == []
        await office.deliver_next()
        assert (await office.stored(reply)).state is ReplyState.SENT
        assert office.ended == [("sent", "working")]


async def test_an_agents_reply_is_held_where_the_settings_say_so_and_the_rest_is_tried_again(tmp_path: Path) -> None:
    def silent_for_carla(one: Handed) -> SendOutcome:
        return SendOutcome(results=says(0, dora=451)(one).results, unknown=True, words="no answer came back")

    async with open_office(tmp_path, silent_for_carla, says(250)) as office:
        office.terms = replace(TERMS, hold_unknown=True)
        session = await office.assigned()
        reply = await office.reply(session, to=("carla@example.com", "dora@example.com"))
        await office.deliver()
        await office.deliver_next()
        assert [one.recipients for one in office.gateway.handed][1] == ("dora@example.com",)
        assert await office.states(reply) == {"carla@example.com": "unknown", "dora@example.com": "sent"}
        assert await office.pending() == 0
        assert await office.room.events(session.conversation) == [
            *("MessageReceived", "AgentReserved", "OfferAccepted", "ReplySubmitted", "ReplySent")
        ]


async def test_a_held_reply_of_an_agent_whose_process_died_is_told_to_his_session(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250)) as office:
        office.terms = replace(TERMS, hold_unknown=True)
        session = await office.assigned()
        reply = await office.reply(session)
        died = Attempt(id="died", reply=reply.id, started_at=reply.accepted_at, recipients=("carla@example.com",))
        await office.room.house.write(lambda tx: tx.replies.start_attempt(died))
        await office.deliver()
        assert office.gateway.handed == []
        assert (await office.room.events(session.conversation))[-1] == "ReplySent"
        assert office.ended == []
