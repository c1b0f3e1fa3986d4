"""What a relay said, in a form that is safe to keep and to show.

It turns an answer into a code and printable words, and a broken connection into the same; it never decides on a retry.
"""

from __future__ import annotations

import re

from msgspec import Struct

MAX_WORDS = 500
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
LOWEST_CODE, HIGHEST_CODE = 200, 599
CLOSING = 421


class Reply(Struct, frozen=True):
    """A reply code (0 where the server said nothing usable) and its words on one line."""

    code: int
    words: str

    @property
    def is_positive(self) -> bool:
        """Whether the server did what was asked (RFC 5321 §4.2.1, 2yz)."""
        return 200 <= self.code < 300  # noqa: PLR2004 RFC 5321 §4.2.1

    def __str__(self) -> str:
        return f"{self.code} {self.words}".strip() if self.code else self.words


class Broken(Exception):
    """The connection is of no more use; `reply` says why, with code 421 where the server said that itself."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply))
        self.reply = reply


def in_words(text: str) -> str:
    """The server's text as one printable line of bounded length."""
    readable = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return UNPRINTABLE.sub(" ", readable).strip()[:MAX_WORDS]


def is_smtp_code(code: int) -> bool:
    """Whether the number can be a reply code at all (RFC 5321 §4.2)."""
    return LOWEST_CODE <= code <= HIGHEST_CODE


def overheard(said: bytes) -> Reply | None:
    """The refusal a server sent without being asked (it is closing, or had enough of a mail), or None."""
    text = said.decode("utf-8", "replace")
    found = re.match(r"([45][0-5][0-9])[ -](.*)", text)
    return Reply(int(found[1]), in_words(found[2])) if found else None
