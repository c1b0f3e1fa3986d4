"""How values stand in columns: times as microseconds, structs as JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

to_json = msgspec.json.Encoder().encode

_STRINGS: msgspec.json.Decoder[tuple[str, ...]] = msgspec.json.Decoder(tuple[str, ...])
to_strings = _STRINGS.decode


def to_micros(at: datetime) -> int:
    """Microseconds since 1970 in UTC; a time without zone raises TypeError."""
    return (at - _EPOCH) // _MICROSECOND


def to_micros_or_none(at: datetime | None) -> int | None:
    """The same, of a time that may be missing."""
    return None if at is None else to_micros(at)


def to_time(micros: int) -> datetime:
    """The aware UTC time of these microseconds."""
    return _EPOCH + timedelta(microseconds=micros)


def to_time_or_none(micros: int | None) -> datetime | None:
    """The same, of a time that may be missing."""
    return None if micros is None else to_time(micros)
