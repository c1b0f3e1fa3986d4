"""The loop of a receiving gateway: which waits follow what, and how little a bad server can do to it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from itertools import accumulate
from pathlib import Path

import pytest
from msgspec.structs import replace

from postroom.engine.collecting_lessons import NOT_BEFORE
from postroom.engine.retry import BREAKER_FIRST, BREAKER_LAST
from postroom.ports.gateways import GatewayStatus
from postroom.routing.outcome import Outcome
from tests.journeys.oracle import Oracle
from tests.support.collecting import Seen, house, pop3
from tests.support.pop3_script import CAPABILITIES, Act, ScriptedServer, Turns

HOUR = 3600.0
SUCCEEDED = (GatewayStatus.CONNECTION_SUCCEEDED, "")


def oracle_of(folder: Path) -> Oracle:
    return Oracle(folder / "var" / "postroom.db")


def stocked(oracle: Oracle, mails: int, **how: object) -> ScriptedServer:
    """A server with that many mails, each under a name that stays its own."""
    box = [oracle.mail(f"tok{number}") for number in range(mails)]
    names = {mail: b"name-%d" % number for number, mail in enumerate(box)}
    server = ScriptedServer(box, name=lambda _, mail: names[mail], is_true_to_its_word=True)
    for key, value in how.items():
        setattr(server, key, value)
    return server


def most_in_an_hour(waits: Sequence[float]) -> int:
    """The most tries within any hour, given the waits after each."""
    tries = list(accumulate(waits, initial=0.0))[:-1]
    return max(sum(begin <= other < begin + HOUR for other in tries) for begin in tries)


# -- a refused password, and a busy server ------------------------------------------------------------------------


@pytest.mark.parametrize("jitter", [0.0, 0.999])
@pytest.mark.parametrize(
    "said", [b"[AUTH] no", b"[SYS/PERM] mailbox damaged", b"invalid user name or password", b"no"], ids=repr
)
async def test_a_refused_password_is_never_tried_more_than_three_times_in_an_hour(
    tmp_path: Path, said: bytes, jitter: float
) -> None:
    seen = Seen()
    server = ScriptedServer(script={"PASS": (b"-ERR " + said + b"\r\n",)})
    async with server.serving(), house(tmp_path, jitter=jitter) as here:
        await here.until(here.collector(here.collecting(pop3(server.port)), seen), passed=timedelta(days=1))
    assert most_in_an_hour(here.clock.waits) <= 3
    assert server.verbs().count(b"PASS") == len(here.clock.waits)
    assert {status for status, _ in seen.statuses[1:]} == {GatewayStatus.AUTH_FAILED}
    assert seen.statuses[-1][1]


BUSY = {
    b"[IN-USE] another session": GatewayStatus.LOCKED,
    b"Unable to lock the maildrop": GatewayStatus.LOCKED,
    b"[LOGIN-DELAY] too soon": GatewayStatus.THROTTLED,
    b"too many logins, please wait": GatewayStatus.THROTTLED,
    b"[SYS/TEMP] the disk is full": GatewayStatus.CONNECTION_FAILED,
    b"[UNAVAILABLE] the directory is away": GatewayStatus.CONNECTION_FAILED,
}


@pytest.mark.parametrize("said", BUSY, ids=repr)
async def test_a_busy_server_is_backed_off_from_and_never_called_a_wrong_password(tmp_path: Path, said: bytes) -> None:
    seen, oracle = Seen(), oracle_of(tmp_path)
    busy = (b"-ERR " + said + b"\r\n",)
    server = stocked(oracle, 1, script={"PASS": Turns([busy] * 12 + [(Act.USUAL,)])})
    async with server.serving(), house(tmp_path) as here:
        await here.polls(here.collector(here.collecting(pop3(server.port)), seen), 14)
    waits = here.clock.waits
    assert {status for status, _ in seen.statuses[1:13]} == {BUSY[said]}
    assert seen.statuses[13:] == [SUCCEEDED, SUCCEEDED]
    assert waits[:3] == [BREAKER_FIRST * 0.75, BREAKER_FIRST * 1.5, BREAKER_FIRST * 3]
    assert waits[11] == BREAKER_LAST * 0.75
    assert waits[12] == pytest.approx(30.0)
    oracle.check_mails()


async def test_a_server_that_says_how_long_to_stay_away_is_obeyed(tmp_path: Path) -> None:
    script = {"PASS": (b"-ERR [LOGIN-DELAY] too soon\r\n",)}
    server = ScriptedServer(script=script, capabilities=(*CAPABILITIES, "LOGIN-DELAY 4000"))
    async with server.serving(), house(tmp_path) as here:
        await here.polls(here.collector(here.collecting(pop3(server.port))), 3)
    assert here.clock.waits == [4000.0] * 3


async def test_one_success_forgets_all_failures(tmp_path: Path) -> None:
    fault = (b"-ERR [SYS/TEMP] not now\r\n",)
    server = ScriptedServer(script={"PASS": Turns([fault, fault, (Act.USUAL,), fault, (Act.USUAL,)])})
    async with server.serving(), house(tmp_path) as here:
        await here.polls(here.collector(here.collecting(pop3(server.port))), 5)
    first = BREAKER_FIRST * 0.75
    assert here.clock.waits == pytest.approx([first, 2 * first, 30.0, first, 30.0])


async def test_a_first_poll_may_wait_its_turn_once(tmp_path: Path) -> None:
    server = ScriptedServer()
    async with server.serving(), house(tmp_path) as here:
        collector = here.collector(here.collecting(pop3(server.port)), first_after=7.0)
        await here.polls(collector, 3)
    assert here.clock.waits == pytest.approx([7.0, 30.0, 30.0])


# -- sessions that break, and servers that do not keep their word -------------------------------------------------


async def test_what_came_before_a_break_is_taken_in_and_sessions_grow_shorter(tmp_path: Path) -> None:
    oracle = oracle_of(tmp_path)
    server = stocked(oracle, 30)
    server.script = {"RETR 11": Turns([(b"+OK\r\nSubject: cut", Act.RESET)] * 2 + [(Act.USUAL,)])}
    async with server.serving(), house(tmp_path) as here:
        collector = here.collector(here.collecting(pop3(server.port), batch=20))
        await here.polls(collector)
        assert (oracle.settled(), len(server.mails)) == (10, 30)
        await here.polls(collector, 12)
    assert server.mails == []
    oracle.check_mails()
    oracle.check_quiet()


async def test_mails_that_are_refused_do_not_hold_up_the_others_and_do_not_keep_us_busy(tmp_path: Path) -> None:
    oracle = oracle_of(tmp_path)
    server = stocked(oracle, 12)
    damaged = (b"-ERR damaged\r\n",)
    script = {f"RETR {number}": damaged for number in range(1, 5)}
    server.script = {**script, "RETR 5": Turns([damaged, (Act.USUAL,)])}
    async with server.serving(), house(tmp_path) as here:
        await here.polls(here.collector(here.collecting(pop3(server.port), batch=4)), 10)
    assert here.clock.waits.count(0.0) < 5
    oracle.check_mails(server.mails)
    assert len(server.mails) == 4


async def test_a_server_that_keeps_what_it_deleted_is_found_out_and_not_read_again_and_again(tmp_path: Path) -> None:
    oracle, seen = oracle_of(tmp_path), Seen()
    server = stocked(oracle, 10, script={"QUIT": (b"+OK bye\r\n",)})
    async with server.serving(), house(tmp_path) as here:
        collector = here.collector(here.collecting(pop3(server.port), batch=5), seen)
        await here.polls(collector, 12)
        assert len(server.given) == 10
        status, words = seen.statuses[-1]
        assert (status, "10 mails" in words) == (GatewayStatus.DRAINING_STUCK, True)
        late = oracle.mail("late")
        server.mails.append(late)
        server.name = lambda number, _: b"name-%d" % (number - 1)
        await here.polls(collector)
        assert server.given[10:] == [late]
        server.script = {}
        await here.until(collector, passed=timedelta(seconds=NOT_BEFORE))
    assert server.mails == []
    assert seen.statuses[-1] == SUCCEEDED
    oracle.check_mails()


async def test_a_server_that_refuses_every_deletion_is_backed_off_from(tmp_path: Path) -> None:
    oracle, seen = oracle_of(tmp_path), Seen()
    server = stocked(oracle, 4, script={"DELE": (b"-ERR the box is read-only\r\n",)})
    async with server.serving(), house(tmp_path) as here:
        await here.polls(here.collector(here.collecting(pop3(server.port)), seen), 4)
    assert seen.statuses[-1][0] is GatewayStatus.DRAINING_STUCK
    assert "read-only" in seen.statuses[-1][1]
    assert here.clock.waits[-1] > here.clock.waits[0]
    assert here.outcomes == [Outcome.CONVERSATION] * 4


async def test_a_backlog_is_drained_without_a_pause_and_the_box_is_looked_at_for_what_is_left(tmp_path: Path) -> None:
    oracle, seen = oracle_of(tmp_path), Seen()
    server = stocked(oracle, 50)
    async with server.serving(), house(tmp_path) as here:
        await here.polls(here.collector(here.collecting(pop3(server.port), batch=20), seen), 3)
    assert here.clock.waits[:2] == [0.0, 0.0]
    assert seen.backlogs == [30, 10, 0]
    oracle.check_mails()


async def test_a_stop_ends_the_session_in_hand_in_order(tmp_path: Path) -> None:
    oracle = oracle_of(tmp_path)
    server = stocked(oracle, 30)
    stopping = asyncio.Event()

    def stop(mails: list[bytes], _: int) -> list[bytes]:
        stopping.set()
        return mails

    server.arrange = stop
    async with server.serving(), house(tmp_path) as here:
        await here.collector(here.collecting(pop3(server.port))).run(stopping)
    assert 0 < len(server.mails) < 30
    assert server.verbs()[-1] == b"QUIT"
    oracle.check_mails(server.mails)
    oracle.check_quiet()


# -- what the ledger forgets --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("leave", "left"), [(False, 0), (True, 1)])
async def test_the_ledger_forgets_what_is_gone_and_believes_no_empty_listing_of_a_box_whose_mails_stay(
    tmp_path: Path, leave: bool, left: int
) -> None:
    server = stocked(oracle_of(tmp_path), 1)
    async with server.serving(), house(tmp_path) as here:
        current = replace(here.collecting(pop3(server.port), leave=leave), ledger_for=timedelta(days=60))
        collector = here.collector(current)
        await here.polls(collector)
        server.mails.clear()
        for days in (61, 8, 1):
            here.clock.forward(days=days)
            await here.polls(collector)
        known = await here.shared.store.read(lambda tx: tx.ledger.known(current.rules.gateway_key, ["name-0"]))
        assert len(known) == left
    assert here.outcomes == [Outcome.CONVERSATION]
