"""HTML made fit to be sent on under our name: nothing that acts, and nothing of a stranger's is fetched.

It takes bounded input only: every parser of hostile HTML is quadratic somewhere.
"""

from __future__ import annotations

from collections.abc import Callable

import nh3

LONGEST = 512 * 1024
"""Characters."""
MOST_TAGS = 10_000
"""Markup signs; deep nesting costs the square of its depth."""

_OWN = ("data:image/png;", "data:image/jpeg;", "data:image/gif;", "data:image/webp;")
QUOTED_PICTURES = _OWN
"""What a quote may show: the files of the mail quoted do not go with it."""
FORWARDED_PICTURES = (*_OWN, "cid:")
TYPED_PICTURES = (*_OWN, "cid:", "https:")
_SCHEMES = {"http", "https", "mailto", "tel", "data", "cid"}


def sendable(html: str, pictures: tuple[str, ...]) -> str | None:
    """The HTML cleaned, with those pictures alone; None where there is too much of it to be cleaned."""
    if len(html) > LONGEST or html.count("<") > MOST_TAGS:
        return None
    return nh3.clean(html, attribute_filter=_allowing(pictures), url_schemes=_SCHEMES, url_relative="deny")


def _allowing(pictures: tuple[str, ...]) -> Callable[[str, str, str], str | None]:
    def allowed(element: str, attribute: str, value: str) -> str | None:
        if (element, attribute) == ("img", "src"):
            return value if value.startswith(pictures) else None
        hides_octets = attribute in {"href", "cite", "src"} and value.strip().casefold().startswith(("data:", "cid:"))
        return None if hides_octets else value

    return allowed
