"""Mails that wait for an operator: in quarantine, too large, or without a route; and what he does with one.

Lists are bounded, whatever waits; the bytes of a mail leave here only as a file to save.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable
from datetime import datetime
from enum import Enum
from http import HTTPStatus
from typing import Annotated, Any

from litestar import Request, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import Stream
from msgspec import Meta, Struct

from postroom.api.operator.header import Glance, glance, raw_header
from postroom.api.operator.parts import OperatorParts, Parts
from postroom.api.operator.users import OPERATOR, entry
from postroom.api.problems import Problem, problem
from postroom.api.ranges import OCTETS, FileContent, file_answer
from postroom.errors import PermanentError
from postroom.ports.records import Receipt, StoredMail, TraceLine
from postroom.ports.store import Tx
from postroom.routing.outcome import Outcome

LANE = "operator"
MOST = 200
GLANCED_AT = 32 * 1024 * 1024
"""Octets read for one list's senders and subjects; mails beyond it are shown without."""
_ID = re.compile(r"[0-9a-z]{26}")


class Waiting(Enum):
    """What a mail may wait as."""

    QUARANTINED = "quarantined"
    OVERSIZE = "oversize"
    UNROUTED = "unrouted"


Of = Annotated[Waiting, QueryParameter(description="Which mails.")]
OfTenant = Annotated[str | None, QueryParameter(description="Only mails of this tenant.")]
Limit = Annotated[int, QueryParameter(ge=1, le=MOST, description="How many at most.")]


class MailLine(Struct, frozen=True, kw_only=True):
    """One mail of a list; `sender` and `subject` are what its header claims, None where that was not looked at."""

    id: str
    tenant: str
    gateway: str
    first_seen_at: datetime
    size: int
    outcome: str
    reason: str
    attempts: int
    sender: str | None
    subject: str | None


class MailLines(Struct, frozen=True, kw_only=True):
    """The newest of them, newest first; `more` where there are others."""

    mails: tuple[MailLine, ...]
    more: bool


class MailDetail(Struct, frozen=True, kw_only=True):
    """One mail with its header as it came (None where its bytes are gone) and, once settled, its decision trace."""

    line: MailLine
    uid: str
    sha256: str
    header: str | None
    header_is_cut: bool
    mail: str | None
    conversation: str | None
    trace: tuple[TraceLine, ...]


class Ended(Struct, frozen=True, kw_only=True):
    """What became of a mail."""

    id: str
    outcome: str
    reason: str
    mail: str | None


class GivenTo(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The channel that shall have the mail."""

    channel: Annotated[str, Meta(min_length=1, max_length=64)]


@get("/mails", summary="Mails that wait for an operator")
async def read_mails(
    parts: Parts, outcome: Of = Waiting.QUARANTINED, tenant: OfTenant = None, limit: Limit = 50
) -> MailLines:
    """Give the newest mails of all tenants, or of one, that ended so."""
    tenants = [one.name for one in parts.current().tenants] if tenant is None else [tenant]
    return await mail_lines(parts, tenants, outcome, limit)


async def mail_lines(parts: OperatorParts, tenants: list[str], outcome: Waiting, limit: int) -> MailLines:
    """The newest mails of those tenants that ended so."""
    found = await parts.store.read(lambda tx: _newest(tx, tenants, Outcome(outcome.value), limit + 1))
    left, lines = GLANCED_AT, []
    for receipt, mail in found[:limit]:
        if mail is not None:
            lines.append(_line(receipt, Glance(sender=mail.from_address, subject=mail.subject)))
            continue
        # What is too large for the rest of the budget is skipped; smaller ones after it are still looked at.
        seen = await _glance(parts, receipt) if receipt.raw.size <= left else None
        left -= receipt.raw.size if seen is not None else 0
        lines.append(_line(receipt, seen))
    return MailLines(mails=tuple(lines), more=len(found) > limit)


def _newest(tx: Tx, tenants: list[str], outcome: Outcome, limit: int) -> list[tuple[Receipt, StoredMail | None]]:
    receipts = [receipt for tenant in tenants for receipt in tx.ledger.by_outcome(tenant, outcome, limit)]
    receipts.sort(key=lambda receipt: (receipt.first_seen_at, receipt.id), reverse=True)
    return [(receipt, tx.mails.get(receipt.mail) if receipt.mail else None) for receipt in receipts[:limit]]


async def _glance(parts: OperatorParts, receipt: Receipt) -> Glance | None:
    raw = await _raw(parts, receipt)
    return None if raw is None else await parts.offload.run(LANE, glance, raw)


async def _raw(parts: OperatorParts, receipt: Receipt) -> bytes | None:
    try:
        return await parts.reader.raw(receipt.raw.sha256)
    except PermanentError:
        return None


def _line(receipt: Receipt, seen: Glance | None) -> MailLine:
    return MailLine(
        id=receipt.id,
        tenant=receipt.tenant,
        gateway=receipt.gateway,
        first_seen_at=receipt.first_seen_at,
        size=receipt.listed_size if receipt.oversize else receipt.raw.size,
        outcome=receipt.outcome.value if receipt.outcome else "",
        reason=receipt.reason,
        attempts=receipt.attempts,
        sender=seen.sender if seen else None,
        subject=seen.subject if seen else None,
    )


@get("/mails/{receipt_id:str}", summary="One mail: its header as it came, and what was decided about it")
async def read_mail(parts: Parts, receipt_id: FromPath[str]) -> MailDetail:
    """Give one mail, whatever its outcome."""
    receipt = await receipt_of(parts, receipt_id)
    raw = await _raw(parts, receipt)
    seen = await parts.offload.run(LANE, glance, raw) if raw is not None else None
    header = await parts.offload.run(LANE, raw_header, raw) if raw is not None else None
    mail = await parts.store.read(lambda tx: _settled(tx, parts, receipt))
    return MailDetail(
        line=_line(receipt, seen),
        uid=receipt.uid,
        sha256=receipt.raw.sha256,
        header=header.text if header else None,
        header_is_cut=bool(header and header.is_cut),
        mail=receipt.mail,
        conversation=mail.conversation if mail else None,
        trace=mail.trace if mail else (),
    )


def _settled(tx: Tx, parts: OperatorParts, receipt: Receipt) -> StoredMail | None:
    """The mail that was read, with all that was decided about it."""
    found = tx.mails.get(receipt.mail) if receipt.mail else None
    return parts.traced(tx, (found,))[0] if found is not None else None


@get("/mails/{receipt_id:str}/raw", summary="The mail's bytes as they came", media_type=OCTETS)
async def read_raw(parts: Parts, request: Request[Any, Any, Any], receipt_id: FromPath[str]) -> Stream:
    """Give the mail as a file to save, or the range asked for; of one that is too large, its header."""
    receipt = await receipt_of(parts, receipt_id)
    try:
        raw = FileContent(await parts.reader.open_raw(receipt.raw.sha256))
    except PermanentError as error:
        raise problem(HTTPStatus.GONE, "The bytes of this mail are gone or damaged.") from error
    return file_answer(request, parts.offload, raw, f"{receipt.id}.eml", receipt.raw.sha256)


@post("/mails/{receipt_id:str}/retry", summary="Read a mail in quarantine again", status_code=HTTPStatus.OK)
async def retry(parts: Parts, receipt_id: FromPath[str]) -> Ended:
    """Have it read once more; the outcome is `quarantined` again where that fails."""
    receipt = await receipt_of(parts, receipt_id)
    return await ended_of(parts.quarantine.retry(receipt.id))


@post("/mails/{receipt_id:str}/release", summary="Let a mail in quarantine go on unread", status_code=HTTPStatus.OK)
async def release(parts: Parts, receipt_id: FromPath[str]) -> Ended:
    """Settle it with its header alone, its bytes attached."""
    receipt = await receipt_of(parts, receipt_id)
    return await ended_of(parts.quarantine.release(receipt.id))


@post(
    "/mails/{receipt_id:str}/route", summary="Give a mail that no route matched to a channel", status_code=HTTPStatus.OK
)
async def route(parts: Parts, receipt_id: FromPath[str], data: JSONBody[GivenTo]) -> Ended:
    """Run the channel's rules on the mail as if a route had matched it."""
    receipt = await receipt_of(parts, receipt_id)
    tenant = parts.current().tenant(receipt.tenant)
    if tenant is None or tenant.channel(data.channel) is None:
        raise problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"There is no channel {data.channel!r}.", "invalid")
    return await ended_of(_routed(parts, receipt, data.channel))


async def _routed(parts: OperatorParts, receipt: Receipt, channel: str) -> Receipt:
    bring = await parts.unrouted.to_channel(receipt.id, channel, OPERATOR)

    def unit(tx: Tx) -> Receipt:
        tx.audit.add(entry(parts, "route mail", receipt.tenant, f"{receipt.id} to {channel}"))
        return bring(tx)

    return await parts.store.write(unit)


async def ended_of(act: Awaitable[Receipt]) -> Ended:
    """What became of the mail. Raises the 409 problem with the words for the operator."""
    try:
        return ended(await act)
    except PermanentError as error:
        raise not_done(error) from error


def not_done(error: PermanentError) -> Problem:
    """The 409 problem with the words for who asked."""
    return problem(HTTPStatus.CONFLICT, f"{error}.", "not-done")


def ended(receipt: Receipt) -> Ended:
    """What became of the mail."""
    outcome = receipt.outcome.value if receipt.outcome else ""
    return Ended(id=receipt.id, outcome=outcome, reason=receipt.reason, mail=receipt.mail)


async def receipt_of(parts: OperatorParts, receipt_id: str) -> Receipt:
    """The receipt of that id. Raises the 404 problem, for what cannot be an id too."""
    found = await parts.store.read(lambda tx: tx.ledger.get(receipt_id)) if _ID.fullmatch(receipt_id) else None
    if found is None:
        raise problem(HTTPStatus.NOT_FOUND, "No mail has this id.")
    return found


ROUTES = (read_mails, read_mail, read_raw, retry, release, route)
