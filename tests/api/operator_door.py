"""The operator's door on a real quarantine, in this process and on its real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from litestar import Litestar
from msgspec.structs import replace

from postroom.api.operator.address import socket_address
from postroom.api.operator.app import create_operator_app
from postroom.api.operator.parts import OperatorParts, SettableClock
from postroom.api.operator.server import OperatorServer
from postroom.engine.audit_chain import verify
from postroom.engine.board import StatusBoard
from postroom.engine.mail_history import with_history
from postroom.engine.pauses import Pauses
from postroom.engine.watch import Watch
from postroom.errors import TemporaryError
from postroom.observability.metrics import Metrics
from postroom.ports.gateways import GatewayStatus
from postroom.settings.schema import Pop3Gateway, SmtpGateway
from postroom.store.kept import FileKeeper
from tests.engine.quarantined import Ward, open_ward
from tests.support.inline import InlineOffload


class Operations:
    """Verbs that always work."""

    def __init__(self, board: StatusBoard) -> None:
        self._board = board
        self.full = False

    async def rebuild(self, tenant: str, gateway: str) -> None:
        self._note(tenant, gateway, GatewayStatus.CONNECTION_SUCCEEDED)

    async def disconnect(self, tenant: str, gateway: str) -> None:
        self._note(tenant, gateway, GatewayStatus.DISCONNECTED)

    async def try_out(self, tenant: str, gateway: str) -> tuple[GatewayStatus, str]:
        return GatewayStatus.LOCKED, f"{tenant}/{gateway} is in use"

    def _note(self, tenant: str, gateway: str, status: GatewayStatus) -> None:
        if self.full:
            raise TemporaryError("the disk is full")
        self._board.note(tenant, gateway, status, "")


@dataclass
class OperatorDoor:
    """The door and what is behind it."""

    ward: Ward
    board: StatusBoard
    operations: Operations
    app: Litestar
    folder: Path

    def client(self) -> httpx.AsyncClient:
        """A caller inside this process."""
        app: Any = self.app  # httpx and Litestar both type ASGI, each in its own words
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://postroom/operator/v1", trust_env=False)


@asynccontextmanager
async def open_operator_door(folder: Path, clock: SettableClock | None = None) -> AsyncIterator[OperatorDoor]:
    """A door with one receiving and one sending gateway in the settings, in test mode where there is a clock."""
    async with open_ward(folder) as ward:
        house = ward.house
        acme, globex = house.generation.tenants
        gateways = (
            Pop3Gateway(name="in", host="pop.example.com", user="help@acme.example"),
            SmtpGateway(name="out", host="smtp.example.com", from_address="help@acme.example"),
        )
        house.generation = replace(house.generation, tenants=(replace(acme, gateways=gateways), globex))
        board = StatusBoard(Watch(Metrics("test")), house.clock)
        operations = Operations(board)
        pauses = Pauses(FileKeeper(folder / "store", InlineOffload()), house.clock, house.current)
        parts = OperatorParts(
            traced=with_history,
            store=house.store,
            reader=ward.reader,
            offload=house.offload,
            quarantine=ward.quarantine,
            unrouted=ward.unrouted,
            board=board,
            operations=operations,
            pauses=pauses,
            current=house.current,
            time=house.clock,
            verify_audit=partial(verify, house.store),
            clock=clock,
        )
        yield OperatorDoor(ward, board, operations, create_operator_app(parts), folder / "store")


@asynccontextmanager
async def listening(door: OperatorDoor) -> AsyncIterator[httpx.AsyncClient]:
    """A caller on the real socket."""
    server = OperatorServer(door.app, door.folder)
    server.bind()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(server.run())
        try:
            with socket_address(door.folder) as address:
                transport = httpx.AsyncHTTPTransport(uds=address)
                async with httpx.AsyncClient(transport=transport, base_url="http://postroom/operator/v1") as client:
                    yield client
        finally:
            server.stop()
            async with asyncio.timeout(30):
                await running
