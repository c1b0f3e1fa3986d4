"""Names of files that came by mail, made harmless, and the field that carries them (RFC 6266, RFC 8187)."""

from __future__ import annotations

import unicodedata
from urllib.parse import quote

LONGEST = 255
"""Octets of UTF-8, what common file systems bear."""
FALLBACK = "attachment"

_RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"com{n}" for n in range(1, 10)), *(f"lpt{n}" for n in range(1, 10))}
)
_FORBIDDEN = frozenset('/\\:*?"<>|%')
# RFC 8187 §3.2.1: attr-char, beside letters and digits
_ATTR_CHAR = "!#$&+-.^_`|~"


def harmless_name(name: str) -> str:
    """A file name without path, control or direction marks, reserved words and excess length; never empty."""
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(_kept(char) for char in unicodedata.normalize("NFC", last))
    kept = " ".join(kept.split()).strip(" .")
    stem = kept.partition(".")[0].rstrip().casefold()
    if stem in _RESERVED:
        kept = f"_{kept}"
    return _shortened(kept) or FALLBACK


def attachment_disposition(name: str) -> str:
    """The field value that makes a browser save the bytes under that name and never show them."""
    harmless = harmless_name(name)
    plain = "".join(char if char.isascii() else "_" for char in harmless)
    # RFC 6266 §4.3: the plain name for those who do not know filename*, which wins for those who do
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(harmless, safe=_ATTR_CHAR)}"


def _kept(char: str) -> str:
    # Categories of control, format (direction marks among them), surrogate, private and unassigned; line separators.
    if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}:
        return " " if char in "\t\r\n" else ""
    return "_" if char in _FORBIDDEN else char


def _shortened(name: str) -> str:
    if len(name.encode()) <= LONGEST:
        return name
    stem, dot, extension = name.rpartition(".")
    end = f"{dot}{extension}".encode() if stem and len(extension) <= 16 else b""  # noqa: PLR2004 no extension is longer
    begin = name.encode()[: LONGEST - len(end)] if not end else stem.encode()[: LONGEST - len(end)]
    return begin.decode(errors="ignore").rstrip(" .") + end.decode()
