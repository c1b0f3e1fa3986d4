"""Builds what brings mails in: a loop for each receiving gateway, and the reading of difficult mails."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

from postroom.engine.board import StatusBoard
from postroom.engine.collect import Collector
from postroom.engine.collecting import Collecting
from postroom.engine.collecting_queue import Budget
from postroom.engine.collecting_session import Shared
from postroom.engine.intake import Intake
from postroom.engine.pace import first_wait
from postroom.engine.settle import Settler
from postroom.engine.space_watch import SpaceWatch
from postroom.engine.supervisor import Loop, Supervisor
from postroom.engine.switches import Switch, Switches
from postroom.engine.verdict import IntakeRules
from postroom.ports.pauses import Paused
from postroom.ports.records import Receipt
from postroom.ports.world import Offload
from postroom.store.space import free_space, room_for
from postroom.wiring.gateways import InUse
from postroom.wiring.parts import Parts


class Collectors:
    """Keeps one loop for each receiving gateway of the settings in force."""

    def __init__(self, parts: Parts, board: StatusBoard, in_use: InUse, switches: Switches) -> None:
        settler = Settler(parts.step, parts.clock, parts.ids, parts.failpoint)
        self._intake = Intake(
            parts.store,
            parts.blobs,
            parts.offload,
            parts.readers,
            settler,
            parts.clock,
            parts.ids,
            parts.failpoint,
            board.settled,
        )
        self._shared = Shared(
            intake=self._intake,
            store=parts.store,
            spooler=parts.blobs,
            budget=Budget(),
            space=space_watch(parts.store_folder, parts.offload),
            clock=parts.clock,
            jitter=parts.ids.chance,
            is_paused=partial(parts.pauses.is_paused, Paused.INTAKE),
        )
        self._board = board
        self._in_use = in_use
        self._switches = switches
        self._running: set[str] = set()

    def loops(self) -> list[Loop]:
        """What finishes the work of a process that was killed, and a loop for each gateway."""
        # Beside the collectors, not before them: what a dead process left may take a child process each to read.
        difficult = Loop(name="difficult mails", run=lambda _: self._intake.difficult.run(self._rules_of))
        self._running = set(self._in_use.receiving)
        receiving = self._in_use.receiving
        first = {key: first_wait(key, len(receiving), one.poll_every) for key, one in receiving.items()}
        return [difficult, *(self._loop(key, first[key]) for key in receiving)]

    def follow(self, supervisor: Supervisor, changed: frozenset[tuple[str, str]]) -> None:
        """Bring the loops in line with the gateways now in use, of which those `changed` are connected anew at once.

        One that goes finishes the session in hand.
        """
        wanted = set(self._in_use.receiving)
        for key in self._running - wanted:
            supervisor.stop(_name(key))
            self._switch(key).bell.set()
        for key in wanted - self._running:
            supervisor.start(self._loop(key))
        for key in wanted & self._running:
            if _named(key) in changed:
                self._switch(key).renew()
        self._running = wanted

    def _rules_of(self, receipt: Receipt) -> IntakeRules | None:
        return self._in_use.rules_of(receipt.gateway)

    def _loop(self, key: str, first_after: float = 0.0) -> Loop:
        last = self._in_use.receiving[key]

        def current() -> Collecting:
            nonlocal last
            last = self._in_use.receiving.get(key, last)
            return last

        collector = Collector(current, self._shared, self._board, self._switch(key), first_after)

        async def run(stopping: asyncio.Event) -> None:
            try:
                await collector.run(stopping)
            finally:
                if key not in self._in_use.receiving:
                    self._board.forget(*_named(key))

        return Loop(name=_name(key), run=run, drains=True)

    def _switch(self, key: str) -> Switch:
        return self._switches.of(*_named(key))


def _name(key: str) -> str:
    return f"collect {key}"


def _named(key: str) -> tuple[str, str]:
    """Tenant and gateway of a name in the ledger."""
    tenant, _, gateway = key.partition("/")
    return tenant, gateway


def space_watch(folder: Path, offload: Offload) -> SpaceWatch:
    """What is asked whether the store's disk has room."""
    return SpaceWatch(partial(_has_room, folder), offload)


def _has_room(folder: Path, largest: int) -> bool:
    return room_for(free_space(folder), largest)
