"""A mail's HTML made fit to be shown: no script, no style, no form, nothing fetched from anywhere.

It takes bounded input only: every parser of hostile HTML is quadratic somewhere.
"""

from __future__ import annotations

import nh3

LONGEST = 512 * 1024
"""Characters."""
MOST_TAGS = 10_000
"""Markup signs; deep nesting costs the square of its depth."""

_OWN_PICTURES = ("data:image/png;", "data:image/jpeg;", "data:image/gif;", "data:image/webp;")


def is_too_large(html: str) -> bool:
    """Whether this is more than is cleaned here."""
    return len(html) > LONGEST or html.count("<") > MOST_TAGS


def clean(html: str) -> str:
    """Give a document that shows the mail; pictures stay only where they are in the HTML itself."""
    body = nh3.clean(
        html,
        attribute_filter=_attribute,
        url_schemes={"http", "https", "mailto", "tel", "data"},
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
    )
    return f'<!doctype html><html><head><meta charset="utf-8"><title>Mail</title></head><body>{body}</body></html>'


def _attribute(element: str, attribute: str, value: str) -> str | None:
    if (element, attribute) == ("img", "src"):
        return value if value.startswith(_OWN_PICTURES) else None
    is_data = attribute in {"href", "cite", "src"} and value.strip().casefold().startswith("data:")
    return None if is_data else value
