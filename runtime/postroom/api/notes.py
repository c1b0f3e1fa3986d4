"""What colleagues write to each other about a session; it stands with the conversation, and is never mailed."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from litestar import Response, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from postroom.api.access import Act, name_of, session_for, tenant_of
from postroom.api.idempotency import Answer, Asked, as_response, ok, once
from postroom.api.parts import Parts
from postroom.ports.store import Tx
from postroom.session.events import NoteWritten
from postroom.session.rules.ruling import is_owner
from postroom.session.state import SessionId

LONGEST = 20_000
"""Characters: what is longer is a file."""


class NoteBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The words of a note. The token is the owner's, whose time to answer begins anew, once; others have none."""

    text: Annotated[str, Meta(min_length=1, max_length=LONGEST)]
    token: Annotated[str, Meta(max_length=128)] = ""


class WrittenNote(Struct, frozen=True, kw_only=True):
    """A note that is kept."""

    session: str
    conversation: str
    agent: str
    agent_name: str
    at: datetime
    text: str


@post("/sessions/{session_id:str}/notes", summary="Write a note to colleagues", status_code=HTTPStatus.CREATED)
async def write_note(
    parts: Parts, repeatable: Asked, session_id: FromPath[str], data: JSONBody[NoteBody]
) -> Response[WrittenNote]:
    """Keep a note; whoever may see the session may write one, in every phase, and no phase changes."""
    caller, now = repeatable.caller, parts.clock.now()
    tenant = tenant_of(parts.current(), caller)

    def unit(tx: Tx) -> Answer:
        found = session_for(tx, SessionId(session_id), tenant, caller, Act.SEE)
        token = data.token if is_owner(found, caller.account, data.token) else ""
        parts.step(tx, found.id, NoteWritten(agent=caller.account, token=token, text=data.text))
        note = WrittenNote(
            session=found.id,
            conversation=found.conversation,
            agent=caller.account,
            agent_name=name_of(tenant, caller.account),
            at=now,
            text=data.text,
        )
        return ok(note, HTTPStatus.CREATED)

    return as_response(await once(parts, repeatable, unit))


ROUTES = (write_note,)
