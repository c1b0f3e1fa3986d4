"""Remembers, over sessions, the mails at which a session broke, so that one of them never holds up the others.

A mail that breaks the session (it kills the server's process, or the server does not escape its dots) is read last the
next time, and after that is left out of 1, 3, 7 ... sessions, so that the others can be read, deleted and confirmed.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing

from postroom.gateways.faults import ProtocolFault
from postroom.ports.gateways import Fetched, GatewayError, Listed, TooLarge

MOST = 1_000
_LONGEST_REST = 63


class Suspects:
    """Uids under suspicion: how often each broke a session, and how many sessions it still sits out."""

    def __init__(self) -> None:
        self._breaks: dict[str, int] = {}
        self._rests: dict[str, int] = {}

    def blame(self, uid: str) -> None:
        """Note that a session broke at this mail."""
        if len(self._breaks) >= MOST and uid not in self._breaks:
            self.clear(next(iter(self._breaks)))
        self._breaks[uid] = self._breaks.get(uid, 0) + 1
        self._rests[uid] = min(2 ** min(self._breaks[uid] - 1, 10) - 1, _LONGEST_REST)

    def clear(self, uid: str) -> None:
        """Note that this mail arrived, or is of no more interest."""
        if uid in self._breaks:
            del self._breaks[uid]
            del self._rests[uid]

    async def watch(
        self, arriving: AsyncGenerator[Fetched | TooLarge], at_fault: Callable[[], Iterable[Listed]]
    ) -> AsyncGenerator[Fetched | TooLarge]:
        """Pass the mails on as they arrive, each cleared; where the session breaks, blame those it broke at."""
        try:
            async with aclosing(arriving) as items:
                async for item in items:
                    self.clear(item.listed.uid)
                    yield item
        except (GatewayError, ProtocolFault):
            for listed in at_fault():
                self.blame(listed.uid)
            raise

    def sort(self, wanted: Iterable[Listed]) -> tuple[list[Listed], list[Listed], list[Listed]]:
        """The mails nothing is known against, those to read last, and those that sit this session out."""
        if not self._breaks:
            return list(wanted), [], []
        trusted: list[Listed] = []
        suspected: list[Listed] = []
        resting: list[Listed] = []
        for listed in wanted:
            rest = self._rests.get(listed.uid)
            (trusted if rest is None else resting if rest else suspected).append(listed)
        for listed in resting:
            self._rests[listed.uid] -= 1
        return trusted, suspected, resting
