"""How each gateway is now, for who asks: status, since when, its last success and last error, mails left in the box.

It is told and it remembers; it decides nothing, tries nothing, and forgets all of it with the process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from postroom.engine.switches import WORDS, Switch
from postroom.engine.verdict import IntakeRules
from postroom.engine.watch import Watch
from postroom.ports.gateways import BeforeDot, GatewayError, GatewayStatus, SendingGateway, SendOutcome
from postroom.ports.world import Clock
from postroom.routing.outcome import Outcome

LONGEST_WORDS = 500
"""Characters kept of an error: some of them are the server's own."""


class GatewayState(Struct, frozen=True, kw_only=True):
    """One gateway as last seen. Times are aware; `mails_left` is None until a box was listed."""

    status: GatewayStatus
    since: datetime
    last_success_at: datetime | None = None
    last_error: str = ""
    last_error_at: datetime | None = None
    mails_left: int | None = None


class StatusBoard:
    """A collectors' Watcher that remembers what it is told, and passes it on to the Watch."""

    def __init__(self, watch: Watch, clock: Clock) -> None:
        self._watch = watch
        self._clock = clock
        self._states: dict[tuple[str, str], GatewayState] = {}
        self._listed_since: dict[tuple[str, str], datetime] = {}
        self.news = asyncio.Event()
        """Set at the next news of any gateway; then there is another one in its place."""

    def status(self, rules: IntakeRules, status: GatewayStatus, words: str) -> None:
        """The gateway's status from now on."""
        self.note(rules.tenant, rules.gateway, status, words)

    def polled(self, rules: IntakeRules, seconds: float, backlog: int) -> None:
        """A session ended well, with so many mails left in the box."""
        self._watch.polled(rules, seconds, backlog)
        now = self._clock.now()
        if not backlog:
            self._listed_since[rules.tenant, rules.gateway] = now - timedelta(seconds=seconds)
        state = self.of(rules.tenant, rules.gateway)
        state = state or GatewayState(status=GatewayStatus.CONNECTION_SUCCEEDED, since=now)
        self._states[rules.tenant, rules.gateway] = replace(state, last_success_at=now, mails_left=backlog)

    def listed_since(self, tenant: str, gateway: str, when: datetime) -> bool:
        """Whether a session begun after that time listed the box to its end, and left nothing untaken in it.

        One that seems to have begun later than now was before the clock was set back, and says nothing.
        """
        began = self._listed_since.get((tenant, gateway))
        return began is not None and when < began <= self._clock.now()

    def settled(self, rules: IntakeRules, outcome: Outcome, octets: int, seconds: float) -> None:
        """A mail came to its outcome."""
        self._watch.settled(rules, outcome, octets, seconds)

    def note(self, tenant: str, gateway: str, status: GatewayStatus, words: str) -> None:
        """Remember a status; words make it an error, and a success is one without."""
        now = self._clock.now()
        self._watch.status(tenant, gateway, status, words)
        state = self._states.get((tenant, gateway)) or GatewayState(status=status, since=now)
        if state.status is not status:
            state = replace(state, status=status, since=now)
        if words:
            state = replace(state, last_error=words[:LONGEST_WORDS], last_error_at=now)
        elif status is GatewayStatus.CONNECTION_SUCCEEDED:
            state = replace(state, last_success_at=now)
        self._states[tenant, gateway] = state
        told, self.news = self.news, asyncio.Event()
        told.set()

    def of(self, tenant: str, gateway: str) -> GatewayState | None:
        """The gateway as last seen; None where nothing was heard of it yet."""
        return self._states.get((tenant, gateway))

    def forget(self, tenant: str, gateway: str) -> None:
        """A gateway left the configuration."""
        self._watch.forget(tenant, gateway)
        self._states.pop((tenant, gateway), None)
        self._listed_since.pop((tenant, gateway), None)


class ShownGateway:
    """A sending gateway whose successes and faults are put on the board (ports.gateways.SendingGateway)."""

    def __init__(
        self, gateway: SendingGateway, board: StatusBoard, tenant: str, name: str, switch: Switch | None = None
    ) -> None:
        self._gateway = gateway
        self._switch = switch or Switch()
        self._board = board
        self._tenant = tenant
        self._name = name

    async def probe(self) -> None:
        """Sign in once. Raises GatewayError."""
        if self._switch.is_off:
            self._note(GatewayStatus.DISCONNECTED, "")
            raise GatewayError(GatewayStatus.DISCONNECTED, WORDS)
        try:
            await self._gateway.probe()
        except GatewayError as error:
            self._note(error.status, error.words)
            raise
        self._note(GatewayStatus.CONNECTION_SUCCEEDED, "")

    async def send(self, sender: str, recipients: Sequence[str], raw: bytes, before_dot: BeforeDot) -> SendOutcome:
        """Hand over one mail; only a fault of the gateway itself is an error of the gateway."""
        if self._switch.is_off:
            return SendOutcome(results=(), gateway_fault=GatewayStatus.DISCONNECTED, words=WORDS)
        outcome = await self._gateway.send(sender, recipients, raw, before_dot)
        if outcome.gateway_fault is not None:
            self._note(outcome.gateway_fault, outcome.words)
        elif not outcome.unknown:
            self._note(GatewayStatus.CONNECTION_SUCCEEDED, "")
        return outcome

    async def close(self) -> None:
        """QUIT every pooled connection."""
        await self._gateway.close()

    def _note(self, status: GatewayStatus, words: str) -> None:
        self._board.note(self._tenant, self._name, status, words)
