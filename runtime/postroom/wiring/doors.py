"""Builds the doors to the world: for agents, for the operator, for metrics and health."""

from __future__ import annotations

import asyncio
from functools import partial

from postroom.api.app import create_app
from postroom.api.feed import JournalFeed
from postroom.api.inward import InwardDoor
from postroom.api.operator.app import create_operator_app
from postroom.api.operator.parts import OperatorParts
from postroom.api.operator.server import OperatorServer
from postroom.api.parts import ApiParts
from postroom.api.server import HttpServer
from postroom.dispatch.agents import AgentStates
from postroom.dispatch.presence import Presence
from postroom.engine.audit_chain import verify
from postroom.engine.board import StatusBoard
from postroom.engine.mail_history import with_history
from postroom.engine.operate import GatewayOperations
from postroom.engine.quarantine import Quarantine
from postroom.engine.readers import StoredMailReader
from postroom.engine.replies import Desk
from postroom.engine.set_clock import HeardClock, SetClock
from postroom.engine.settle import Settler
from postroom.engine.unrouted import Unrouted
from postroom.observability.health import Health
from postroom.observability.ops import OpsServer, parse_listen
from postroom.settings.taking import Taking
from postroom.store.parcels import Parcels
from postroom.wiring.gateways import InUse
from postroom.wiring.outgoing import sending_rules
from postroom.wiring.parts import Parts


def http_door(
    parts: Parts, presence: Presence, operator: OperatorParts, settings: Taking | None
) -> tuple[HttpServer, InwardDoor]:
    """The agents' door, and the way into it for other doors."""
    reader = StoredMailReader(parts.store, parts.blobs, parts.readers, parts.offload)
    desk = Desk(
        parts.store,
        parts.step,
        reader,
        parts.blobs,
        parts.offload,
        parts.clock,
        parts.ids,
        partial(sending_rules, parts.in_force, parts.ring),
        parts.failpoint,
    )
    feed = JournalFeed(parts.store)
    app = create_app(
        ApiParts(
            store=parts.store,
            step=parts.step,
            desk=desk,
            reader=reader,
            uploads=parts.uploads,
            ids=parts.ids,
            clock=parts.clock,
            offload=parts.offload,
            current=parts.current,
            presence=presence,
            states=AgentStates(parts.step, parts.clock),
            feed=feed,
            traced=with_history,
            operator=operator,
            settings=settings,
            export_file=Parcels(parts.store_folder).open,
        )
    )
    host, port = parse_listen(parts.generation.process.http.listen, "http.listen")
    return HttpServer(app, host, port, before_stop=feed.close), InwardDoor(app)


def operator_door(parts: Parts, operator: OperatorParts) -> OperatorServer:
    """The operator's door, on a socket in the store's folder."""
    return OperatorServer(create_operator_app(operator), parts.store_folder)


def operator_parts(
    parts: Parts, board: StatusBoard, in_use: InUse, operations: GatewayOperations, settings: Taking | None
) -> OperatorParts:
    """What the operator's door and the administrators' routes are built from."""
    store, blobs, offload, readers, clock = parts.store, parts.blobs, parts.offload, parts.readers, parts.clock
    settler = Settler(parts.step, clock, parts.ids, parts.failpoint)
    quarantine = Quarantine(store, blobs, offload, readers, settler, clock, in_use.rules_of)
    reader, current = StoredMailReader(store, blobs, readers, offload), parts.current
    return OperatorParts(
        store=store,
        reader=reader,
        offload=offload,
        quarantine=quarantine,
        unrouted=Unrouted(store, reader, settler, clock, in_use.rules_of),
        board=board,
        current=current,
        traced=with_history,
        operations=operations,
        clock=HeardClock(parts.clock, store) if isinstance(parts.clock, SetClock) else None,
        pauses=parts.pauses,
        settings=settings,
        time=parts.clock,
        verify_audit=partial(verify, store),
    )


def ops_door(parts: Parts, stopping: asyncio.Event) -> OpsServer:
    """Metrics and health; ready means that the store takes writes and nobody asked us to stop."""

    async def store_takes_writes() -> str | None:
        await parts.store.write(lambda tx: None)  # noqa: ARG005 an empty unit still needs the writer and its file
        return None

    async def is_not_stopping() -> str | None:
        return "the service is stopping" if stopping.is_set() else None

    health = Health(ready={"store": store_takes_writes, "running": is_not_stopping})
    return OpsServer(parts.generation.process.ops.listen, parts.metrics, health)
