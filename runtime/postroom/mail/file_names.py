"""Names of files that came by mail or go by mail, made harmless for whoever saves them."""

from __future__ import annotations

import unicodedata

LONGEST = 255
"""Octets of UTF-8, what common file systems bear."""
FALLBACK = "attachment"

_RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"com{n}" for n in range(1, 10)), *(f"lpt{n}" for n in range(1, 10))}
)
_FORBIDDEN = frozenset('/\\:*?"<>|%')


def harmless_name(name: str) -> str:
    """A file name without path, control or direction marks, reserved words and excess length; never empty."""
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(_kept(char) for char in unicodedata.normalize("NFC", last))
    kept = " ".join(kept.split()).strip(" .")
    stem = kept.partition(".")[0].rstrip().casefold()
    if stem in _RESERVED:
        kept = f"_{kept}"
    return _shortened(kept) or FALLBACK


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
