"""Mails of a tenant that wait for a person: in quarantine, too large, or without a route; and what is done with one.

They belong to no queue: who oversees a part of the tenant only is not shown them, and may give one to his channels.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from http import HTTPStatus

from litestar import Response, get, post
from litestar.params import FromPath, JSONBody

from postroom.api.access import sight_for, tenant_of
from postroom.api.auth import Caller, SignedIn
from postroom.api.idempotency import Answer, Asked, answered_before, as_response, audited, ok, once
from postroom.api.operator.mails import (
    Ended,
    GivenTo,
    Limit,
    MailLines,
    Of,
    Waiting,
    ended,
    ended_of,
    mail_lines,
    not_done,
    receipt_of,
)
from postroom.api.parts import ApiParts, Parts
from postroom.api.problems import Problem, not_found, problem, refused
from postroom.errors import PermanentError
from postroom.ports.desk import Stale
from postroom.ports.people import Scope
from postroom.ports.records import Receipt
from postroom.ports.store import Tx


@get("/waiting-mails", summary="As supervisor, mails that wait for a person")
async def read_waiting_mails(
    parts: Parts, caller: SignedIn, outcome: Of = Waiting.QUARANTINED, limit: Limit = 50
) -> MailLines:
    """Give the newest mails that ended so."""
    _check_reach(caller)
    return await mail_lines(parts.operator, [caller.tenant], outcome, limit)


@post(
    "/waiting-mails/{receipt_id:str}/retry",
    status_code=HTTPStatus.OK,
    summary="As supervisor, have a mail in quarantine read again",
)
async def retry_mail(parts: Parts, repeatable: Asked, receipt_id: FromPath[str]) -> Ended:
    """Have it read once more; the outcome is `quarantined` again where that fails."""
    await _check(parts, repeatable.caller, receipt_id)
    return await audited(parts, repeatable, ended_of(parts.operator.quarantine.retry(receipt_id)))


@post(
    "/waiting-mails/{receipt_id:str}/release",
    status_code=HTTPStatus.OK,
    summary="As supervisor, let a mail in quarantine go on unread",
)
async def release_mail(parts: Parts, repeatable: Asked, receipt_id: FromPath[str]) -> Ended:
    """Settle it with its header alone, its bytes attached."""
    await _check(parts, repeatable.caller, receipt_id)
    return await audited(parts, repeatable, ended_of(parts.operator.quarantine.release(receipt_id)))


@post(
    "/waiting-mails/{receipt_id:str}/route",
    status_code=HTTPStatus.OK,
    summary="As supervisor of a channel, give it a mail that no route matched",
)
async def route_mail(
    parts: Parts, repeatable: Asked, receipt_id: FromPath[str], data: JSONBody[GivenTo]
) -> Response[Ended]:
    """Run the channel's rules on the mail as if a route had matched it; once, and who comes second is told."""
    caller = repeatable.caller
    _check_channel(parts, caller, data.channel)
    if (await receipt_of(parts.operator, receipt_id)).tenant != caller.tenant:
        raise not_found()
    before = await answered_before(parts, repeatable)
    if before is not None:
        return as_response(before)
    try:
        bring = await parts.operator.unrouted.to_channel(receipt_id, data.channel, caller.account)
        return as_response(await once(parts, repeatable, partial(_brought, bring)))
    except PermanentError as error:
        raise not_done(error) from error


def _brought(bring: Callable[[Tx], Receipt], tx: Tx) -> Answer | Problem:
    try:
        return ok(ended(bring(tx)))
    except Stale as error:
        return not_done(error)


def _check_channel(parts: ApiParts, caller: Caller, channel: str) -> None:
    """Raise the 422 and 403 problems where there is no such channel, or none that the caller oversees."""
    tenant = tenant_of(parts.current(), caller)
    if not sight_for(tenant, caller).has_channel(channel):
        raise problem(HTTPStatus.FORBIDDEN, "This is for who oversees the channel.", "reach")
    if tenant.channel(channel) is None:
        raise refused(f"channel: there is no channel {channel!r}")


async def _check(parts: ApiParts, caller: Caller, receipt_id: str) -> None:
    """Raise the 403 and 404 problems where that mail is not the caller's."""
    _check_reach(caller)
    if (await receipt_of(parts.operator, receipt_id)).tenant != caller.tenant:
        raise not_found()


def _check_reach(caller: Caller) -> None:
    if caller.reach != Scope():
        raise problem(HTTPStatus.FORBIDDEN, "This is for who oversees the whole tenant.", "reach")


ROUTES = (read_waiting_mails, retry_mail, release_mail, route_mail)
