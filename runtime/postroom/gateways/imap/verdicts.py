"""Turns a server's NO, BAD or BYE into a gateway's status and into words a person can act on (RFC 5530)."""

from __future__ import annotations

from postroom.gateways.imap.responses import Status
from postroom.gateways.wording import hidden, hinted, wants_tls
from postroom.ports.gateways import GatewayError, GatewayStatus

FAILED, REFUSED = GatewayStatus.CONNECTION_FAILED, GatewayStatus.AUTH_FAILED
LOCKED, THROTTLED = GatewayStatus.LOCKED, GatewayStatus.THROTTLED

_TEMPORARY = "the server has a temporary problem of its own; it will be tried again"
_WRONG = "the server refused the user name or the password (or token): check both"
_OFTEN = "the server wants fewer connections or sign-ins; it will be tried again later"
_IN_USE = "the mailbox is in use by another session; it will be tried again"
_CLEAR = "the server wants TLS before sign-in: set security to tls or starttls"
_DENIED = "this user may not do that in this mailbox: its administrator has to allow it"
_CODES = {
    "UNAVAILABLE": (FAILED, _TEMPORARY),
    "SERVERBUG": (FAILED, _TEMPORARY),
    "CORRUPTION": (FAILED, "the mailbox is damaged: its administrator has to mend it"),
    "INUSE": (LOCKED, _IN_USE),
    "LIMIT": (THROTTLED, _OFTEN),
    "AUTHENTICATIONFAILED": (REFUSED, _WRONG),
    "AUTHORIZATIONFAILED": (REFUSED, "this user may not open that mailbox: check user and login_user"),
    "EXPIRED": (REFUSED, "the password or the consent has expired: renew it"),
    "PRIVACYREQUIRED": (REFUSED, _CLEAR),
    "CONTACTADMIN": (REFUSED, "the server wants its administrator to be asked"),
    "NOPERM": (FAILED, _DENIED),
}
_BY_WORDING = {THROTTLED: _OFTEN, LOCKED: _IN_USE, FAILED: _TEMPORARY, REFUSED: _WRONG}
_NO_SIGN_IN = "the server refused"


def sign_in_refused(status: Status, secrets: tuple[str, ...], explained: str = "") -> GatewayError:
    """The error for a sign-in that was not OK."""
    known = _CODES.get(status.code)
    if known is None:
        hint = hinted(status.text)
        known = (hint, _BY_WORDING[hint])
    if known[1] is _WRONG and wants_tls(status.text):
        known = (REFUSED, _CLEAR)
    return GatewayError(known[0], f"{known[1]}{hidden(_quoted(status, explained), secrets)}")


def refused(doing: str, status: Status) -> GatewayError:
    """The error for a command that was not OK after sign-in; `doing` finishes "while ..."."""
    known, words = _CODES.get(status.code, (FAILED, _NO_SIGN_IN))
    known = FAILED if known is REFUSED else known
    return GatewayError(known, f"{words} while {doing}{_quoted(status)}")


def said_bye(peer: str, status: Status, doing: str) -> GatewayError:
    """The error for a server that ends the connection itself; no password can be wrong by that."""
    known = _CODES.get(status.code, (hinted(status.text), ""))[0]
    known = FAILED if known is REFUSED else known
    return GatewayError(known, f"{peer} ended the connection while {doing}{_quoted(status)}")


def _quoted(status: Status, explained: str = "") -> str:
    code = f"[{status.code}]" if status.code else ""
    said = " ".join(part for part in (code, status.text, explained) if part)
    return f" (the server said: {said})" if said else ""
