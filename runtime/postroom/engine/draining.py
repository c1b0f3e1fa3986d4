"""Notices a box that is not drained: mails are listed and wanted, poll after poll, and none of them is taken in."""

from __future__ import annotations

from msgspec import Struct

STUCK_AFTER = 900.0
"""Seconds, over at least three polls."""
_POLLS = 3


class Draining(Struct, frozen=True, kw_only=True):
    """Polls in a row that took nothing though mails waited, and when the first of them was (monotonic)."""

    polls: int = 0
    since: float = 0.0

    def polled(self, left: int, taken: int, now: float) -> Draining:
        """One more poll."""
        if taken or not left:
            return Draining()
        return Draining(polls=self.polls + 1, since=self.since if self.polls else now)

    def words(self, left: int, now: float) -> str:
        """Say that the box is stuck, or nothing."""
        lasted = now - self.since
        if self.polls < _POLLS or lasted < STUCK_AFTER:
            return ""
        mails = "1 mail is" if left == 1 else f"{left} mails are"
        return f"{mails} listed, and for {lasted / 60:.0f} minutes none could be taken in"
