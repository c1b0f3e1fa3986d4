"""The text of an iCalendar file to the properties of its events; all else in it is passed over.

It is in charge of lines, folding and nesting; what a property means is events.py's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from msgspec import Struct

LARGEST = 1024 * 1024
"""Octets of a file; a larger one is not read."""
MOST_EVENTS = 10_000
DEEPEST = 16

_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")


class Unreadable(Struct, frozen=True):
    """Why a file is no calendar that can be used, in words."""

    why: str


class Property(Struct, frozen=True):
    """A property: its name and parameters in capitals."""

    name: str
    parameters: dict[str, str]
    value: str


def events(content: bytes) -> list[list[Property]] | Unreadable:
    """Give the properties of every event, event by event."""
    if len(content) > LARGEST:
        return Unreadable(f"it has more than {LARGEST:,} octets")
    text = content.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")
    # RFC 5545 §3.1: a line that begins with a space or tab goes on with the line before
    lines = [line for line in text.replace("\n ", "").replace("\n\t", "").split("\n") if line]
    if not lines or lines[0].strip().upper() != "BEGIN:VCALENDAR":
        return Unreadable("it does not begin with BEGIN:VCALENDAR")
    return _walked(lines)


def _walked(lines: list[str]) -> list[list[Property]] | Unreadable:
    found: list[list[Property]] = []
    around: list[str] = []
    for line in lines:
        verb, _, what = line.strip().upper().partition(":")
        if verb == "BEGIN":
            around.append(what)
            if around == ["VCALENDAR", "VEVENT"]:
                found.append([])
        elif verb == "END":
            if not around or around.pop() != what:
                return Unreadable("its parts do not end in the order they began")
        elif around == ["VCALENDAR", "VEVENT"]:
            found[-1].extend(_property(line))
        if len(found) > MOST_EVENTS or len(around) > DEEPEST:
            return Unreadable(f"it has more than {MOST_EVENTS:,} events, or parts more than {DEEPEST} deep")
    # half a file would silently take away the holidays of the other half
    return Unreadable("it is cut off: END:VCALENDAR is missing") if around else found


def _property(line: str) -> Iterator[Property]:
    """Split a line as §3.1 says; what is not a property gives nothing."""
    name = _NAME.match(line)
    marks = _marks(line, name.end()) if name is not None else []
    if name is not None and marks and marks[0] == name.end():
        parameters = (line[start + 1 : end].partition("=") for start, end in pairwise(marks))
        by_name = {key.upper(): value.strip('"') for key, _, value in parameters}
        yield Property(name[0].upper(), by_name, line[marks[-1] + 1 :])


def _marks(line: str, start: int) -> list[int]:
    """Where the signs stand that begin each parameter and, as the last, the value; none where there is no value."""
    marks: list[int] = []
    in_quotes = False
    for place in range(start, len(line)):
        char = line[place]
        if char == '"':
            in_quotes = not in_quotes
        elif char in ";:" and not in_quotes:
            marks.append(place)
            if char == ":":
                return marks
    return []
