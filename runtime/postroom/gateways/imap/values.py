"""Reads the values of a response: atoms, quoted texts, literals and lists (RFC 9051 §4); bounded, in linear time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeAlias, Union

from postroom.gateways.arrival import Arrival
from postroom.gateways.faults import ProtocolFault

MOST_VALUES = 10_000
DEEPEST = 10

Value: TypeAlias = Union[bytes, Arrival, "list[Value]"]
"""An atom or text as bytes (of `NIL` too), a mail's literal as what arrived of it, or a list."""
Part: TypeAlias = bytes | Arrival | bytearray
"""A stretch of a line, or a literal: a mail's own, or a small one as a bytearray."""

_TOKEN = re.compile(rb' *(?:([()])|"((?:[^"\\]|\\.)*)"|([^ ()"]+))')


def read_values(parts: Sequence[Part]) -> list[Value]:
    """The values of these parts in order. Raises ProtocolFault."""
    whole: list[Value] = []
    stack = [whole]
    count = 0
    for part in parts:
        if not isinstance(part, bytes):
            stack[-1].append(bytes(part) if isinstance(part, bytearray) else part)
            continue
        place = 0
        while place < len(part.rstrip(b" ")):
            found = _TOKEN.match(part, place)
            count += 1
            if found is None or count > MOST_VALUES:
                raise ProtocolFault("sent a response that cannot be read")
            place = found.end()
            _put(stack, found)
    if len(stack) != 1:
        raise ProtocolFault("sent a list without its end")
    return whole


def _put(stack: list[list[Value]], found: re.Match[bytes]) -> None:
    paren, quoted, atom = found.groups()
    if paren == b"(":
        inner: list[Value] = []
        stack[-1].append(inner)
        stack.append(inner)
        if len(stack) > DEEPEST:
            raise ProtocolFault(f"sent lists more than {DEEPEST} deep")
    elif paren == b")":
        stack.pop()
        if not stack:
            raise ProtocolFault("ended a list that was not begun")
    else:
        stack[-1].append(atom if quoted is None else re.sub(rb"\\(.)", rb"\1", quoted))


def pairs(values: Value) -> dict[bytes, Value]:
    """The attributes of a FETCH by name in capitals. Raises ProtocolFault."""
    if not isinstance(values, list) or len(values) % 2:
        raise ProtocolFault("sent attributes that are not pairs")
    found: dict[bytes, Value] = {}
    for name, value in zip(values[::2], values[1::2], strict=True):
        if not isinstance(name, bytes):
            raise ProtocolFault("sent an attribute without a name")
        found[name.upper()] = value
    return found


def number(value: Value | None) -> int | None:
    """A number of at most twenty digits, or None."""
    is_one = isinstance(value, bytes) and value.isdigit() and len(value) <= 20  # noqa: PLR2004 64 bits
    return int(value) if is_one else None  # type: ignore[arg-type] # is_one says that it is bytes
