"""An agent begins a conversation himself: he writes first, on a channel whose queue he serves, and it is his."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from litestar import Response, post
from litestar.params import JSONBody
from msgspec import Meta, Struct, field

from postroom.api.access import tenant_of
from postroom.api.attachments import Files, attached
from postroom.api.auth import Caller
from postroom.api.commands import Name
from postroom.api.drafts import Addresses, Sender, Text
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
from postroom.api.problems import problem, refused
from postroom.api.replies import AcceptedReply, accepted, needs_key
from postroom.ports.desk import FirstRequest, NewAttachment, PreparedFirst
from postroom.ports.store import Tx
from postroom.settings.schema import Tenant


class FirstMailBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is sent, on which channel."""

    channel: Name
    to: Addresses
    subject: Annotated[str, Meta(min_length=1, max_length=998)]
    text: Text
    html: Text | None = None
    cc: Addresses = ()
    bcc: Addresses = ()
    attachments: Files = ()
    sender: Sender = field(default="", name="from")


class BegunConversation(Struct, frozen=True, kw_only=True):
    """The mail, durable, and the token of the caller's assignment to its session."""

    reply: AcceptedReply
    token: str


@post(
    "/conversations",
    summary="Write to a customer first",
    status_code=HTTPStatus.CREATED,
    request_max_body_size=REPLY_BODY_LIMIT,
)
async def write_first(parts: Parts, repeatable: Asked, data: JSONBody[FirstMailBody]) -> Response[BegunConversation]:
    """Begin a conversation with a mail. The Idempotency-Key is required: a mail sent twice cannot be called back."""
    caller = repeatable.caller
    needs_key(repeatable)
    before = await answered_before(parts, repeatable)
    if before is not None:
        return as_response(before)
    async with refusals_written(parts, repeatable):
        _check_channel(tenant_of(parts.current(), caller), caller, data.channel)
        files = await attached(parts, caller, data.attachments)
        prepared = await parts.desk.prepare_first(_request(parts, caller, data, files))
    return as_response(await _submit(parts, repeatable, prepared))


def _check_channel(tenant: Tenant, caller: Caller, name: str) -> None:
    """Raise the problem why the caller may not write on that channel, if there is one."""
    channel = tenant.channel(name)
    queue = tenant.queue(channel.skill_queue) if channel is not None else None
    if channel is None or queue is None or caller.account not in queue.members:
        raise refused(f"channel: there is no channel {name!r} whose queue you serve")
    if channel.retired or channel.mode == "shadow":
        why = "takes no new work" if channel.retired else "runs in shadow: nothing is sent"
        raise problem(HTTPStatus.CONFLICT, f"the channel {name} {why}", "not-possible")


def _request(parts: ApiParts, caller: Caller, data: FirstMailBody, files: tuple[NewAttachment, ...]) -> FirstRequest:
    return FirstRequest(
        tenant=caller.tenant,
        agent=caller.account,
        token=parts.ids.secret(),
        channel=data.channel,
        subject=data.subject,
        text=data.text,
        html=data.html,
        to=data.to,
        cc=data.cc,
        bcc=data.bcc,
        attachments=files,
        sender=data.sender,
    )


async def _submit(parts: ApiParts, asked: Repeatable, prepared: PreparedFirst) -> Answer:
    def unit(tx: Tx) -> Answer:
        reply = parts.desk.submit_first(tx, prepared)
        return ok(
            BegunConversation(reply=accepted(reply, prepared.sender), token=prepared.request.token), HTTPStatus.CREATED
        )

    return await once(parts, asked, unit)


ROUTES = (write_first,)
