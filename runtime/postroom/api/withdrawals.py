"""Taking a reply back before any server was offered it; afterwards it cannot be called back, and the answer says so."""

from __future__ import annotations

from http import HTTPStatus

from litestar import Response, post
from litestar.params import FromPath, JSONBody
from msgspec import Struct
from msgspec.structs import replace

from postroom.api.access import session_for, tenant_of
from postroom.api.auth import Caller
from postroom.api.commands import bring
from postroom.api.idempotency import Answer, Asked, as_response, ok, once
from postroom.api.parts import ApiParts, Parts
from postroom.api.problems import Problem, not_found, problem
from postroom.api.sessions import TokenBody
from postroom.ports.records import Reply, ReplyState, TraceLine
from postroom.ports.store import Topic, Tx
from postroom.session.events import ReplyWithdrawn
from postroom.session.state import SessionId


class WithdrawnReply(Struct, frozen=True, kw_only=True):
    """A reply nobody will get, and where its session stands."""

    reply: str
    state: str
    session: str
    phase: str


@post(
    "/sessions/{session_id:str}/replies/{reply_id:str}/withdraw",
    summary="Take back a reply no server was offered yet",
    status_code=HTTPStatus.OK,
)
async def withdraw(
    parts: Parts, repeatable: Asked, session_id: FromPath[str], reply_id: FromPath[str], data: JSONBody[TokenBody]
) -> Response[WithdrawnReply]:
    """Withdraw it, and have the word again; 409 `already-offered` where it may be on its way."""
    caller = repeatable.caller

    def unit(tx: Tx) -> Answer | Problem:
        return _withdraw(tx, parts, caller, (SessionId(session_id), reply_id), data.token)

    return as_response(await once(parts, repeatable, unit))


def _withdraw(tx: Tx, parts: ApiParts, caller: Caller, which: tuple[SessionId, str], token: str) -> Answer | Problem:
    session_id, reply_id = which
    found = session_for(tx, session_id, tenant_of(parts.current(), caller), caller)
    reply = tx.replies.get(reply_id)
    if reply is None or reply.session != session_id or reply.automatic:
        raise not_found()
    after = bring(tx, parts, caller, found, ReplyWithdrawn(agent=caller.account, token=token, reply=reply_id))
    if isinstance(after, Problem):
        return after
    if not tx.outbox.withdraw(reply_id):
        # Raised, not returned: with it goes what was just decided.
        words = "A server was offered this reply already, or is being offered it."
        raise problem(HTTPStatus.CONFLICT, words, "already-offered")
    _close(tx, reply, caller)
    state = ReplyState.WITHDRAWN.value
    return ok(WithdrawnReply(reply=reply_id, state=state, session=session_id, phase=after.phase.value))


def _close(tx: Tx, reply: Reply, caller: Caller) -> None:
    withdrawn = ReplyState.WITHDRAWN
    tx.replies.set_state(reply.id, withdrawn)
    tx.replies.set_recipients(reply.id, [replace(one, state=withdrawn) for one in reply.recipients])
    line = TraceLine(step="reply", verdict="withdrawn", evidence=f"agent {caller.account}")
    tx.mails.add_trace(reply.mail, (line,))
    # Later rows of the conversation waited for this one.
    tx.wake(Topic.OUTBOX)


ROUTES = (withdraw,)
