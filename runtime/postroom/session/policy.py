"""What an administrator's settings mean for a session, compiled to values of one generation.

Durations are seconds. Of what clock each is stands in deadlines.py.
"""

from __future__ import annotations

from datetime import UTC

from msgspec import Struct

from postroom.routing.calendar import Calendar
from postroom.routing.hours import ServiceTime
from postroom.session.automatic import AutomaticPolicy

_WHOLE_DAY = ((0, 1440),)
ALWAYS_OPEN = ServiceTime(workday=_WHOLE_DAY, non_workday=_WHOLE_DAY, zone=UTC, calendar=Calendar())


class QueuePolicy(Struct, frozen=True, kw_only=True):
    """The rules of one skill queue."""

    members: frozenset[str] = frozenset()
    offer_for: float = 60.0
    max_missed_offers: int = 3
    """Offers in a row an agent may let run out before he is set not ready."""
    max_wait: float | None = None
    max_length: int | None = None
    overflow: str = ""
    """The queue that takes what waited too long, or empty."""
    overflow_after: float | None = None
    auto_accept: bool = False
    ageing: float = 1800.0
    """Waiting time that counts as one point of priority."""
    first_response_within: float = 4 * 3600.0
    in_work_time: bool = True
    """Whether that is work time of the channel."""
    is_external: bool = False
    """Whether somebody outside finds the agents, so that it is served without members."""


class LastAgentPolicy(Struct, frozen=True, kw_only=True):
    """Whether a customer is led back to who answered him last."""

    enabled: bool = False
    valid_for: float = 7 * 86_400.0
    wait: float = 600.0
    any_queue: bool = False
    """Whether he need not be a member of the queue the session is in."""


class CustomerSilence(Struct, frozen=True, kw_only=True):
    """What happens when the customer stays silent; None where nothing does."""

    end_after: float | None = 3600.0
    remind_after: float | None = None
    in_work_time: bool = False
    after_offline: float = 300.0
    """Replaces `end_after` after an agent's reply in a session that was an offline message."""


class AgentSilence(Struct, frozen=True, kw_only=True):
    """What happens when the agent stays silent. A target is `same_queue`, `queue:NAME` or `agent:NAME`."""

    transfer_after: float | None = None
    to: str = "same_queue"
    max_transfers: int = 3
    escalate_to: str = ""


class OfflinePolicy(Struct, frozen=True, kw_only=True):
    """What becomes of a session nobody can take now."""

    enabled: bool = False
    route_within: float = 1800.0
    reassign_after: float = 1800.0
    """The pause between two routings of one message."""
    contact_within: float | None = None
    to_last_agent: bool = False
    ask_robot: bool = False


class RobotPolicy(Struct, frozen=True, kw_only=True):
    """The robot that answers first."""

    name: str
    max_turns: int = 5
    timeout: float = 30.0
    hand_off_on_failure: bool = True
    in_work_time: bool = False
    """Whether it is not asked out of work time."""
    answers_a_day: int = 20
    """To one sender on this channel."""


class TransferPolicy(Struct, frozen=True, kw_only=True):
    """Whom an agent may transfer to: anybody, or those named `queue:NAME` and `agent:NAME`."""

    anybody: bool = True
    named: frozenset[str] = frozenset()


class Policy(Struct, frozen=True, kw_only=True):
    """The rules of one channel."""

    generation: int
    queue: str
    priority: int = 0
    weight: int = 1
    """Places of an agent's capacity that a session takes."""
    labels: tuple[str, ...] = ()
    """The channel's, which every session begins with."""
    queues: dict[str, QueuePolicy] = {}
    """Every queue of the tenant."""
    hours: ServiceTime = ALWAYS_OPEN
    finish_queue: bool = False
    is_shadow: bool = False
    count_awaiting: bool = False
    wrap_up: float = 0.0
    agent_gone_after: float = 900.0
    last_agent: LastAgentPolicy = LastAgentPolicy()
    customer_silence: CustomerSilence = CustomerSilence()
    agent_silence: AgentSilence = AgentSilence()
    offline: OfflinePolicy = OfflinePolicy()
    robot: RobotPolicy | None = None
    transfer: TransferPolicy = TransferPolicy()
    automatic: AutomaticPolicy = AutomaticPolicy()
    backlog_from: int = 20
    """So many sessions waiting in the queue are a backlog."""

    def of_queue(self, name: str) -> QueuePolicy:
        """The rules of that queue; the usual ones where it is gone."""
        return self.queues.get(name, QueuePolicy())
