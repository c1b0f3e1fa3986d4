"""Reads what a token endpoint answers (RFC 6749 §5): a grant, a refusal for good, or one that may pass. No I/O."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from postroom.errors import PermanentError, TemporaryError

LONGEST_TOKEN = 16 * 1024
_LONGEST_WORDS = 300
_PASSING = frozenset(["server_error", "temporarily_unavailable", "slow_down"])
_BUSY = 429


class Granted(Struct, frozen=True):
    """A token, and a refresh token in place of the one that was shown, where the server gives one. In seconds."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105 the name of a kind of token
    expires_in: float | None = None
    refresh_token: str | None = None
    refresh_token_expires_in: float | None = None
    refresh_expires_in: float | None = None

    @property
    def grant_expires_in(self) -> float | None:
        """How long the refresh token lasts, by either name that servers use."""
        return self.refresh_token_expires_in if self.refresh_expires_in is None else self.refresh_expires_in


class Refusal(Struct, frozen=True):
    """An error answer (RFC 6749 §5.2)."""

    error: str
    error_description: str = ""


def read_answer(status: int, content: bytes, secrets: tuple[str, ...]) -> Granted:
    """The grant. Raises PermanentError or TemporaryError in words, without any of the secrets."""
    if status == 200:  # noqa: PLR2004 RFC 6749 §5.1
        return _granted(content)
    words = _refusal(content)
    for secret in secrets:
        words = words.replace(secret, "[hidden]") if secret else words
    said = f"the token endpoint answered {status}{f' ({words})' if words else ''}"
    if 300 <= status < 400:  # noqa: PLR2004 a redirect is not followed with a secret in hand
        raise PermanentError(f"{said}: it sends us elsewhere, so token_endpoint is not its address")
    if status == _BUSY or not 400 <= status < 500 or words.split(":")[0] in _PASSING:  # noqa: PLR2004 the 4xx class
        raise TemporaryError(said)
    raise PermanentError(f"{said}: check client_id, client_secret, refresh_token and scope")


def _granted(content: bytes) -> Granted:
    try:
        # Old servers write numbers as texts.
        granted = msgspec.json.decode(content, type=Granted, strict=False)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise TemporaryError("the token endpoint's answer is not what RFC 6749 calls a token") from error
    if granted.token_type.lower() != "bearer":
        raise PermanentError(f"the token endpoint gives tokens of another kind: {_plain(granted.token_type)!r}")
    for token in (granted.access_token, granted.refresh_token or "-"):
        # RFC 6749 §A.12 and §A.17: visible ASCII; anything else could end a command of a mail protocol
        if not (0 < len(token) <= LONGEST_TOKEN and token.isascii() and token.isprintable()):
            raise TemporaryError("the token endpoint's answer holds a token that no mail server can be shown")
    return granted


def _refusal(content: bytes) -> str:
    """`error: description`, or nothing where the body says neither."""
    try:
        found = msgspec.json.decode(content, type=Refusal)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return ""
    parts = (found.error, found.error_description)
    return ": ".join(_plain(part) for part in parts if part)


def _plain(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text[:_LONGEST_WORDS])
