"""RFC 2047 encoded words, read as leniently as mail needs, in linear time; it never raises and splits no addresses.

Words of one charset that stand side by side are joined as octets first: many mailers split inside a character.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator

from msgspec import Struct

from postroom.mail import charsets
from postroom.mail.transfer import base64_octets

_OPEN = re.compile(r"=\?([^\s?]{1,80})\?([BbQq])\?")


class _Word(Struct, frozen=True):
    start: int
    stop: int
    charset: str
    data: bytes


def decode_words(value: str) -> str:
    """The text with its encoded words read; anything that is not a whole word stays as it is."""
    if "=?" not in value:
        return value
    out: list[str] = []
    run: list[bytes] = []
    charset, at = "", 0
    for word in _words(value):
        gap = value[at : word.start]
        # RFC 2047 §6.2: white space between two encoded words is not shown.
        apart = at == 0 or bool(gap.strip())
        if apart or word.charset != charset:
            out.append(charsets.decode(b"".join(run), charset))
            run = []
        if apart:
            out.append(gap)
        run.append(word.data)
        charset, at = word.charset, word.stop
    out += [charsets.decode(b"".join(run), charset), value[at:]]
    return "".join(out)


def _words(value: str) -> Iterator[_Word]:
    """Each whole encoded word, left to right; a closing mark is looked for once, so the work is linear."""
    at = 0
    while opening := _OPEN.search(value, at):
        close = value.find("?=", opening.end())
        if close < 0:
            return
        charset, encoding, text = opening[1], opening[2], value[opening.end() : close]
        at = close + 2
        yield _Word(opening.start(), at, charset.lower().partition("*")[0], _octets(text, encoding))


def _octets(text: str, encoding: str) -> bytes:
    raw = text.encode("utf-8", "replace")
    if encoding in "Bb":
        return base64_octets(raw)
    # RFC 2047 §4.2: the underscore is a space. Line ends may not be coded in; a view makes them spaces.
    return binascii.a2b_qp(raw.replace(b"_", b" ").replace(b"=\n", b"").replace(b"=\r", b""), header=False)
