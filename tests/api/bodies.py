"""A body for every write that its route takes: where one is refused, it is not for its body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from postroom.ports.store import Tx
from postroom.session.state import Session
from tests.api.door import Door

PASSWORD = "correct horse battery"
WRITES = {"Idempotency-Key": "one", "If-Match": "*"}
"""Header fields a write may need."""


def bodies(token: str = "t", mail: str = "m", conversation: str = "c") -> Mapping[str, Any]:
    """By route as the policy names it; of that assignment, mail and other conversation."""
    by_token = {"token": token}
    return {
        "PUT /me/state": {"state": "ready"},
        "PUT /me/password": {"present": PASSWORD, "new": PASSWORD},
        "POST /sessions/{session_id}/accept": by_token,
        "POST /sessions/{session_id}/decline": by_token,
        "POST /sessions/{session_id}/end": by_token,
        "POST /sessions/{session_id}/park": by_token,
        "POST /sessions/{session_id}/unpark": by_token,
        "POST /sessions/{session_id}/wrap-up": by_token,
        "PUT /sessions/{session_id}/draft": by_token | {"text": "We"},
        "POST /sessions/{session_id}/replies": by_token | {"text": "We send a new lamp."},
        "POST /sessions/{session_id}/replies/{reply_id}/withdraw": by_token,
        "POST /sessions/{session_id}/transfer": by_token | {"queue": "orders"},
        "POST /sessions/{session_id}/file": by_token | {"reason": "spam"},
        "POST /sessions/{session_id}/assign": {"agent": "anna"},
        "POST /sessions/{session_id}/forward": by_token | {"to": ["maker@example.com"]},
        "POST /sessions/{session_id}/notes": {"text": "She called."},
        "POST /conversations": {"channel": "support", "to": ["carla@example.com"], "subject": "Hello", "text": "Hello"},
        "POST /conversations/{conversation_id}/merge": by_token | {"other": conversation},
        "POST /conversations/{conversation_id}/split": by_token | {"mail": mail},
        "POST /users": {"account": "ursel", "password": PASSWORD, "role": "operator"},
        "PUT /users/{account}/password": {"password": PASSWORD},
        "POST /tokens": {"account": "crm", "role": "robot"},
        "POST /exports": {"what": "channels"},
        "POST /waiting-mails/{receipt_id}/route": {"channel": "support"},
        "PUT /settings/{section_name}": {"order": ["support"]},
        "PATCH /settings/{section_name}": {},
        "POST /settings/{section_name}": {"name": "shop"},
        "PUT /settings/{section_name}/{name}": {"name": "shop"},
        "PATCH /settings/{section_name}/{name}": {},
    }


async def about(door: Door, session: Session) -> tuple[dict[str, str], Mapping[str, Any]]:
    """What paths name of the session, and bodies about it: everything as its owner would say it."""
    assert session.assignment is not None
    mail, *_ = await door.mails_of(session)
    other = await door.mail_comes()
    reply = await door.house.read(lambda tx: _reply(tx, session))
    named = {
        "{session_id}": session.id,
        "{conversation_id}": session.conversation,
        "{mail_id}": mail.id,
        "{reply_id}": reply,
    }
    return named, bodies(session.assignment.token, mail.id, other.conversation)


def _reply(tx: Tx, session: Session) -> str:
    return next((one.id for one in tx.replies.of_conversation(session.conversation)), "x" * 26)
