"""Mails between reading and taking in: few of them, with bounded memory over all gateways; a full queue stops reading.

While the queue is full nobody reads the socket, and the server waits. It hands mails on in groups, and decides nothing
about them.
"""

from __future__ import annotations

import asyncio
from collections import deque

from postroom.engine.intake import Arrival
from postroom.ports.gateways import Fetched

GROUP = 64
"""Mails that share an intake's two commits."""
GROUP_OCTETS = 16 * 1024 * 1024
"""Octets in a group of more than one mail: what is read together should be read soon."""
WAITING = 2 * GROUP
"""Mails of one gateway that wait to be taken in."""
MEMORY = 32 * 1024 * 1024
"""Octets of memory for the mails of all gateways between reading and their second commit."""
_SMALL = 64 * 1024
_OPEN_FILE = 256 * 1024
"""What a mail in a file costs: its buffer and its descriptor."""


class Budget:
    """Octets of memory that many collectors share; who wants more than is left waits for his turn."""

    def __init__(self, most: int = MEMORY) -> None:
        self._most = most
        self._held = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def held(self) -> int:
        """Octets in use."""
        return self._held

    async def take(self, octets: int) -> None:
        """Take so many octets, first come, first served; one that wants more than there is waits until it is alone."""
        if not self._waiting and self._fits(octets):
            self._held += octets
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((octets, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give(octets)
            raise

    def give(self, octets: int) -> None:
        """Give octets back."""
        self._held -= octets
        while self._waiting and (self._waiting[0][1].done() or self._fits(self._waiting[0][0])):
            wanted, turn = self._waiting.popleft()
            if not turn.done():
                self._held += wanted
                turn.set_result(None)

    def _fits(self, octets: int) -> bool:
        return self._held == 0 or self._held + octets <= self._most


class ArrivalQueue:
    """One session's mails on their way to intake. One task puts, one takes."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._queue: asyncio.Queue[Arrival | None] = asyncio.Queue(maxsize=WAITING)
        self._next: Arrival | None = None
        self._is_ended = False

    async def put(self, arrival: Arrival) -> None:
        """Hand a mail in; waits while too many wait already. A caller cancelled meanwhile loses the mail."""
        cost = _cost(arrival)
        try:
            await self._budget.take(cost)
        except BaseException:
            _discard(arrival)
            raise
        try:
            await self._queue.put(arrival)
        except BaseException:
            self._let_go(arrival)
            raise

    async def end(self) -> None:
        """Say that nothing more comes."""
        await self._queue.put(None)

    async def group(self) -> list[Arrival]:
        """Wait for the next mails: all that are there up to a group's size; none once it ended."""
        first = self._next or await self._take()
        self._next = None
        if first is None:
            return []
        group, octets = [first], _octets(first)
        while len(group) < GROUP and not self._queue.empty():
            following = await self._take()
            if following is None:
                break
            octets += _octets(following)
            if octets > GROUP_OCTETS:
                self._next = following
                break
            group.append(following)
        return group

    def taken_in(self, group: list[Arrival]) -> None:
        """These need no memory any more."""
        for arrival in group:
            self._budget.give(_cost(arrival))

    def forget(self, group: list[Arrival]) -> None:
        """These could not be taken in: their spools are discarded, and the server still has them."""
        for arrival in group:
            self._let_go(arrival)

    def close(self) -> None:
        """Forget whatever nobody took."""
        left = [self._next] if self._next else []
        while not self._queue.empty():
            arrival = self._queue.get_nowait()
            left += [arrival] if arrival is not None else []
        self._next = None
        self.forget(left)

    async def _take(self) -> Arrival | None:
        if self._is_ended:
            return None
        arrival = await self._queue.get()
        self._is_ended = arrival is None
        return arrival

    def _let_go(self, arrival: Arrival) -> None:
        self._budget.give(_cost(arrival))
        _discard(arrival)


def _discard(arrival: Arrival) -> None:
    if isinstance(arrival, Fetched):
        arrival.spool.discard()


def _octets(arrival: Arrival) -> int:
    return arrival.size if isinstance(arrival, Fetched) else len(arrival.header)


def _cost(arrival: Arrival) -> int:
    """The memory it needs while it waits: itself when small, an open file else."""
    octets = _octets(arrival)
    return octets if octets <= _SMALL or not isinstance(arrival, Fetched) else _OPEN_FILE
