"""What an agent starts an answer from: whom it would go to, and the answers that are kept ready."""

from __future__ import annotations

from http import HTTPStatus

from litestar import get
from litestar.params import FromPath
from msgspec import Struct

from postroom.api.access import mail_for, session_for, tenant_of
from postroom.api.auth import SignedIn
from postroom.api.parts import Parts
from postroom.api.problems import problem, stale
from postroom.errors import PermanentError
from postroom.mail.recipients import Proposal
from postroom.ports.desk import ReadyAnswer, Stale
from postroom.session.state import SessionId


class ProposalView(Struct, frozen=True, kw_only=True):
    """Bare addresses by field, and what the agent should know before he sends."""

    to: tuple[str, ...]
    cc: tuple[str, ...]
    warnings: tuple[str, ...]


class ProposalsView(Struct, frozen=True, kw_only=True):
    """Whom an answer to the mail would go to; nobody who got it as Bcc is in either."""

    reply: ProposalView
    reply_all: ProposalView


class CannedAnswers(Struct, frozen=True, kw_only=True):
    """The answers kept ready for the session's channel, their names filled in."""

    answers: tuple[ReadyAnswer, ...]


@get("/mails/{mail_id:str}/proposals", summary="Whom an answer would go to")
async def read_proposals(parts: Parts, caller: SignedIn, mail_id: FromPath[str]) -> ProposalsView:
    """Give the recipients of a reply and of a reply to all."""
    tenant = tenant_of(parts.current(), caller)
    mail = await parts.store.read(lambda tx: mail_for(tx, mail_id, tenant, caller))
    if tenant.channel(mail.channel) is None:
        raise problem(HTTPStatus.CONFLICT, "The mail is of no channel that could answer.", "not-possible")
    try:
        message = await parts.reader.message(mail.sha256)
    except PermanentError as error:
        raise problem(HTTPStatus.GONE, "The bytes of this mail are not kept any more.") from error
    found = parts.desk.proposals(mail, message)
    return ProposalsView(reply=_view(found.reply), reply_all=_view(found.reply_all))


@get("/sessions/{session_id:str}/canned-answers", summary="Answers kept ready")
async def read_canned_answers(parts: Parts, caller: SignedIn, session_id: FromPath[str]) -> CannedAnswers:
    """Give every canned answer of the session's channel as it would be sent."""
    tenant = tenant_of(parts.current(), caller)
    session = await parts.store.read(lambda tx: session_for(tx, SessionId(session_id), tenant, caller))
    try:
        return CannedAnswers(answers=await parts.desk.ready_answers(caller.tenant, caller.account, session.id))
    except Stale as error:
        raise stale(error.words, "") from error


def _view(proposal: Proposal) -> ProposalView:
    return ProposalView(to=proposal.recipients.to, cc=proposal.recipients.cc, warnings=proposal.warnings)


ROUTES = (read_proposals, read_canned_answers)
