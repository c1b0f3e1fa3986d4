"""Turns a server's refusal into a gateway's status and into words a person can act on (RFC 2449 §8, RFC 3206).

A response code decides. Without one, sign-in looks at the wording.
"""

from __future__ import annotations

from postroom.gateways.pop3.replies import Reply
from postroom.gateways.wording import hidden, hinted, wants_tls
from postroom.ports.gateways import GatewayError, GatewayStatus

_LOCKED = "the mailbox is in use by another POP3 session; it will be tried again"
_THROTTLED = "the server wants more time between two sign-ins; it will be tried again later"
_TEMPORARY = "the server has a temporary problem of its own; it will be tried again"
_PERMANENT = "the server has a lasting problem with this mailbox; its administrator has to mend it"
_WRONG = "the server refused the user name or the password (or token): check both"
_CLEAR = "the server wants TLS before sign-in: set security to tls or starttls"

_CODES = {
    "IN-USE": (GatewayStatus.LOCKED, _LOCKED),
    "LOGIN-DELAY": (GatewayStatus.THROTTLED, _THROTTLED),
    "SYS/TEMP": (GatewayStatus.CONNECTION_FAILED, _TEMPORARY),
    "UNAVAILABLE": (GatewayStatus.CONNECTION_FAILED, _TEMPORARY),
    "SYS/PERM": (GatewayStatus.AUTH_FAILED, _PERMANENT),
    "AUTH": (GatewayStatus.AUTH_FAILED, _WRONG),
}
_WORDS = {
    GatewayStatus.THROTTLED: _THROTTLED,
    GatewayStatus.LOCKED: _LOCKED,
    GatewayStatus.CONNECTION_FAILED: _TEMPORARY,
    GatewayStatus.AUTH_FAILED: _WRONG,
}


def refused(doing: str, reply: Reply) -> GatewayError:
    """The error for a command that got -ERR after sign-in; `doing` finishes "while ..."."""
    status, words = _CODES.get(reply.code, (GatewayStatus.CONNECTION_FAILED, "the server refused"))
    if status is GatewayStatus.AUTH_FAILED and reply.code == "AUTH":
        status, words = GatewayStatus.CONNECTION_FAILED, "the server refused"
    return GatewayError(status, f"{words} while {doing}{_quoted(reply)}")


def sign_in_refused(reply: Reply, login_delay: float | None) -> GatewayError:
    """The error for a sign-in that got -ERR; `login_delay` is what the server announced, in seconds."""
    status, words = _CODES.get(reply.code) or _by_wording(reply.text)
    if words is _WRONG and wants_tls(reply.text):
        words = _CLEAR
    wait = login_delay if status is GatewayStatus.THROTTLED else None
    return GatewayError(status, f"{words}{_quoted(reply)}", retry_after=wait)


def greeting_refused(reply: Reply) -> GatewayError:
    """The error for a server that greets with -ERR: no name or password was sent, so neither can be wrong."""
    status, words = _CODES.get(reply.code) or _by_wording(reply.text)
    if status is GatewayStatus.AUTH_FAILED and reply.code != "SYS/PERM":
        status, words = GatewayStatus.CONNECTION_FAILED, "the server turned the connection away"
    return GatewayError(status, f"{words}{_quoted(reply)}")


def redacted(reply: Reply, secrets: tuple[str, ...]) -> Reply:
    """The reply without our own secrets, for a server that says what was said to it."""
    return Reply(reply.ok, reply.code, hidden(reply.text, secrets))


def _by_wording(text: str) -> tuple[GatewayStatus, str]:
    status = hinted(text)
    return status, _WORDS[status]


def _quoted(reply: Reply) -> str:
    said = " ".join(part for part in (f"[{reply.code}]" if reply.code else "", reply.text) if part)
    return f" (the server said: {said})" if said else ""
