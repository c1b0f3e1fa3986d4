"""How gateways are remembered, and how sending ones are looked at when nothing was heard of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from postroom.engine.board import LONGEST_WORDS, ShownGateway, StatusBoard
from postroom.engine.probe import Probes
from postroom.engine.sending_terms import Sending
from postroom.engine.watch import Watch
from postroom.observability.metrics import Metrics
from postroom.ports.gateways import BeforeDot, GatewayError, GatewayStatus, SendOutcome
from tests.dispatch.house import ACME, NINE, TurnableClock
from tests.engine.quarantined import rules

OUT = (ACME, "out")
SUCCEEDED, FAILED, REFUSED = (
    GatewayStatus.CONNECTION_SUCCEEDED,
    GatewayStatus.CONNECTION_FAILED,
    GatewayStatus.AUTH_FAILED,
)


class Relay:
    """A sending gateway that does what it is told."""

    def __init__(self) -> None:
        self.fault: GatewayStatus | None = None
        self.unknown = False
        self.probes = 0

    async def probe(self) -> None:
        self.probes += 1
        if self.fault is not None:
            raise GatewayError(self.fault, "not today")

    async def send(self, _sender: str, _recipients: Sequence[str], _raw: bytes, _dot: BeforeDot) -> SendOutcome:
        return SendOutcome(results=(), gateway_fault=self.fault, unknown=self.unknown, words="as it went")

    async def close(self) -> None:
        """Nothing is open."""


async def sure() -> bool:
    return True


class Place:
    """A board, a relay that is shown on it, and the time."""

    def __init__(self) -> None:
        self.clock = TurnableClock()
        self.board = StatusBoard(Watch(Metrics("test")), self.clock)
        self.relay = Relay()
        self.shown = ShownGateway(self.relay, self.board, *OUT)
        self.probes = Probes(lambda: {OUT: Sending(gateway=self.shown)}, self.board, self.clock)


def test_nothing_is_said_of_a_gateway_nobody_heard_of() -> None:
    assert Place().board.of(*OUT) is None


def test_a_box_is_remembered_with_its_successes_errors_and_what_was_left_in_it() -> None:
    here, box = Place(), rules()
    here.board.status(box, GatewayStatus.CONNECTING, "")
    here.clock.passed = 10
    here.board.status(box, FAILED, "the server is away")
    here.clock.passed = 20
    here.board.status(box, FAILED, "the server is still away")
    state = here.board.of(ACME, "in")
    assert state is not None
    assert (state.status, state.since, state.last_success_at) == (FAILED, NINE + timedelta(seconds=10), None)
    assert (state.last_error, state.last_error_at) == ("the server is still away", NINE + timedelta(seconds=20))
    assert state.mails_left is None
    here.clock.passed = 30
    here.board.polled(box, 1.0, 7)
    here.board.status(box, SUCCEEDED, "")
    state = here.board.of(ACME, "in")
    assert state is not None
    assert (state.status, state.since, state.mails_left) == (SUCCEEDED, NINE + timedelta(seconds=30), 7)
    assert state.last_success_at == NINE + timedelta(seconds=30)
    assert state.last_error == "the server is still away"


def test_a_status_that_stays_keeps_its_beginning_over_sessions() -> None:
    here, box = Place(), rules()
    here.board.status(box, GatewayStatus.DRAINING_STUCK, "mails do not go")
    here.clock.passed = 60
    here.board.polled(box, 1.0, 0)
    here.board.status(box, GatewayStatus.DRAINING_STUCK, "mails do not go")
    state = here.board.of(ACME, "in")
    assert state is not None
    assert state.since == NINE


def test_the_words_of_a_server_are_bounded() -> None:
    here = Place()
    here.board.note(*OUT, FAILED, "x" * 100_000)
    state = here.board.of(*OUT)
    assert state is not None
    assert len(state.last_error) == LONGEST_WORDS


async def test_a_mail_sent_shows_how_the_gateway_is() -> None:
    here = Place()
    seen = []
    for fault, unknown in ((None, False), (REFUSED, False), (None, True)):
        here.relay.fault, here.relay.unknown = fault, unknown
        await here.shown.send("a@example.com", ("b@example.com",), b"", sure)
        state = here.board.of(*OUT)
        assert state is not None
        seen.append(state.status)
    # An outcome nobody knows says nothing of the gateway.
    assert seen == [SUCCEEDED, REFUSED, REFUSED]


@pytest.mark.parametrize(
    ("fault", "silent_for"), [(None, 900.0), (FAILED, 60.0), (REFUSED, 1_230.0), (GatewayStatus.THROTTLED, 900.0)]
)
async def test_a_silent_gateway_is_asked_again_in_its_time(fault: GatewayStatus | None, silent_for: float) -> None:
    here = Place()
    here.relay.fault = fault
    await here.probes.look()
    state = here.board.of(*OUT)
    assert state is not None
    assert state.status is (fault or SUCCEEDED)
    here.clock.passed = silent_for - 1
    await here.probes.look()
    assert here.relay.probes == 1
    here.clock.passed = silent_for
    await here.probes.look()
    assert here.relay.probes == 2


async def test_a_gateway_that_was_just_used_is_not_asked() -> None:
    here = Place()
    await here.shown.send("a@example.com", ("b@example.com",), b"", sure)
    await here.probes.look()
    assert here.relay.probes == 0
