"""A reply's way to its relay: each recipient's fate, the attempts on record, and the session that hears of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from postroom.engine.world import FailpointReached
from postroom.errors import PermanentError, TemporaryError
from postroom.ports.gateways import GatewayStatus, SendOutcome
from postroom.ports.records import Attempt, OutboxRow, ReplyState
from postroom.ports.store import Tx
from postroom.session.effects import EnterQueue, SendReply
from postroom.session.events import ReplyFailed, ReplySent
from postroom.session.state import Phase
from tests.engine.outgoing import GIVE_UP_AFTER, Handed, Said, faults, goes_silent, open_office, says

TWO = ("carla@example.com", "dora@example.com")
DAY = 24 * 3600.0


async def test_a_reply_every_recipient_was_taken_for_is_sent(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250)) as office:
        session = await office.assigned()
        reply = await office.reply(session, to=TWO, cc=("eve@example.com",))
        assert await office.deliver() == 1
        (handed,) = office.gateway.handed
        assert handed.sender == "bounces@acme.example"
        assert handed.recipients == (*TWO, "eve@example.com")
        assert handed.raw == office.room.blobs.read(reply.raw)
        assert handed.lease_held
        stored = await office.stored(reply)
        assert (stored.state, {one.state for one in stored.recipients}) == (ReplyState.SENT, {ReplyState.SENT})
        (attempt,) = await office.attempts(reply)
        assert (attempt.unknown, attempt.ended_at, attempt.words) == (False, office.room.house.clock.now(), "said 250")
        assert (await office.journal(session))[-1].event == ReplySent(
            reply=reply.id, sent_at=office.room.house.clock.now()
        )
        assert await office.pending() == 0
        assert await office.deliver() == 0


async def test_a_4xx_is_tried_again_and_the_bytes_never_change(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(451), says(451), says(250)) as office:
        session = await office.assigned()
        reply = await office.reply(session)
        await office.deliver()
        assert await office.states(reply) == {"carla@example.com": "delayed"}
        assert not isinstance((await office.journal(session))[-1].event, ReplySent)
        assert [await office.deliver_next(), await office.deliver_next()] == [300.0, 600.0]
        assert await office.states(reply) == {"carla@example.com": "sent"}
        assert len({handed.raw for handed in office.gateway.handed}) == 1
        assert [one.words for one in await office.attempts(reply)] == ["said 451", "said 451", "said 250"]
        assert isinstance((await office.journal(session))[-1].event, ReplySent)


async def test_only_who_was_not_taken_is_tried_again(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250, dora=451, eve=550), says(250)) as office:
        session = await office.assigned()
        reply = await office.reply(session, to=TWO, cc=("eve@example.com",))
        await office.deliver()
        assert await office.states(reply) == {
            "carla@example.com": "sent",
            "dora@example.com": "delayed",
            "eve@example.com": "failed",
        }
        assert (await office.stored(reply)).state is ReplyState.DELAYED
        assert isinstance((await office.journal(session))[-1].event, ReplySent)
        await office.deliver_next()
        assert [handed.recipients for handed in office.gateway.handed][1] == ("dora@example.com",)
        assert (await office.stored(reply)).state is ReplyState.FAILED
        sent = [entry for entry in await office.journal(session) if isinstance(entry.event, ReplySent)]
        assert len(sent) == 1
        assert await office.pending() == 0


async def test_when_every_to_failed_the_session_is_its_agents_again(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250, carla=550, dora=550)) as office:
        session = await office.assigned()
        reply = await office.reply(session, to=TWO, cc=("eve@example.com",))
        await office.deliver()
        assert (await office.states(reply))["eve@example.com"] == "sent"
        assert (await office.journal(session))[-1].event == ReplyFailed(reply=reply.id, words="said 250")
        after = await office.room.house.session(session.id)
        assert (after.phase, after.holder) == (Phase.ASSIGNED, "anna")
        assert (await office.room.house.agent("anna")).load == 1
        assert await office.pending() == 0


async def test_a_to_that_may_still_arrive_keeps_the_session_waiting(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(451, carla=550), says(550)) as office:
        session = await office.assigned()
        reply = await office.reply(session, to=TWO)
        await office.deliver()
        assert (await office.room.house.session(session.id)).phase is Phase.AWAITING_CUSTOMER
        await office.deliver_next()
        assert set((await office.states(reply)).values()) == {"failed"}
        assert isinstance((await office.journal(session))[-1].event, ReplyFailed)


@pytest.mark.parametrize("status", [GatewayStatus.CONNECTION_FAILED, GatewayStatus.AUTH_FAILED])
async def test_a_gateway_at_fault_says_nothing_about_the_mail(tmp_path: Path, status: GatewayStatus) -> None:
    async with open_office(tmp_path, faults(status), faults(status), says(250)) as office:
        session = await office.assigned()
        reply = await office.reply(session)
        await office.deliver()
        assert (await office.stored(reply)).recipients[0].words == "no route to host"
        assert [await office.deliver_next(), await office.deliver_next()] == [5.0, 10.0]
        assert await office.states(reply) == {"carla@example.com": "sent"}


async def test_a_recipient_who_was_taken_stays_taken_whatever_befell_the_gateway(tmp_path: Path) -> None:
    def taken_and_lost(one: Handed) -> SendOutcome:
        ended = says(250, dora=0)(one)
        return SendOutcome(results=ended.results, gateway_fault=GatewayStatus.CONNECTION_FAILED, words="lost")

    async with open_office(tmp_path, taken_and_lost, says(250)) as office:
        reply = await office.reply(await office.assigned(), to=TWO)
        await office.deliver()
        await office.deliver_next()
        assert [one.recipients for one in office.gateway.handed] == [TWO, ("dora@example.com",)]
        assert set((await office.states(reply)).values()) == {"sent"}


async def test_an_unknown_outcome_is_shown_and_the_same_bytes_are_sent_again(tmp_path: Path) -> None:
    async with open_office(tmp_path, goes_silent, says(250)) as office:
        session = await office.assigned()
        reply = await office.reply(session)
        await office.deliver()
        assert (await office.stored(reply)).state is ReplyState.UNKNOWN
        told = (await office.journal(session))[-1].event
        assert isinstance(told, ReplySent)
        assert told.unknown
        await office.deliver_next()
        assert [one.unknown for one in await office.attempts(reply)] == [True, False]
        assert (await office.stored(reply)).state is ReplyState.SENT
        assert len({handed.raw for handed in office.gateway.handed}) == 1
        sent = [entry for entry in await office.journal(session) if isinstance(entry.event, ReplySent)]
        assert len(sent) == 1


async def test_who_was_refused_before_the_dot_fails_though_the_outcome_is_unknown(tmp_path: Path) -> None:
    def silent_for_one(one: Handed) -> SendOutcome:
        return SendOutcome(results=says(0, dora=550)(one).results, unknown=True, words="no answer came back")

    async with open_office(tmp_path, silent_for_one) as office:
        reply = await office.reply(await office.assigned(), to=TWO)
        await office.deliver()
        assert await office.states(reply) == {"carla@example.com": "unknown", "dora@example.com": "failed"}


@pytest.mark.parametrize("said", [says(451), faults()], ids=["4xx", "gateway"])
async def test_after_a_day_of_trying_a_reply_is_given_up_and_its_agent_hears_of_it(tmp_path: Path, said: Said) -> None:
    async with open_office(tmp_path, said) as office:
        session = await office.assigned()
        reply = await office.reply(session)
        began, tries = office.room.house.clock.passed, 1
        await office.deliver()
        while await office.pending():
            await office.deliver_next()
            tries += 1
        assert GIVE_UP_AFTER <= office.room.house.clock.passed - began < GIVE_UP_AFTER + 4_000
        assert 20 < tries < 120
        assert await office.states(reply) == {"carla@example.com": "failed"}
        assert isinstance((await office.journal(session))[-1].event, ReplyFailed)
        assert (await office.room.house.session(session.id)).phase is Phase.ASSIGNED


async def test_an_attempt_whose_process_died_is_unknown_and_said_so(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250)) as office:
        session = await office.assigned()
        reply = await office.reply(session)
        died = Attempt(id="died", reply=reply.id, started_at=reply.accepted_at, recipients=("carla@example.com",))
        await office.room.house.write(lambda tx: tx.replies.start_attempt(died))
        await office.deliver()
        first, second = await office.attempts(reply)
        assert (first.unknown, first.words) == (
            True,
            "the outcome of an attempt is unknown: the process stopped during it",
        )
        assert (second.unknown, second.words) == (False, "said 250")
        told = (await office.journal(session))[-1].event
        assert isinstance(told, ReplySent)
        assert told.unknown


@pytest.mark.parametrize("place", ["reply_accept_commit_post", "reply_commit_post"])
async def test_a_fault_around_an_attempt_sends_the_mail_once(tmp_path: Path, place: str) -> None:
    async with open_office(tmp_path, says(250)) as office:
        reply = await office.reply(await office.assigned())
        office.room.failpoint.fails_at = place
        await office.deliver()
        office.room.house.clock.passed += 60
        await office.deliver()
        assert len(office.gateway.handed) == 1
        assert await office.states(reply) == {"carla@example.com": "sent"}
        assert await office.pending() == 0


async def test_the_same_reply_performed_again_goes_to_nobody(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250)) as office:
        await office.reply(await office.assigned())
        (row,) = await office.due()
        await office.delivery.perform(row)
        await office.delivery.perform(row)
        assert len(office.gateway.handed) == 1


async def test_a_gateway_that_is_not_configured_any_more_is_named_and_tried_ever_more_seldom(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250)) as office:
        reply = await office.reply(await office.assigned())
        office.configured = False
        await office.deliver()
        waits = [await office.deliver_next() for _ in range(9)]
        assert waits == [5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0, 900.0]
        words = "the sending gateway out of acme is not configured any more"
        assert {attempt.words for attempt in await office.attempts(reply)} == {words}
        assert not any(attempt.unknown for attempt in await office.attempts(reply))
        assert (await office.stored(reply)).recipients[0].words == words
        office.configured = True
        await office.deliver_next()
        assert await office.states(reply) == {"carla@example.com": "sent"}


async def test_a_gateway_that_never_comes_back_brings_the_reply_back_to_its_agent(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        session = await office.assigned()
        await office.reply(session)
        office.configured = False
        # A day during which its sending was held is not the gateway's fault.
        for phase in (Phase.AWAITING_CUSTOMER, Phase.ASSIGNED):
            office.room.house.clock.passed += DAY
            await office.deliver()
            assert (await office.room.house.session(session.id)).phase is phase
        assert await office.pending() == 0


async def test_a_reply_that_is_not_in_the_store_closes_its_row_with_words(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        session = await office.assigned()
        now = office.room.house.clock.now()
        row = OutboxRow(
            id="ghost",
            tenant=session.tenant,
            conversation=session.conversation,
            session=session.id,
            effect=SendReply(reply="ghost"),
            created_at=now,
            due_at=now,
        )
        await office.room.house.write(lambda tx: tx.outbox.add(row))
        with pytest.raises(PermanentError, match="reply ghost is not in the store"):
            await office.delivery.perform(row)
        assert await office.deliver() == 1
        assert (await office.deliver(), await office.pending()) == (0, 0)


async def test_lost_bytes_fail_the_reply_without_an_attempt_and_its_agent_hears_of_it(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        session = await office.assigned()
        prepared = await office.desk.prepare(office.request(session, text="A long answer.\n" * 6_000))
        reply = await office.room.house.write(lambda tx: office.desk.submit(tx, prepared))
        (tmp_path / "blobs" / reply.raw.sha256[:2] / reply.raw.sha256[2:]).unlink()
        await office.deliver()
        assert await office.attempts(reply) == []
        (recipient,) = (await office.stored(reply)).recipients
        assert (recipient.state, recipient.words.partition(":")[0]) == (
            ReplyState.FAILED,
            "the rendered reply is lost",
        )
        assert (await office.room.house.session(session.id)).phase is Phase.ASSIGNED
        assert await office.pending() == 0


async def test_a_session_that_cannot_be_told_does_not_make_us_send_twice(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250)) as office:
        session = await office.assigned()
        reply = await office.reply(session)

        def broken(tx: Tx, *_: object) -> None:
            tx.replies.set_state(reply.id, ReplyState.FAILED)
            raise PermanentError("the channel is not configured any more")

        office.delivery._step = broken  # type: ignore[assignment] # the door of a house without that channel
        await office.deliver()
        assert await office.states(reply) == {"carla@example.com": "sent"}
        assert (await office.stored(reply)).state is ReplyState.SENT
        assert (await office.deliver(), await office.pending(), len(office.gateway.handed)) == (0, 0, 1)


async def test_an_outcome_the_store_cannot_take_is_offered_to_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_office(tmp_path, says(250)) as office:
        reply = await office.reply(await office.assigned())
        conclude, failures = office.delivery._conclude, iter([True, True, False])
        slept: list[float] = []

        def full(*arguments: object, **named: object) -> ReplyState:
            if next(failures, False):
                raise TemporaryError("the disk is full")
            return conclude(*arguments, **named)  # type: ignore[arg-type] # what the real one is given

        async def sleep(seconds: float) -> None:
            slept.append(seconds)

        monkeypatch.setattr(office.delivery, "_conclude", full)
        monkeypatch.setattr(office.room.house.clock, "sleep", sleep)
        await office.deliver()
        assert slept == [1.0, 2.0]
        assert await office.states(reply) == {"carla@example.com": "sent"}
        (attempt,) = await office.attempts(reply)
        assert not attempt.unknown


async def test_a_crash_before_the_outcome_is_written_is_an_unknown_attempt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_office(tmp_path, says(250)) as office:
        reply = await office.reply(await office.assigned())

        def dies(*_: object, **__: object) -> ReplyState:
            raise FailpointReached("the process dies here")

        with monkeypatch.context() as dying:
            dying.setattr(office.delivery, "_conclude", dies)
            await office.deliver()
        await office.deliver_next()
        assert [attempt.unknown for attempt in await office.attempts(reply)] == [True, False]
        assert len({handed.raw for handed in office.gateway.handed}) == 1


async def test_replies_of_one_conversation_leave_in_the_order_they_were_accepted(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250)) as office:
        session = await office.assigned()
        replies = [await office.reply(session) for _ in range(4)]
        while await office.pending():
            await office.deliver()
        sent = [one.raw.partition(b"Message-ID: <")[2].partition(b">")[0].decode() for one in office.gateway.handed]
        assert sent == [reply.message_id for reply in replies]


async def test_another_effect_is_not_for_delivery(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        await office.reply(await office.assigned())
        (row,) = await office.due()
        with pytest.raises(TypeError, match="EnterQueue is not for delivery"):
            await office.delivery.perform(replace(row, effect=EnterQueue(queue="help")))


def matrix() -> list[tuple[str, int, str]]:
    """Every kind of answer and what becomes of a recipient."""
    return [
        ("2xx", 250, "sent"),
        ("2xx", 251, "sent"),
        ("4xx", 421, "delayed"),
        ("4xx", 450, "delayed"),
        ("4xx", 452, "delayed"),
        ("4xx", 499, "delayed"),
        ("5xx", 500, "failed"),
        ("5xx", 550, "failed"),
        ("5xx", 599, "failed"),
        ("none", 0, "delayed"),
        ("odd", 354, "delayed"),
        ("odd", 600, "delayed"),
    ]


@pytest.mark.parametrize(("kind", "code", "state"), matrix())
async def test_each_answer_has_its_consequence(tmp_path: Path, kind: str, code: int, state: str) -> None:
    async with open_office(tmp_path, says(code)) as office:
        reply = await office.reply(await office.assigned())
        await office.deliver()
        (recipient,) = (await office.stored(reply)).recipients
        assert (recipient.state.value, recipient.code, recipient.words) == (state, code, f"said {code}")
