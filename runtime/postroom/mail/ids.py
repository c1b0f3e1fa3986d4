"""Lists of Message-IDs (RFC 5322 §3.6.4) as they really come: folded, with commas, without brackets, far too long."""

from __future__ import annotations

import re

from postroom.mail.limits import LIMITS

_LONGEST = 998
_BRACKETED = re.compile(r"<([^<>]{1,998})>")
_BLANK = re.compile(r"[\x00-\x20\x7f\u0080-\u00a0\u2028\u2029]+")
_BARE = re.compile(r"[^\s,;<>]+")


def message_ids(value: str, limit: int = LIMITS.ids) -> tuple[str, ...]:
    """The ids in order, without angle brackets, each once at its last place; of too many the last `limit` are kept."""
    if not value:
        return ()
    found = _BRACKETED.findall(value) or [
        bare for bare in _BARE.findall(value) if "@" in bare and len(bare) <= _LONGEST
    ]
    # A folded id has white space inside; no id holds any (RFC 5322 §3.6.4).
    ids = [_BLANK.sub("", candidate) for candidate in found[-limit * 4 :]]
    last_first = dict.fromkeys(candidate for candidate in reversed(ids) if candidate)
    return tuple(reversed(list(last_first)[:limit]))


def message_id(value: str) -> str | None:
    """The one id of a Message-ID field, or None where there is none to be read."""
    return next(iter(message_ids(value)), None)
