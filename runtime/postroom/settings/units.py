"""Durations, sizes and parts of a day as people write them: `30s`, `5m`, `2h`, `7d`, `50MB`, `08:00-17:30`."""

from __future__ import annotations

import re

_DURATION = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?) ?(ms|s|min|m|h|d)?\Z")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,6})?) ?(B|kB|KB|KiB|MB|MiB|GB|GiB)?\Z")
_OCTETS = {"B": 0, "K": 1, "M": 2, "G": 3}
_SEGMENT = re.compile(r"([0-9]{2}):([0-5][0-9])-([0-9]{2}):([0-5][0-9])\Z")
_END_OF_DAY = 24 * 60

DURATION_WORDS = "a duration: a number of seconds, or one with a unit like `30s`, `5m`, `2h`, `7d`"
SIZE_WORDS = "a size: a number of octets, or one with a unit like `64kB`, `50MB`, `1GB`"


def seconds(text: str) -> float | None:
    """Read a duration; a bare number is seconds. None where it is not one."""
    found = _DURATION.match(text)
    return float(found[1]) * _SECONDS[found[2] or "s"] if found else None


def octets(text: str) -> int | None:
    """Read a size; a bare number is octets, and 1 MB is 1,048,576 of them. None where it is not one."""
    found = _SIZE.match(text)
    return int(float(found[1]) * 1024 ** _OCTETS[(found[2] or "B")[0].upper()]) if found else None


def segment(text: str) -> tuple[int, int] | None:
    """Read a part of a day as the minutes at which it begins and ends, in whatever order; None where it is not one."""
    found = _SEGMENT.match(text)
    if found is None:
        return None
    hour, minute, to_hour, to_minute = (int(part) for part in found.groups())
    start, end = hour * 60 + minute, to_hour * 60 + to_minute
    return (start, end) if max(start, end) <= _END_OF_DAY else None


def duration_words(value: float) -> str:
    """Say seconds in the largest unit that fits evenly."""
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if value >= size and value % size == 0:
            return f"{value / size:g}{unit}"
    return f"{value:g}s"


def size_words(value: int) -> str:
    """Say octets in the largest unit that fits evenly."""
    for unit, size in (("GB", 1 << 30), ("MB", 1 << 20), ("kB", 1 << 10)):
        if value >= size and value % size == 0:
            return f"{value // size}{unit}"
    return f"{value}"
