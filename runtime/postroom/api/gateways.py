"""The gateways of a tenant, for its administrators: how each is, and connecting, disconnecting and trying one."""

from __future__ import annotations

from http import HTTPStatus

from litestar import get, post
from litestar.params import FromPath

from postroom.api.access import tenant_of
from postroom.api.auth import SignedIn
from postroom.api.idempotency import Asked, audited
from postroom.api.operator.gateways import (
    GatewayView,
    GatewayViews,
    TriedView,
    carried_out,
    gateway_of,
    gateway_view,
)
from postroom.api.parts import Parts
from postroom.settings.schema import kind_of


@get("/gateways", summary="As administrator, how every gateway is")
async def read_gateways(parts: Parts, caller: SignedIn) -> GatewayViews:
    """Give the tenant's gateways with their status in words."""
    tenant = tenant_of(parts.current(), caller)
    return GatewayViews(gateways=tuple(gateway_view(parts.operator, tenant.name, one) for one in tenant.gateways))


@post("/gateways/{gateway:str}/rebuild", status_code=HTTPStatus.OK, summary="As administrator, connect a gateway anew")
async def rebuild_gateway(parts: Parts, repeatable: Asked, gateway: FromPath[str]) -> GatewayView:
    """Connect it now, also after it was disconnected, and give what came of it."""
    tenant, operator = repeatable.caller.tenant, parts.operator
    found = gateway_of(operator, tenant, gateway)
    await audited(parts, repeatable, carried_out(operator.operations.rebuild(tenant, gateway)))
    return gateway_view(operator, tenant, found)


@post(
    "/gateways/{gateway:str}/disconnect",
    status_code=HTTPStatus.OK,
    summary="As administrator, take a gateway out of service",
)
async def disconnect_gateway(parts: Parts, repeatable: Asked, gateway: FromPath[str]) -> GatewayView:
    """Collect and send nothing through it until it is rebuilt, also after a restart."""
    tenant, operator = repeatable.caller.tenant, parts.operator
    found = gateway_of(operator, tenant, gateway)
    await audited(parts, repeatable, carried_out(operator.operations.disconnect(tenant, gateway)))
    return gateway_view(operator, tenant, found)


@post("/gateways/{gateway:str}/test", status_code=HTTPStatus.OK, summary="As administrator, try a gateway out")
async def try_gateway(parts: Parts, repeatable: Asked, gateway: FromPath[str]) -> TriedView:
    """Sign in once; no mail is read, sent or deleted, and its status stays what it is."""
    tenant, operator = repeatable.caller.tenant, parts.operator
    found = gateway_of(operator, tenant, gateway)
    status, words = await audited(parts, repeatable, operator.operations.try_out(tenant, gateway))
    return TriedView(gateway=gateway, kind=kind_of(found), status=status.value, words=words)


ROUTES = (read_gateways, rebuild_gateway, disconnect_gateway, try_gateway)
