"""How a received mail ends: the one list of the words, for what is stored and what is counted."""

from __future__ import annotations

from enum import Enum


class Outcome(Enum):
    """How a received mail ended; every one ends in exactly one of these."""

    CONVERSATION = "conversation"
    COPY = "copy"
    SEEN_AGAIN = "seen_again"
    DELIVERY_REPORT = "delivery_report"
    AUTOMATIC_FILED = "automatic_filed"
    FILED_BY_RULE = "filed_by_rule"
    BLOCKED = "blocked"
    DISCARDED_BY_RULE = "discarded_by_rule"
    OWN = "own"
    UNROUTED = "unrouted"
    QUARANTINED = "quarantined"
    OVERSIZE = "oversize"
