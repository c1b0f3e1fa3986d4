"""A time as a query says it (RFC 3339). Left to the framework, a number would be one too, counted from 1970."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from litestar.params import QueryParameter
from msgspec import Meta

from postroom.api.problems import refused

_WITH_ZONE = Annotated[datetime, Meta(tz=True)]
_LONGEST = 64


def time_parameter(description: str) -> object:
    """A query parameter that `time_of` reads."""
    return QueryParameter(max_length=_LONGEST, schema_extra={"format": "date-time"}, description=description)


def time_of(said: str | None) -> datetime | None:
    """The time that was said, or None. Raises the 422 problem for what is no time, or one without its zone."""
    if said is None:
        return None
    try:
        return msgspec.convert(said, _WITH_ZONE)
    except msgspec.ValidationError as error:
        raise refused("since, until: a time is written with its zone, as 2026-03-02T09:00:00Z") from error
