"""Switching gateways off and on: kept over restarts, answered at once, and nothing goes through one that is off."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from postroom.engine.board import ShownGateway, StatusBoard
from postroom.engine.operate import GatewayOperations
from postroom.engine.probe import Probes
from postroom.engine.sending_terms import Sending
from postroom.engine.switches import KEPT_AS, Switches
from postroom.engine.watch import Watch
from postroom.engine.world import SystemClock
from postroom.errors import TemporaryError
from postroom.observability.metrics import Metrics
from postroom.ports.gateways import GatewayError, GatewayStatus
from postroom.store.kept import FOLDER, FileKeeper
from tests.engine.test_board import Relay, sure
from tests.support.collecting import Seen, house, pop3
from tests.support.inline import InlineOffload
from tests.support.pop3_script import ScriptedServer

OUT, INBOX = ("acme", "out"), ("acme", "inbox")
OFF, ON = GatewayStatus.DISCONNECTED, GatewayStatus.CONNECTION_SUCCEEDED


def switches(folder: Path) -> Switches:
    return Switches(FileKeeper(folder, InlineOffload()))


class Place:
    """A sending gateway with a switch, and the operator's verbs."""

    def __init__(self, folder: Path) -> None:
        self.switches, clock = switches(folder), SystemClock()
        self.board, self.relay = StatusBoard(Watch(Metrics("test")), clock), Relay()
        self.shown = ShownGateway(self.relay, self.board, *OUT, self.switches.of(*OUT))
        self.probes = Probes(lambda: {OUT: Sending(gateway=self.shown)}, self.board, clock)
        self.verbs = GatewayOperations(self.switches, self.probes, self.board, clock, self.tried)

    async def tried(self, tenant: str, gateway: str) -> tuple[GatewayStatus, str]:
        return GatewayStatus.LOCKED, f"{tenant}/{gateway}"

    @property
    def status(self) -> GatewayStatus | None:
        state = self.board.of(*OUT)
        return state.status if state else None


async def test_nothing_is_sent_through_a_disconnected_gateway_until_it_is_rebuilt(tmp_path: Path) -> None:
    here = Place(tmp_path)
    await here.probes.look()
    await here.verbs.disconnect(*OUT)
    outcome = await here.shown.send("a@example.com", ("b@example.com",), b"", sure)
    assert (outcome.gateway_fault, outcome.results) == (OFF, ())
    assert "gateways rebuild" in outcome.words
    with pytest.raises(GatewayError) as caught:
        await here.shown.probe()
    assert caught.value.status is here.status is OFF
    await here.probes.look()
    assert here.relay.probes == 1
    await here.verbs.rebuild(*OUT)
    assert (here.status, here.relay.probes) == (ON, 2)
    assert (await here.shown.send("a@example.com", ("b@example.com",), b"", sure)).gateway_fault is None


async def test_a_rebuild_that_fails_says_so_at_once(tmp_path: Path) -> None:
    here = Place(tmp_path)
    here.relay.fault = GatewayStatus.AUTH_FAILED
    await here.verbs.rebuild(*OUT)
    assert here.status is GatewayStatus.AUTH_FAILED


async def test_trying_out_changes_no_status(tmp_path: Path) -> None:
    here = Place(tmp_path)
    assert await here.verbs.try_out(*OUT) == (GatewayStatus.LOCKED, "acme/out")
    assert here.status is None


async def test_what_is_off_is_off_after_a_restart_too(tmp_path: Path) -> None:
    first = switches(tmp_path)
    await first.turn(*OUT, off=True)
    await first.turn(*INBOX, off=True)
    await first.turn(*INBOX, off=False)
    second = switches(tmp_path)
    await second.load()
    assert [second.of(*key).is_off for key in (OUT, INBOX)] == [True, False]
    await second.turn(*OUT, off=False)
    third = switches(tmp_path)
    await third.load()
    assert not third.of(*OUT).is_off


async def test_a_switch_that_could_not_be_kept_is_not_turned(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_bytes(b"in the way")
    here = switches(tmp_path)
    with pytest.raises(TemporaryError):
        await here.turn(*OUT, off=True)
    assert not here.of(*OUT).is_off


async def test_a_damaged_file_leaves_every_gateway_on(tmp_path: Path) -> None:
    await FileKeeper(tmp_path, InlineOffload()).keep(KEPT_AS, b"[[1]]")
    here = switches(tmp_path)
    await here.load()
    assert not here.of(*OUT).is_off


async def test_every_bell_rings_when_the_service_stops(tmp_path: Path) -> None:
    here, stopping = switches(tmp_path), asyncio.Event()
    bell = here.of(*OUT).bell
    stopping.set()
    await here.run(stopping)
    assert bell.is_set()


async def test_a_collector_that_is_off_opens_no_session_until_it_is_rebuilt(tmp_path: Path) -> None:
    seen, server, stopping = Seen(), ScriptedServer(), asyncio.Event()
    async with server.serving(), house(tmp_path) as here:
        switch = switches(tmp_path).of(*INBOX)
        switch.turn(off=True)
        collector = here.collector(here.collecting(pop3(server.port)), seen, switch=switch)
        turns = iter([lambda: None, lambda: switch.turn(off=False), stopping.set])

        def waited() -> None:
            next(turns)()

        here.clock.waited = waited
        await collector.run(stopping)
    assert [status for status, _ in seen.statuses] == [GatewayStatus.CONNECTING, OFF, OFF, ON]
    assert server.sessions == 1
