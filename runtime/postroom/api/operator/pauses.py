"""What is held back for operation's sake, and the verbs that hold back and let go."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from litestar import get, post
from litestar.params import FromPath
from msgspec import Struct

from postroom.api.operator.parts import OperatorParts, Parts
from postroom.api.problems import problem
from postroom.errors import PermanentError, TemporaryError
from postroom.ports.pauses import EVERYBODY, Paused


class PauseView(Struct, frozen=True, kw_only=True):
    """Something that is held back; an empty tenant stands for all of them. What settings hold has no beginning."""

    what: Paused
    tenant: str
    by: str
    since: datetime | None


class PauseViews(Struct, frozen=True, kw_only=True):
    """Everything that is held back."""

    paused: tuple[PauseView, ...]


@get("/paused", summary="What is held back")
async def read_paused(parts: Parts) -> PauseViews:
    """Give everything that an operator or a tenant's settings hold back."""
    return _views(parts)


@post(
    ["/paused/{what:str}", "/paused/{what:str}/{tenant:str}"], status_code=HTTPStatus.OK, summary="Hold something back"
)
async def pause(parts: Parts, what: FromPath[str], tenant: FromPath[str] = EVERYBODY) -> PauseViews:
    """Hold it back at once, for one tenant or for all, until it is resumed, also after a restart."""
    found = _what(what)
    if tenant != EVERYBODY and parts.current().tenant(tenant) is None:
        raise problem(HTTPStatus.NOT_FOUND, f"there is no tenant {tenant}")
    try:
        await parts.pauses.pause(found, tenant)
    except TemporaryError as error:
        raise problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error)) from error
    return _views(parts)


@post(["/resumed/{what:str}", "/resumed/{what:str}/{tenant:str}"], status_code=HTTPStatus.OK, summary="Let it go on")
async def resume(parts: Parts, what: FromPath[str], tenant: FromPath[str] = EVERYBODY) -> PauseViews:
    """Let it go on at once."""
    try:
        await parts.pauses.resume(_what(what), tenant)
    except PermanentError as error:
        raise problem(HTTPStatus.CONFLICT, str(error)) from error
    except TemporaryError as error:
        raise problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error)) from error
    return _views(parts)


def _what(text: str) -> Paused:
    try:
        return Paused(text)
    except ValueError as error:
        raise problem(HTTPStatus.NOT_FOUND, f"{text} cannot be paused") from error


def _views(parts: OperatorParts) -> PauseViews:
    return PauseViews(
        paused=tuple(
            PauseView(what=one.what, tenant=one.tenant, by=one.by, since=one.since) for one in parts.pauses.all()
        )
    )


ROUTES = (read_paused, pause, resume)
