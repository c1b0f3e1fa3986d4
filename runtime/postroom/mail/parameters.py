"""Content-Type and Content-Disposition values and their parameters (RFC 2045 §5.1, RFC 2231); it never raises."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from postroom.mail import charsets
from postroom.mail.comments import at_semicolons, without_comments
from postroom.mail.encoded_words import decode_words
from postroom.mail.limits import LIMITS

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+/[!#$%&'*+.^_`|~0-9a-z-]+")
_SECTION = re.compile(r"([^*]+)\*(\d{1,4})(\*?)")
_NO_SEMICOLON = re.compile(r"^\s{0,9}([^\s;=]{1,200})\s{1,99}(?=[A-Za-z][A-Za-z0-9*-]{0,40}=)")
_LONGEST = 64 * 1024


def parse_parameters(value: str) -> tuple[str, dict[str, str]]:
    """The value itself, in lower case, and its parameters decoded; names in lower case, the first of a name wins."""
    if not ("=" in value or ";" in value or "(" in value):
        return value.strip().lower(), {}
    # A semicolon forgotten before the first parameter is supplied.
    written = _NO_SEMICOLON.sub(r"\1;", without_comments(value[:_LONGEST]), count=1)
    head, *rest = at_semicolons(written)
    found: dict[str, str] = {}
    for piece in rest[: LIMITS.parameters]:
        name, equals, text = piece.partition("=")
        if equals:
            found.setdefault(name.strip().lower(), _unquote(text.strip()))
    return head.strip().lower(), _joined(found)


def media_type(value: str) -> str:
    """The type/subtype in lower case; text/plain where there is none (RFC 2045 §5.2)."""
    match = _TOKEN.match(value.lower().replace(" ", "") if " /" in value or "/ " in value else value.lower())
    return match[0] if match else "text/plain"


def _unquote(text: str) -> str:
    if not text.startswith('"'):
        return text
    inner = text[1:-1] if text.endswith('"') and len(text) > 1 else text[1:]
    return re.sub(r"\\(.)", r"\1", inner) if "\\" in inner else inner


def _joined(found: dict[str, str]) -> dict[str, str]:
    """RFC 2231 §3 and §4: numbered sections put together, percent octets decoded under the charset of the first."""
    plain = {name: _text(value) for name, value in found.items() if "*" not in name}
    whole: dict[str, list[tuple[int, bool, str]]] = {}
    sections: dict[str, list[tuple[int, bool, str]]] = {}
    for name, value in found.items():
        if match := _SECTION.fullmatch(name):
            sections.setdefault(match[1], []).append((int(match[2]), bool(match[3]), value))
        elif name.endswith("*") and len(name) > 1:
            whole[name[:-1]] = [(0, True, value)]
    # RFC 2231 names win over a plain one of the same name (RFC 6266 §4.3): the plain one is the fallback.
    joined = ((name, _assembled(sorted(parts))) for name, parts in (sections | whole).items())
    return plain | {name: text for name, text in joined if text or name not in plain}


def _assembled(parts: list[tuple[int, bool, str]]) -> str:
    charset = ""
    data: list[bytes] = []
    for position, (_, percent, value) in enumerate(parts):
        text = value
        if percent and position == 0 and text.count("'") > 1:
            charset, _, text = text.split("'", 2)
        data.append(unquote_to_bytes(text) if percent else text.encode("utf-8", "replace"))
    if not any(percent for _, percent, _ in parts):
        return _text(b"".join(data).decode("utf-8"))
    return charsets.one_line(charsets.decode(b"".join(data), charset))


def _text(value: str) -> str:
    """RFC 2047 §5 forbids encoded words here; many mailers write them all the same."""
    return charsets.one_line(decode_words(value))
