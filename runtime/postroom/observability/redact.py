"""Takes out of a log entry what must not be in a log: secrets always, addresses above DEBUG, control characters.

It knows secrets by the names of their keys and by the forms they take in protocols; it never fails an entry.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, MutableMapping
from datetime import date
from typing import Any

HIDDEN = "[hidden]"
MAX_DEPTH = 6
MAX_TEXT = 20_000

SECRET_KEY = re.compile(
    r"passw|passphrase|secret|token|authorization|cookie|api_?key|credential|private_?key", re.IGNORECASE
)
KEEPS_ITS_LINES = frozenset({"exception", "stack"})
KEEPS_ITS_AT_SIGNS = frozenset({"message_id", "in_reply_to", "references"})

# RFC 4954 and RFC 5034 sign-ins, the POP3 and IMAP ones, HTTP credentials, a password in a URL, and key=value.
IN_PROTOCOLS = (
    (re.compile(r"\b(AUTH(?:ENTICATE)? +[A-Z][A-Z0-9-]+) +[^\s'\"]+", re.IGNORECASE), rf"\1 {HIDDEN}"),
    (re.compile(r"\b((?:PASS|APOP +\S+)) +[^\r\n'\"]+"), rf"\1 {HIDDEN}"),
    (re.compile(r"\b(LOGIN +\S+) +[^\s'\"]+"), rf"\1 {HIDDEN}"),
    (re.compile(r"\b(Bearer|Basic) +[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE), rf"\1 {HIDDEN}"),
    (re.compile(r"(://[^\s:/@]{1,200}):[^\s/@]{1,200}@"), rf"\1:{HIDDEN}@"),
    (
        re.compile(
            r"((?:password|passwd|secret|token|api_?key)['\"]?\s{0,3}[=:]\s{0,3})(?!\[hidden)['\"]?[^\s'\",)}]+",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
)
ADDRESS = re.compile(r"[^\s<>@\"',;:()\[\]{}=]{1,200}@((?:[\w-]{1,63}\.){0,8}[\w-]{1,63})")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
LINE_END = re.compile(r"[\r\n]+")


class Redact:
    """A structlog processor; `known` gives secret values to hide wherever they stand."""

    def __init__(self, known: Callable[[], Collection[str]] = tuple) -> None:
        self._known = known

    def __call__(self, _logger: object, _method: str, entry: MutableMapping[str, Any]) -> dict[str, Any]:
        """Give the entry as it may be written."""
        shows_addresses = str(entry.get("level", "")).casefold() == "debug"
        # Short values are words too: hiding every "demo" would hide the log.
        secrets = tuple(value for value in self._known() if len(value) >= 6)  # noqa: PLR2004 as said above
        cleaner = _Cleaner(secrets, shows_addresses=shows_addresses)
        return {key: cleaner.field(str(key), value) for key, value in entry.items()}


class _Cleaner:
    def __init__(self, secrets: tuple[str, ...], *, shows_addresses: bool) -> None:
        self._secrets = secrets
        self._shows_addresses = shows_addresses

    def field(self, key: str, value: object, depth: int = 0) -> object:
        if SECRET_KEY.search(key) and value is not None:
            return HIDDEN
        if isinstance(value, str):
            return self._text(value, key)
        if value is None or isinstance(value, bool | int | float):
            return value
        if depth >= MAX_DEPTH:
            return "…"
        if isinstance(value, Mapping):
            return {
                self._text(str(name), key): self.field(str(name), inner, depth + 1) for name, inner in value.items()
            }
        if isinstance(value, list | tuple | set | frozenset):
            return [self.field(key, inner, depth + 1) for inner in value]
        return self._text(_as_text(value), key)

    def _text(self, text: str, key: str) -> str:
        text = text[:MAX_TEXT]
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        for form, instead in IN_PROTOCOLS:
            text = form.sub(instead, text)
        if not self._shows_addresses and key not in KEEPS_ITS_AT_SIGNS:
            text = ADDRESS.sub(r"…@\1", text)
        text = text if key in KEEPS_ITS_LINES else LINE_END.sub(" ", text)
        return CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def _as_text(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    try:
        return repr(value)
    except Exception:  # noqa: BLE001 whatever a foreign repr raises, the entry is still written
        return f"<{type(value).__name__}>"
