"""Conversations laid together and apart: the younger into the older, and one mail into a conversation of its own.

Both are by who has the conversation's session, or may take it, or oversees it; the other conversation he must see.
"""

from __future__ import annotations

from http import HTTPStatus

from litestar import Response, post
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from postroom.api.access import Act, Relation, conversation_for, forbidden, late, may, relations, tenant_of
from postroom.api.auth import Caller
from postroom.api.commands import Name, SessionState, Token, state_view
from postroom.api.idempotency import Answer, Asked, as_response, ok, once
from postroom.api.parts import ApiParts, Parts
from postroom.api.problems import Problem, not_found, problem, refused
from postroom.mail.address_key import address_key
from postroom.ports.records import Conversation, StoredMail, TraceLine
from postroom.ports.store import Tx
from postroom.routing.outcome import Outcome
from postroom.session.apart import is_over_without
from postroom.session.events import ConversationMerged, MessageReceived, SessionAssigned, SessionFiled
from postroom.session.rules.ruling import NOT_YOURS, is_owner
from postroom.session.state import ConversationId, Session
from postroom.settings.schema import Tenant

Found = tuple[Conversation, Session]


class MergeBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """With which conversation; the token where the caller has the younger one's session."""

    other: Name
    token: Token | None = None


class SplitBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which mail; the token where the caller has the session."""

    mail: Name
    token: Token | None = None


@post("/conversations/{conversation_id:str}/merge", summary="Lay two conversations together", status_code=HTTPStatus.OK)
async def merge(
    parts: Parts, repeatable: Asked, conversation_id: FromPath[str], data: JSONBody[MergeBody]
) -> Response[SessionState]:
    """Lay the younger into the older, whose session goes on; later mail of either follows."""
    caller = repeatable.caller
    tenant, token = tenant_of(parts.current(), caller), parts.ids.secret()

    def unit(tx: Tx) -> Answer | Problem:
        both = (
            conversation_for(tx, ConversationId(conversation_id), tenant, caller),
            conversation_for(tx, ConversationId(data.other), tenant, caller),
        )
        older, younger = sorted(both, key=lambda one: (one[0].created_at, one[0].id))
        _check_pair(older, younger)
        _check_right(younger[1], tenant, caller, data.token)
        _merge(tx, parts, caller, (older, younger), token)
        return ok(state_view(tx, tx.sessions.latest(older[0].id) or older[1]))

    return as_response(await once(parts, repeatable, unit))


def _check_pair(older: Found, younger: Found) -> None:
    """Raise the problem why the two cannot be one, if there is one."""
    if older[0].id == younger[0].id:
        raise refused("other: it is the same conversation")
    if older[0].channel != younger[0].channel:
        raise problem(HTTPStatus.CONFLICT, "They are conversations of different channels.", "not-possible")
    if younger[1].is_open and younger[1].unanswered_since is not None and not younger[1].customer_mail:
        words = "A reply of it failed and nobody has dealt with that yet."
        raise problem(HTTPStatus.CONFLICT, words, "not-possible")


def _check_right(session: Session, tenant: Tenant, caller: Caller, token: str | None) -> None:
    """Raise the problem why it is not for the caller, if there is one: another agent's, or under an older token."""
    if not may(Act.HANDLE, session, tenant, caller):
        raise forbidden(session, tenant, caller)
    is_by_token = session.is_open and session.owner and Relation.OVERSEER not in relations(session, tenant, caller)
    if is_by_token and not is_owner(session, caller.account, token or ""):
        raise late(NOT_YOURS, session.owner, tenant, caller)


def _merge(tx: Tx, parts: ApiParts, caller: Caller, pair: tuple[Found, Found], token: str) -> None:
    (older, older_session), (younger, session) = pair
    if session.is_open:
        parts.step(tx, session.id, ConversationMerged(by=caller.account, into=older.id))
    tx.conversations.merge(younger.id, older.id)
    tx.conversations.touch(older.id, younger.last_mail_at, younger.participants)
    if not session.is_open or session.unanswered_since is None or session.customer_wrote_at is None:
        return
    goes_on, _ = parts.step.in_conversation(
        tx,
        older.id,
        MessageReceived(
            mail=session.customer_mail,
            received_at=session.customer_wrote_at,
            queue=session.queue or None,
            priority=session.priority,
        ),
    )
    if session.owner and not older_session.is_open:
        # Nobody has the older one: who had the younger goes on with it, on the place that was his.
        tx.agents.take(session.tenant, session.owner, goes_on.weight)
        parts.step(tx, goes_on.id, SessionAssigned(agent=session.owner, token=token, by=caller.account))


@post("/conversations/{conversation_id:str}/split", summary="Give a mail a conversation", status_code=HTTPStatus.OK)
async def split(
    parts: Parts, repeatable: Asked, conversation_id: FromPath[str], data: JSONBody[SplitBody]
) -> Response[SessionState]:
    """Put one mail of the customer's into a new conversation, in which it is served as a new mail.

    A session in which he waited for nothing else is over with that.
    """
    caller = repeatable.caller
    tenant, new = tenant_of(parts.current(), caller), ConversationId(parts.ids.new())

    def unit(tx: Tx) -> Answer | Problem:
        conversation, session = conversation_for(tx, ConversationId(conversation_id), tenant, caller)
        _check_right(session, tenant, caller, data.token)
        mail, others = _splittable(tx, conversation, data.mail)
        if is_over_without(session, mail.received_at, [one.received_at for one in others]):
            is_overseer = Relation.OVERSEER in relations(session, tenant, caller)
            filed = SessionFiled(by=caller.account, reason="split", token=data.token or "", by_supervisor=is_overseer)
            parts.step(tx, session.id, filed)
        return ok(state_view(tx, _split(tx, parts, caller, mail, new)))

    return as_response(await once(parts, repeatable, unit))


def _splittable(tx: Tx, conversation: Conversation, wanted: str) -> tuple[StoredMail, list[StoredMail]]:
    """The mail, if it is one of several of the customer's there, and the others. Raises the 404 and 422 problems."""
    mails = [one for one in tx.mails.of_conversation(conversation.id) if _is_customers(one)]
    mail = next((one for one in mails if one.id == wanted), None)
    if mail is None:
        raise not_found()
    if len(mails) == 1:
        raise refused("mail: it is the conversation's only mail of the customer's")
    return mail, [one for one in mails if one.id != wanted]


def _is_customers(mail: StoredMail) -> bool:
    return mail.incoming and mail.outcome is Outcome.CONVERSATION


def _split(tx: Tx, parts: ApiParts, caller: Caller, mail: StoredMail, new: ConversationId) -> Session:
    author = mail.from_address
    conversation = Conversation(
        id=new,
        tenant=mail.tenant,
        channel=mail.channel,
        customer=author,
        subject=mail.subject,
        created_at=parts.clock.now(),
        last_mail_at=mail.received_at,
        related=mail.conversation,
        participants=(address_key(author),) if author else (),
    )
    tx.conversations.add(conversation)
    tx.conversations.move_mail(mail, new)
    evidence = f"by {caller.account}, out of conversation {mail.conversation}"
    tx.mails.add_trace(mail.id, (TraceLine(step="split", verdict="a conversation of its own", evidence=evidence),))
    return parts.step.in_conversation(tx, new, MessageReceived(mail=mail.id, received_at=mail.received_at))[0]


ROUTES = (merge, split)
