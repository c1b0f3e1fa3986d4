"""A server's words for people: no control characters, of bounded length."""

from __future__ import annotations

MOST = 200


def printable(text: bytes) -> str:
    """A server's words on one line: at most 200 characters, `?` for what is not printable."""
    words = text[: MOST * 4].decode("utf-8", "replace")
    if words.isprintable():
        return words[:MOST]
    return "".join(letter if letter.isprintable() else "?" for letter in words)[:MOST]
