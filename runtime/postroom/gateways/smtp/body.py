"""A mail's bytes as the DATA command carries them: canonical line ends, stuffed dots, in blocks.

It is in charge of what may be on the wire; the final dot is not its own, and it never sends.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

BLOCK = 65_536
FINAL_DOT = b".\r\n"
LONE_LINE_END = re.compile(rb"\r(?!\n)|(?<!\r)\n")


def canonical(raw: bytes, block: int = BLOCK) -> Iterator[bytes]:
    """Give the mail in blocks of about that many octets, every line ended by CRLF and no CR or LF alone.

    A mail that does not end in CRLF gets one; an empty mail gives nothing (RFC 5321 §2.3.8).
    """
    start, last = 0, b""
    while start < len(raw):
        end = _never_inside_crlf(raw, start + block)
        last = _with_crlf(raw[start:end])
        yield last
        start = end
    if last and not last.endswith(b"\r\n"):
        yield b"\r\n"


def stuffed(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Double the dot of every line that begins with one; the blocks must be canonical."""
    at_line_start = True
    for block in blocks:
        # RFC 5321 §4.5.2
        doubled = block.replace(b"\r\n.", b"\r\n..")
        yield b"." + doubled if at_line_start and doubled.startswith(b".") else doubled
        at_line_start = block.endswith(b"\r\n")


def _never_inside_crlf(raw: bytes, end: int) -> int:
    return end + 1 if raw[end - 1 : end + 1] == b"\r\n" else end


def _with_crlf(block: bytes) -> bytes:
    pairs = block.count(b"\r\n")
    if pairs == block.count(b"\n") and pairs == block.count(b"\r"):
        return block
    return LONE_LINE_END.sub(b"\r\n", block)
