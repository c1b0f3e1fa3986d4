"""How figures are written for people."""

from __future__ import annotations

MINUTE, HOUR, DAY = 60, 3600, 86_400
NONE = "–"


def share(value: float | None) -> str:
    """A share in per cent."""
    return NONE if value is None else f"{100 * value:.0f} %"


def duration(seconds: float | None) -> str:
    """A time in its two largest units."""
    if seconds is None:
        return NONE
    whole = round(seconds)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE:02} s" if whole < 10 * MINUTE else f"{whole / MINUTE:.0f} min"
    if whole < 2 * DAY:
        return f"{whole // HOUR} h {whole % HOUR // MINUTE:02} min"
    return f"{whole / DAY:.1f} days"


def number(value: float) -> str:
    """A number with its thousands apart."""
    return f"{value:,.0f}".replace(",", "\u202f")
