"""Whether a mail's octets agree with what LIST said; LIST is a hint, but a difference is worth a second reading."""

from __future__ import annotations

from postroom.gateways.pop3.body import Body


def agrees(listed: int, size: int, body: Body) -> bool:
    """Whether the listed octets are those received, or those of one of the two known ways to count wrongly.

    Some servers count the file on their disk, with LF for each CRLF; some count the stuffed dots.
    """
    return listed in (size, size - body.newlines, size + body.stuffed)
