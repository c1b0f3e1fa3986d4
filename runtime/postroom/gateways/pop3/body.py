"""Takes the body of a multi-line reply out of a byte stream, exactly (RFC 1939 §3); it never waits.

It works on whole chunks: one search for the terminator, one replacement for the stuffed dots.
"""

from __future__ import annotations

END = b"\r\n.\r\n"
_STUFFED = b"\r\n."
_EMPTY = b".\r\n"


class Body:
    """How far one multi-line reply has been read."""

    __slots__ = ("done", "newlines", "opening", "stuffed")

    def __init__(self) -> None:
        self.opening = True
        """No octet of it was taken yet, so its first line begins right here."""
        self.done = False
        """The terminating dot was read."""
        self.stuffed = 0
        """Dots taken away so far."""
        self.newlines = 0
        """LF octets given so far."""

    def take(self, buffer: bytes, start: int) -> tuple[bytes, int]:
        """Give the next octets of the body and where the unread rest of the buffer begins; empty when it needs more."""
        if self.opening:
            opened = self._open(buffer, start)
            if opened is None or self.done:
                return b"", start if opened is None else opened
            start = opened
        # RFC 1939 §3: CRLF "." CRLF ends the reply; its first CRLF belongs to the last line, and a bare LF ends nothing
        # Attachments have no dots at all, and one octet is found many times faster than three.
        dot = buffer.find(b".", start)
        stuffed = buffer.find(_STUFFED, max(dot - 2, start)) if dot >= 0 else -1
        if stuffed < 0:
            # Nearly every chunk of a large mail: neither the end nor a stuffed dot is in it, and one search says both.
            keep = len(buffer) - _held_back(buffer, start)
            return self._counted(buffer[start:keep]), keep
        end = buffer.find(END, stuffed)
        if end >= 0:
            self.done = True
            last = buffer[start : end + 2]
            return self._counted(last) if end == stuffed else self._unstuff(last), end + len(END)
        keep = len(buffer) - _held_back(buffer, start)
        return self._unstuff(buffer[start:keep]), keep

    def _open(self, buffer: bytes, start: int) -> int | None:
        """Look at the first line, which has no CRLF of its own before it; None when too little of it came."""
        head = buffer[start : start + len(_EMPTY)]
        if len(head) < len(_EMPTY) and _EMPTY.startswith(head):
            return None
        self.opening = False
        if head == _EMPTY:
            self.done = True
            return start + len(_EMPTY)
        if head.startswith(b"."):
            self.stuffed += 1
            return start + 1
        return start

    def _unstuff(self, chunk: bytes) -> bytes:
        # RFC 1939 §3: a line that begins with the termination octet and goes on loses that octet
        clean = chunk.replace(_STUFFED, b"\r\n")
        self.stuffed += len(chunk) - len(clean)
        return self._counted(clean)

    def _counted(self, chunk: bytes) -> bytes:
        self.newlines += chunk.count(b"\n")
        return chunk


def _held_back(buffer: bytes, start: int) -> int:
    """Octets at the end of the buffer that may be the beginning of the terminator or of a stuffed dot."""
    for length in range(min(len(END) - 1, len(buffer) - start), 0, -1):
        if buffer.endswith(END[:length]):
            return length
    return 0


def stuff(body: bytes) -> bytes:
    """Put a body on the wire as a server does: dots doubled at the line's start, terminator added (RFC 1939 §3)."""
    stuffed = body.replace(_STUFFED, b"\r\n..")
    if stuffed.startswith(b"."):
        stuffed = b"." + stuffed
    return stuffed + (_EMPTY if not stuffed or stuffed.endswith(b"\r\n") else END)
