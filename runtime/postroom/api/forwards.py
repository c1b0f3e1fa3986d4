"""An agent passes a mail of a conversation on to somebody else, with its files: no answer to the customer.

What comes back from there comes into the conversation by our token, its author shown as a new participant.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from litestar import Response, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from postroom.api.access import Act, late, session_for, tenant_of
from postroom.api.attachments import Files, attached
from postroom.api.auth import Caller
from postroom.api.drafts import Addresses, Text
from postroom.api.idempotency import (
    Answer,
    Asked,
    Repeatable,
    answered_before,
    as_response,
    ok,
    once,
    refusals_written,
)
from postroom.api.limits import REPLY_BODY_LIMIT
from postroom.api.parts import ApiParts, Parts
from postroom.api.replies import AcceptedReply, accepted, needs_key
from postroom.ports.desk import ForwardRequest, NewAttachment, PreparedForward, Stale
from postroom.ports.store import Tx
from postroom.session.rules.ruling import NOT_YOURS, is_owner
from postroom.session.state import SessionId

OwnFiles = Annotated[tuple[Annotated[int, Meta(ge=0, le=1_000_000)], ...], Meta(max_length=1_000)]


class ForwardBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is passed on, and to whom. Without `mail` it is the customer's newest; without `files` all of its files."""

    token: Annotated[str, Meta(min_length=1, max_length=128)]
    to: Addresses
    text: Text = ""
    html: Text | None = None
    mail: Annotated[str, Meta(max_length=64)] = ""
    files: OwnFiles | None = None
    subject: Annotated[str, Meta(max_length=998)] | None = None
    cc: Addresses = ()
    bcc: Addresses = ()
    attachments: Files = ()
    """Files that the agent adds."""


@post(
    "/sessions/{session_id:str}/forward",
    summary="Pass a mail on to somebody else",
    status_code=HTTPStatus.CREATED,
    request_max_body_size=REPLY_BODY_LIMIT,
)
async def forward(
    parts: Parts, repeatable: Asked, session_id: FromPath[str], data: JSONBody[ForwardBody]
) -> Response[AcceptedReply]:
    """Take a forward in; the channel's caps hold for it. The Idempotency-Key is required, as for a reply."""
    caller = repeatable.caller
    tenant = tenant_of(parts.current(), caller)
    needs_key(repeatable)
    before = await answered_before(parts, repeatable)
    if before is not None:
        return as_response(before)
    session = SessionId(session_id)
    try:
        async with refusals_written(parts, repeatable):
            request = _request(caller, session, data, await attached(parts, caller, data.attachments, session))
            await parts.store.read(lambda tx: _look(tx, parts, caller, request))
            prepared = await parts.desk.prepare_forward(request)
        return as_response(await _submit(parts, repeatable, prepared))
    except Stale as error:
        raise late(error.words, error.holder, tenant, caller) from error


def _look(tx: Tx, parts: ApiParts, caller: Caller, request: ForwardRequest) -> None:
    """Refuse before anything is rendered what the submission would refuse anyway."""
    found = session_for(tx, request.session, tenant_of(parts.current(), caller), caller, Act.FORWARD)
    if not is_owner(found, caller.account, request.token):
        raise Stale(NOT_YOURS, found.holder or found.owner)


async def _submit(parts: ApiParts, asked: Repeatable, prepared: PreparedForward) -> Answer:
    tenant = tenant_of(parts.current(), asked.caller)

    def unit(tx: Tx) -> Answer:
        session_for(tx, prepared.request.session, tenant, asked.caller, Act.FORWARD)
        return ok(accepted(parts.desk.submit_forward(tx, prepared)), HTTPStatus.CREATED)

    return await once(parts, asked, unit)


def _request(caller: Caller, session: SessionId, data: ForwardBody, files: tuple[NewAttachment, ...]) -> ForwardRequest:
    return ForwardRequest(
        tenant=caller.tenant,
        agent=caller.account,
        session=session,
        token=data.token,
        mail=data.mail,
        files=data.files,
        text=data.text,
        html=data.html,
        subject=data.subject,
        to=data.to,
        cc=data.cc,
        bcc=data.bcc,
        attachments=files,
        sender="channel",
    )


ROUTES = (forward,)
