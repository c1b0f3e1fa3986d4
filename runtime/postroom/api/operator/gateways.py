"""How each gateway of the settings in force is, and the verbs that connect, disconnect and try one."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import datetime
from http import HTTPStatus

from litestar import get, post
from litestar.params import FromPath
from msgspec import Struct

from postroom.api.operator.parts import OperatorParts, Parts
from postroom.api.problems import problem
from postroom.errors import TemporaryError
from postroom.ports.pauses import Paused
from postroom.settings.schema import Gateway, kind_of


class GatewayView(Struct, frozen=True, kw_only=True):
    """One gateway; status and times are None where nothing was heard of it yet."""

    tenant: str
    name: str
    kind: str
    status: str | None
    since: datetime | None
    last_success_at: datetime | None
    last_error: str
    last_error_at: datetime | None
    mails_left: int | None
    paused: bool = False
    """Whether its tenant's intake, or sending, is held back."""


class TriedView(Struct, frozen=True, kw_only=True):
    """How signing in to a gateway went; the words are empty where it succeeded."""

    gateway: str
    kind: str
    status: str
    words: str


class GatewayViews(Struct, frozen=True, kw_only=True):
    """Every gateway, in the order of the settings."""

    gateways: tuple[GatewayView, ...]


@get("/gateways", summary="How every gateway is")
async def read_gateways(parts: Parts) -> GatewayViews:
    """Give the gateways of every tenant with their status in words."""
    tenants = parts.current().tenants
    return GatewayViews(
        gateways=tuple(gateway_view(parts, one.name, gateway) for one in tenants for gateway in one.gateways)
    )


@post("/gateways/{tenant:str}/{gateway:str}/rebuild", status_code=HTTPStatus.OK, summary="Connect a gateway anew")
async def rebuild_gateway(parts: Parts, tenant: FromPath[str], gateway: FromPath[str]) -> GatewayView:
    """Connect it now, also after it was disconnected, and give what came of it."""
    found = gateway_of(parts, tenant, gateway)
    await carried_out(parts.operations.rebuild(tenant, gateway))
    return gateway_view(parts, tenant, found)


@post(
    "/gateways/{tenant:str}/{gateway:str}/disconnect",
    status_code=HTTPStatus.OK,
    summary="Take a gateway out of service",
)
async def disconnect_gateway(parts: Parts, tenant: FromPath[str], gateway: FromPath[str]) -> GatewayView:
    """Collect and send nothing through it until it is rebuilt, also after a restart."""
    found = gateway_of(parts, tenant, gateway)
    await carried_out(parts.operations.disconnect(tenant, gateway))
    return gateway_view(parts, tenant, found)


@post("/gateways/{tenant:str}/{gateway:str}/test", status_code=HTTPStatus.OK, summary="Try a gateway out")
async def try_gateway(parts: Parts, tenant: FromPath[str], gateway: FromPath[str]) -> TriedView:
    """Sign in once; no mail is read, sent or deleted, and its status stays what it is."""
    found = gateway_of(parts, tenant, gateway)
    status, words = await parts.operations.try_out(tenant, gateway)
    return TriedView(gateway=f"{tenant}/{gateway}", kind=kind_of(found), status=status.value, words=words)


def gateway_of(parts: OperatorParts, tenant: str, gateway: str) -> Gateway:
    """The gateway of the settings in force. Raises the 404 problem."""
    space = parts.current().tenant(tenant)
    found = space.gateway(gateway) if space else None
    if found is None:
        raise problem(HTTPStatus.NOT_FOUND, "there is no such gateway")
    return found


async def carried_out(act: Awaitable[None]) -> None:
    """Await it. Raises the 503 problem with the words for the operator."""
    try:
        await act
    except TemporaryError as error:
        raise problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error)) from error


def gateway_view(parts: OperatorParts, tenant: str, gateway: Gateway) -> GatewayView:
    """The gateway as last seen."""
    seen = parts.board.of(tenant, gateway.name)
    return GatewayView(
        tenant=tenant,
        name=gateway.name,
        kind=kind_of(gateway),
        status=seen.status.value if seen else None,
        since=seen.since if seen else None,
        last_success_at=seen.last_success_at if seen else None,
        last_error=seen.last_error if seen else "",
        last_error_at=seen.last_error_at if seen else None,
        mails_left=seen.mails_left if seen else None,
        paused=parts.pauses.is_paused(Paused.SENDING if kind_of(gateway) == "smtp" else Paused.INTAKE, tenant),
    )


ROUTES = (read_gateways, rebuild_gateway, disconnect_gateway, try_gateway)
