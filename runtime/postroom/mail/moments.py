"""A time as a customer reads it: in the channel's zone, as his language writes it, in words as few as can be."""

from __future__ import annotations

from datetime import datetime, tzinfo

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_NUMBERS = {
    **dict.fromkeys(("cs", "da", "de", "fi", "nb", "no", "pl", "ro", "ru", "sk", "tr", "uk"), "{0:%d.%m.%Y %H:%M}"),
    **dict.fromkeys(("ar", "ca", "el", "es", "fr", "he", "id", "it", "ms", "pt", "vi"), "{0:%d/%m/%Y %H:%M}"),
    **dict.fromkeys(("ja", "zh"), "{0:%Y}年{0.month}月{0.day}日 {0:%H:%M}"),
    "ko": "{0:%Y}년 {0.month}월 {0.day}일 {0:%H:%M}",
    "nl": "{0:%d-%m-%Y %H:%M}",
}
"""Written in digits; a language that is not here is written by ISO 8601, which no one reads as another day."""
_ISO = "{0:%Y-%m-%d %H:%M}"


def plain_moment(at: datetime, zone: tzinfo, language: str) -> str:
    """The aware time with the zone's name behind it: `Monday, 2 March 2026, 09:00 (Europe/Berlin)`."""
    local = at.astimezone(zone)
    primary = language.partition("-")[0].lower()
    if primary == "en":
        day = f"{_DAYS[local.weekday()]}, {local.day} {_MONTHS[local.month - 1]} {local.year}, {local:%H:%M}"
    else:
        day = _NUMBERS.get(primary, _ISO).format(local)
    return f"{day} ({zone})"
