"""What is left of a session when one of its mails was put into a conversation of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from postroom.session.state import Session


def is_over_without(session: Session, taken: datetime, left: Sequence[datetime]) -> bool:
    """Whether the mail taken out was all that the customer still waited for.

    `taken` and `left` are the times of receipt of that mail and of those of the customer's that stay.
    """
    since = session.unanswered_since
    return session.is_open and since is not None and taken >= since and all(at < since for at in left)
