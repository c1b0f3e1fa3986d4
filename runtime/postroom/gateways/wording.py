"""What a server's words hint at where it gives no response code: only signs that it is busy, or wants TLS.

A mailbox in use is never called a wrong password, and a wrong password is never taken for a busy server.
"""

from __future__ import annotations

from postroom.ports.gateways import GatewayStatus

_CREDENTIALS = (
    "password",
    "credential",
    "username",
    "user name",
    "unknown user",
    "no such user",
    "disabled",
    "suspended",
)
_BOX = ("maildrop", "mail drop", "mailbox", "session", "mbox")
_BUSY = ("lock", "in use", "in-use", "busy", "already")
_OFTEN = ("too many", "too often", "too frequent", "too soon", "login delay", "rate limit", "throttl")
_PASSING = ("temporar", "try again", "try later", "unavailable", "internal error", "server error")
_SECURE = (
    "plaintext",
    "cleartext",
    "plain text",
    "clear text",
    "non-secure",
    "insecure",
    "encrypt",
    "starttls",
    "ssl",
    "tls",
)


def hinted(text: str) -> GatewayStatus:
    """What a refused sign-in makes of the gateway: throttled, locked, failed for a while, or else refused for good."""
    text = text.lower()
    if _any(text, _OFTEN):
        return GatewayStatus.THROTTLED
    if _any(text, _CREDENTIALS):
        return GatewayStatus.AUTH_FAILED
    if _any(text, _BOX) and _any(text, _BUSY):
        return GatewayStatus.LOCKED
    if _any(text, _PASSING):
        return GatewayStatus.CONNECTION_FAILED
    return GatewayStatus.AUTH_FAILED


def wants_tls(text: str) -> bool:
    """Whether the words say that the connection is not secure enough."""
    return _any(text.lower(), _SECURE)


def hidden(text: str, secrets: tuple[str, ...]) -> str:
    """The text without our own secrets, for a server that says what was said to it."""
    for secret in secrets:
        text = text.replace(secret, "[hidden]") if secret else text
    return text


def _any(text: str, signs: tuple[str, ...]) -> bool:
    return any(sign in text for sign in signs)
