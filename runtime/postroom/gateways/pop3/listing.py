"""Puts STAT, LIST and UIDL together into what is in the box, however the three disagree; it never drops a mail for it.

LIST and UIDL are both believed as to which mails there are; a mail whose UIDL is missing, said twice with two values,
or shared with another mail has no usable UIDL, and is named by its content instead (uids.py).
"""

from __future__ import annotations

import re
from collections import Counter

from msgspec import Struct

from postroom.gateways.faults import ProtocolFault
from postroom.gateways.pop3.uids import from_uidl

MAX_NUMBER_DIGITS = 10
_PLAIN_SIZES = re.compile(rb"(?:[1-9]\d{0,9} \d{1,10}\r\n)*").fullmatch
_PLAIN_UIDS = re.compile(rb"(?:[1-9]\d{0,9} [\x21-\x7e]{1,70}\r\n)*").fullmatch
"""Listings without anything odd in them are read in bulk: a box may hold 200,000 mails, and is listed at each poll."""


class Entry(Struct, frozen=True):
    """A mail of the box; `uid` "" where the server gave none that can be used, `size` 0 where it gave none."""

    number: int
    uid: str
    size: int


def parse_stat(text: str) -> int | None:
    """How many mails STAT says there are; None when it does not say so (RFC 1939 §5)."""
    return _number(next(iter(text.encode("utf-8").split()), b""))


def parse_sizes(body: bytes, most: int) -> dict[int, int]:
    """The octets of each mail by its number, in the server's order; a line that is no scan listing is passed over."""
    _refuse_endless(body, most)
    if _PLAIN_SIZES(body):
        words = body.split()
        plain = dict(zip(map(int, words[::2]), map(int, words[1::2]), strict=True))
        if len(plain) * 2 == len(words):
            return plain
    return _parse_odd_sizes(body)


def parse_uids(body: bytes, most: int) -> dict[int, str]:
    """The usable uid of each mail by its number; "" where the server said two different ones or none."""
    _refuse_endless(body, most)
    if _PLAIN_UIDS(body):
        words = body.decode("ascii").split()
        plain = dict(zip(map(int, words[::2]), words[1::2], strict=True))
        if len(plain) * 2 == len(words):
            return plain
    return _parse_odd_uids(body)


def _parse_odd_sizes(body: bytes) -> dict[int, int]:
    sizes: dict[int, int] = {}
    for line in body.split(b"\r\n"):
        words = line.split(None, 2)
        number = _number(words[0]) if words else None
        if number:
            sizes.setdefault(number, (_number(words[1]) or 0) if len(words) > 1 else 0)
    return sizes


def _parse_odd_uids(body: bytes) -> dict[int, str]:
    uids: dict[int, str] = {}
    for line in body.split(b"\r\n"):
        words = line.split(None, 1)
        number = _number(words[0]) if words else None
        if not number:
            continue
        uid = from_uidl(words[1]) if len(words) > 1 else ""
        uids[number] = uid if uids.get(number, uid) == uid else ""
    return uids


def combine(sizes: dict[int, int], uids: dict[int, str]) -> tuple[Entry, ...]:
    """Every mail that LIST or UIDL names, in LIST's order; two mails never share a uid."""
    if sizes.keys() == uids.keys() and len(set(uids.values())) == len(uids):
        return tuple([Entry(number, uids[number], size) for number, size in sizes.items()])
    seen = Counter(uids.values())
    numbers = [*sizes, *(number for number in uids if number not in sizes)]
    named = ((number, uids.get(number, "")) for number in numbers)
    return tuple(Entry(number, uid if seen.get(uid) == 1 else "", sizes.get(number, 0)) for number, uid in named)


def _refuse_endless(body: bytes, most: int) -> None:
    if body.count(b"\n") > most:
        raise ProtocolFault(f"lists more than {most:,} mails: empty the mailbox by hand, or raise the limit")


def _number(word: bytes) -> int | None:
    """A decimal number of at most ten digits, or None."""
    return int(word) if word.isdigit() and len(word) <= MAX_NUMBER_DIGITS else None
