"""The properties of one event to what it means for days off: its begin, its length, and when it comes again.

It is in charge of RFC 5545 §3.8; an event it does not understand is None.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from msgspec import Struct

from postroom.routing.ical.lines import Property
from postroom.routing.ical.moment import Moment, Zones, duration, moment
from postroom.routing.ical.recurrence import Rule
from postroom.routing.ical.rule_text import read_rule

LONGEST = timedelta(days=3653)
LONGEST_NAME = 200
_ESCAPED = re.compile(r"\\(.)")


class Event(Struct, frozen=True, kw_only=True):
    """An event. It ends `lasts` of wall-clock time after its begin, so that a whole day is one where clocks turn."""

    name: str
    uid: str
    start: Moment
    lasts: timedelta
    is_cancelled: bool = False
    replaces: Moment | None = None
    """The occurrence of the event of the same `uid` that it stands for."""
    rule: Rule | None = None
    also: tuple[Moment, ...] = ()
    without: tuple[Moment, ...] = ()


def event(properties: list[Property], zones: Zones) -> Event | None:
    """Read an event, or give None where what it says of its time is not understood."""
    by_name: dict[str, list[Property]] = {}
    for one in properties:
        by_name.setdefault(one.name, []).append(one)
    start = _only(by_name, "DTSTART", zones)
    lasts = _lasts(by_name, start, zones) if start is not None else None
    if start is None or lasts is None or not timedelta() <= lasts <= LONGEST:
        return None
    rule = _rule(_text(by_name, "RRULE"), start)
    if rule is None and "RRULE" in by_name:
        return None
    return Event(
        name=_name(_text(by_name, "SUMMARY")),
        uid=_text(by_name, "UID"),
        start=start,
        lasts=lasts,
        is_cancelled=_text(by_name, "STATUS").strip().upper() == "CANCELLED",
        replaces=_only(by_name, "RECURRENCE-ID", zones),
        rule=rule,
        also=_moments(by_name, "RDATE", zones),
        without=_moments(by_name, "EXDATE", zones),
    )


def _text(by_name: dict[str, list[Property]], name: str) -> str:
    return by_name[name][0].value if name in by_name else ""


def _name(summary: str) -> str:
    """Give a text for people; §3.3.11: a backslash hides the sign after it, and with an n is a line end."""
    text = _ESCAPED.sub(lambda found: " " if found[1] in "nN" else found[1], summary)
    return "".join(char if char.isprintable() else " " for char in text).strip()[:LONGEST_NAME]


def _only(by_name: dict[str, list[Property]], name: str, zones: Zones) -> Moment | None:
    return next(iter(_moments(by_name, name, zones)), None)


def _moments(by_name: dict[str, list[Property]], name: str, zones: Zones) -> tuple[Moment, ...]:
    """Every time of the property; one in a zone that is not known, like those of the file's own, has none."""
    found = (
        moment(text, zones(one.parameters.get("TZID", "")))
        for one in by_name.get(name, ())
        for text in one.value.split(",")
    )
    return tuple(one for one in found if one is not None)


def _lasts(by_name: dict[str, list[Property]], start: Moment, zones: Zones) -> timedelta | None:
    if "DTEND" in by_name:
        end = _only(by_name, "DTEND", zones)
        return end.in_zone(start.zone) - start.local if end is not None else None
    if "DURATION" in by_name:
        return duration(_text(by_name, "DURATION"))
    # §3.6.1: a date alone is that day, a time alone takes no time
    return timedelta(days=1 if start.is_date else 0)


def _rule(text: str, start: Moment) -> Rule | None:
    def until(written: str) -> date:
        last = moment(written, start.zone)
        if last is None:
            raise ValueError(written)
        # an occurrence of the last date itself counts if it begins by then
        time_of_day = start.local - start.local.replace(hour=0, minute=0, second=0)
        return (last.local if last.is_date else last.in_zone(start.zone) - time_of_day).date()

    return read_rule(text, until) if text else None
