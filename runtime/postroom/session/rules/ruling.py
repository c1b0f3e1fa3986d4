"""What every rule gives: the session as it is from now on, and what the shell shall do."""

from __future__ import annotations

from msgspec.structs import replace

from postroom.session.effects import AnyEffect, Ignore
from postroom.session.state import Session

Ruling = tuple[Session, tuple[AnyEffect, ...]]

IN_SHADOW = "the channel runs in shadow: nobody is to answer"
NOT_YOURS = "the session is not assigned to you"


def ignored(session: Session, reason: str) -> Ruling:
    """Nothing happens, and who asked is told why, and who has the session now: nobody has one that ended."""
    holder = (session.holder or session.owner) if session.is_open else ""
    return session, (Ignore(reason=reason, holder=holder),)


def is_owner(session: Session, agent: str, token: str) -> bool:
    """Whether that command comes from the present owner; one from before a change of owner has another token."""
    owner = session.assignment
    return owner is not None and (owner.agent, owner.token) == (agent, token)


def without_owner(session: Session) -> Session:
    """The session with nobody who has it, or is held it out, or lets anybody wait."""
    return replace(
        session,
        offer=None,
        assignment=None,
        answer_due_since=None,
        wrote_something=False,
        silent_since=None,
        gone_since=None,
        parked_since=None,
        parked_until=None,
        wrap_up_since=None,
    )
