"""A mail's HTML made fit to be shown: no script, no style, no form, nothing fetched from anywhere.

Pictures that came with the mail are written into the document, for the frame that shows it may load nothing.
It takes bounded input only: every parser of hostile HTML is quadratic somewhere.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import partial
from urllib.parse import unquote

import nh3

from postroom.mail.message import Attachment, Message

LONGEST = 512 * 1024
"""Characters."""
MOST_TAGS = 10_000
"""Markup signs; deep nesting costs the square of its depth."""

_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_OWN_PICTURES = tuple(f"data:{kind};" for kind in _PICTURES)
_BY_ID = "cid:"
_MOST_PICTURES = 20
_LARGEST_PICTURES = 4 * 1024 * 1024
"""Octets of all of them together."""


def is_too_large(html: str) -> bool:
    """Whether this is more than is cleaned here."""
    return len(html) > LONGEST or html.count("<") > MOST_TAGS


def pictures_of(message: Message) -> tuple[Attachment, ...]:
    """The files of the mail that its HTML may show, as many of them as are put into it."""
    found: list[Attachment] = []
    if _BY_ID not in (message.html or "").casefold():
        return ()
    room = _LARGEST_PICTURES
    for file in message.attachments:
        if file.content_id and file.content_type in _PICTURES and file.size <= room and len(found) < _MOST_PICTURES:
            found.append(file)
            room -= file.size
    return tuple(found)


def clean(html: str, pictures: Mapping[str, tuple[str, bytes]]) -> str:
    """Give a document that shows the mail; `pictures` are content types and octets by Content-ID (RFC 2392)."""
    written = {
        name: f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
        for name, (kind, content) in pictures.items()
    }
    body = nh3.clean(
        html,
        attribute_filter=partial(_attribute, written),
        url_schemes={"http", "https", "mailto", "tel", "data", "cid"},
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
    )
    return f'<!doctype html><html><head><meta charset="utf-8"><title>Mail</title></head><body>{body}</body></html>'


def _attribute(pictures: Mapping[str, str], element: str, attribute: str, value: str) -> str | None:
    if (element, attribute) == ("img", "src"):
        if value[: len(_BY_ID)].casefold() == _BY_ID:
            return pictures.get(unquote(value[len(_BY_ID) :]))
        return value if value.startswith(_OWN_PICTURES) else None
    hides_octets = attribute in {"href", "cite", "src"} and value.strip().casefold().startswith(("data:", _BY_ID))
    return None if hides_octets else value
