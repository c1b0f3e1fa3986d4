"""Builds the doors to the world: for agents, for the operator, for metrics and health."""

from __future__ import annotations

import asyncio
from functools import partial

from postroom.api.app import create_app
from postroom.api.feed import JournalFeed
from postroom.api.operator.app import create_operator_app
from postroom.api.operator.parts import OperatorParts
from postroom.api.operator.server import OperatorServer
from postroom.api.parts import ApiParts
from postroom.api.server import HttpServer
from postroom.dispatch.agents import AgentStates
from postroom.dispatch.presence import Presence
from postroom.engine.board import StatusBoard
from postroom.engine.operate import GatewayOperations
from postroom.engine.quarantine import Quarantine
from postroom.engine.readers import StoredMailReader
from postroom.engine.replies import Desk, SendingRules
from postroom.engine.settle import Settler
from postroom.errors import ConfigurationError
from postroom.mail.message import Address
from postroom.observability.health import Health
from postroom.observability.ops import OpsServer, parse_listen
from postroom.settings import compile as compiled
from postroom.settings.schema import Box, SmtpGateway
from postroom.wiring.intake import rules_for
from postroom.wiring.parts import Parts, gateways


def http_door(parts: Parts, presence: Presence) -> HttpServer:
    """The agents' door."""
    reader = StoredMailReader(parts.store, parts.blobs, parts.readers, parts.offload)
    desk = Desk(
        parts.store,
        parts.step,
        reader,
        parts.blobs,
        parts.offload,
        parts.clock,
        parts.ids,
        partial(sending_rules, parts),
        parts.failpoint,
    )
    feed = JournalFeed(parts.store)
    app = create_app(
        ApiParts(
            store=parts.store,
            step=parts.step,
            desk=desk,
            reader=reader,
            ids=parts.ids,
            clock=parts.clock,
            offload=parts.offload,
            current=parts.current,
            presence=presence,
            states=AgentStates(parts.step, parts.clock),
            feed=feed,
        )
    )
    host, port = parse_listen(parts.generation.process.http.listen, "http.listen")
    return HttpServer(app, host, port, before_stop=feed.close)


def operator_door(parts: Parts, board: StatusBoard, operations: GatewayOperations) -> OperatorServer:
    """The operator's door, on a socket in the store's folder."""
    store, blobs, offload, readers, clock = parts.store, parts.blobs, parts.offload, parts.readers, parts.clock
    settler = Settler(parts.step, clock, parts.ids, parts.failpoint)
    every = (rules_for(parts, *pair) for pair in gateways(parts.generation, Box))
    rules = {one.gateway_key: one for one in every}
    quarantine = Quarantine(store, blobs, offload, readers, settler, clock, rules.get)
    reader, current = StoredMailReader(store, blobs, readers, offload), parts.current
    operator = OperatorParts(
        store=store,
        reader=reader,
        offload=offload,
        quarantine=quarantine,
        board=board,
        current=current,
        operations=operations,
    )
    return OperatorServer(create_operator_app(operator), parts.store_folder)


def ops_door(parts: Parts, stopping: asyncio.Event) -> OpsServer:
    """Metrics and health; ready means that the store takes writes and nobody asked us to stop."""

    async def store_takes_writes() -> str | None:
        await parts.store.write(lambda tx: None)  # noqa: ARG005 an empty unit still needs the writer and its file
        return None

    async def is_not_stopping() -> str | None:
        return "the service is stopping" if stopping.is_set() else None

    health = Health(ready={"store": store_takes_writes, "running": is_not_stopping})
    return OpsServer(parts.generation.process.ops.listen, parts.metrics, health)


def sending_rules(parts: Parts, tenant_name: str, channel_name: str) -> SendingRules:
    """A channel's way out, from the settings in force. Raises ConfigurationError where it has none any more."""
    tenant = parts.generation.tenant(tenant_name)
    channel = tenant.channel(channel_name) if tenant else None
    gateway = tenant.gateway(channel.sending_gateway) if tenant and channel else None
    if tenant is None or channel is None or not isinstance(gateway, SmtpGateway):
        raise ConfigurationError(f"channel {channel_name} of {tenant_name} has no sending gateway any more")
    own = {gateway.from_address, *(address for one in tenant.channels for address in one.addresses)}
    return SendingRules(
        gateway=gateway.name,
        from_=Address(addr=gateway.from_address, name=gateway.from_name),
        envelope_from=gateway.bounce_address or gateway.from_address,
        domain=gateway.reply_domain or gateway.from_address.rpartition("@")[2],
        caps=compiled.caps(tenant, channel),
        own_addresses=frozenset(own),
        max_size=gateway.max_send_size,
        ring=parts.ring,
    )
