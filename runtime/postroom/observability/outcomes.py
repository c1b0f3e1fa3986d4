"""The fixed words a metric's label may have: how mails, offers, questions and replies end, and what is held or rung."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from postroom.session.automatic import AutomaticKind, Reason


class GatewayState(Enum):
    """The status of a gateway, the same words as ports.gateways.GatewayStatus."""

    CONNECTING = "connecting"
    CONNECTION_SUCCEEDED = "connection_succeeded"
    CONNECTION_FAILED = "connection_failed"
    AUTH_FAILED = "auth_failed"
    LOCKED = "locked"
    THROTTLED = "throttled"
    DRAINING_STUCK = "draining_stuck"
    DISCONNECTED = "disconnected"


class OfferOutcome(Enum):
    """How an offer to an agent ends."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class RobotOutcome(Enum):
    """How a question to a robot ends."""

    ANSWERED = "answered"
    HANDED_OFF = "handed_off"
    FAILED = "failed"
    LATE = "late"
    NOT_ASKED = "not_asked"


class ReplyOutcome(Enum):
    """How a reply's sending stands; failed and unknown are told once a reply, not once an attempt."""

    SENT = "sent"
    DELAYED = "delayed"
    FAILED = "failed"
    UNKNOWN = "unknown"


class AutoReplyOutcome(Enum):
    """How an automatic reply ends, told once: decided against, or handed over, refused for good, or not sent again."""

    SENT = "sent"
    SUPPRESSED = "suppressed"
    FAILED = "failed"
    UNKNOWN = "unknown"


PAUSABLE = ("automatic", "intake", "sending")
"""What can be held back."""

ALARMS = ("agent_silent", "max_wait", "never_open", "queue_full", "robot_failed", "uncontacted")
"""Every reason for which a session asks for a person who watches."""

AUTO_REPLY_REASONS: Mapping[AutoReplyOutcome, tuple[str, ...]] = {
    AutoReplyOutcome.SENT: tuple(kind.value for kind in AutomaticKind),
    AutoReplyOutcome.SUPPRESSED: tuple(reason.value for reason in Reason),
    AutoReplyOutcome.FAILED: ("delivery",),
    AutoReplyOutcome.UNKNOWN: ("delivery",),
}
"""Every reason an outcome can have: of what was sent, its kind."""
