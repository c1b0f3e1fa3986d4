"""Mails of a tenant that wait for a person: in quarantine, too large, or without a route; and what is done with one.

They belong to no queue: who oversees a part of the tenant only is not shown them.
"""

from __future__ import annotations

from http import HTTPStatus

from litestar import get, post
from litestar.params import FromPath

from postroom.api.auth import Caller, SignedIn
from postroom.api.idempotency import Asked, audited
from postroom.api.operator.mails import Ended, Limit, MailLines, Of, Waiting, ended_of, mail_lines, receipt_of
from postroom.api.parts import ApiParts, Parts
from postroom.api.problems import not_found, problem
from postroom.ports.people import Scope


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


async def _check(parts: ApiParts, caller: Caller, receipt_id: str) -> None:
    """Raise the 403 and 404 problems where that mail is not the caller's."""
    _check_reach(caller)
    if (await receipt_of(parts.operator, receipt_id)).tenant != caller.tenant:
        raise not_found()


def _check_reach(caller: Caller) -> None:
    if caller.reach != Scope():
        raise problem(HTTPStatus.FORBIDDEN, "This is for who oversees the whole tenant.", "reach")


ROUTES = (read_waiting_mails, retry_mail, release_mail)
