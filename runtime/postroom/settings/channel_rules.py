"""The rules of a channel that have several keys of their own: names, types, ranges and defaults.

What of them has no effect yet is listed in inactive.py.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from postroom.settings.rules import AtMost, Between, Name, OneOf, Seconds, Target, Unit, Zone
from postroom.settings.wording import Texts

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0


def _seconds(low: float, high: float) -> Between:
    return Between(low, high, Unit.SECONDS)


Silence = Annotated[Seconds, _seconds(MINUTE, 30 * DAY)]
Keyword = Annotated[str, AtMost(200, least=1)]


class WorkTime(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When the channel is served: segments `HH:MM-HH:MM` of a working day and of any other day."""

    workday: Annotated[tuple[str, ...], AtMost(4, least=1)] = ("00:00-24:00",)
    non_workday: Annotated[tuple[str, ...], AtMost(4)] = ()
    calendar: str = "default"
    time_zone: Zone | None = None
    finish_queue: bool = False


class LastAgent(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether a customer is led back to who answered him last."""

    enabled: bool = False
    valid_for: Annotated[Seconds, _seconds(MINUTE, 366 * DAY)] = 7 * DAY
    wait: Annotated[Seconds, _seconds(0, DAY)] = 10 * MINUTE
    scope: Annotated[str, OneOf(("queue", "any"))] = "queue"


class NoCustomerReply(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happens when the customer stays silent."""

    enabled: bool = True
    end_after: Silence = 60 * MINUTE
    remind_after: Silence | None = None
    remind_with: Texts = ()
    clock: Annotated[str, OneOf(("wall", "work_time"))] = "wall"


class NoAgentReply(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happens when the agent stays silent."""

    enabled: bool = False
    transfer_after: Silence = 30 * MINUTE
    to: str = "same_queue"
    max_transfers: Annotated[int, Between(1, 10)] = 3
    escalate_to: Target | None = None


class SessionTransfer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom an agent may transfer to; written as `all`, `none` or a list of `queue:NAME` and `agent:NAME`."""

    to: Annotated[str, OneOf(("all", "none", "named"))] = "all"
    names: Annotated[tuple[Target, ...], AtMost(1000)] = ()


class OfflineMessages(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes of a session nobody can take now."""

    enabled: bool = False
    route_within: Annotated[Seconds, _seconds(MINUTE, 60 * MINUTE)] = 30 * MINUTE
    agent_contact_within: Annotated[Seconds, _seconds(0, 10_080 * MINUTE)] | None = None
    called_customer_reply: Annotated[Seconds, _seconds(MINUTE, 5 * MINUTE)] = 5 * MINUTE
    routing: Annotated[str, OneOf(("skill_queue", "last_agent", "robot"))] = "skill_queue"
    auto_reply_each: bool = False
    opening_rate: Annotated[int, Between(1, 1000)] = 10
    """Sessions a second that go to the queue at opening."""


class AutoReply(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Texts sent by themselves, each by language; none is sent where there is none."""

    working: Texts = ()
    non_working: Texts = ()
    holiday: Texts = ()
    backlog: Texts = ()
    language: str = "auto"
    """The language to answer in; `auto` for the one a mail says it is in."""
    again_after: Annotated[Seconds, _seconds(MINUTE, 366 * DAY)] = DAY
    backlog_from: Annotated[int, Between(1, 1_000_000)] = 20
    """So many sessions waiting in the queue are a backlog, and the text `backlog` goes out instead of `working`."""


class ChannelRobot(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The robot that answers first; written as its name, or with these keys."""

    name: Name
    max_turns: Annotated[int, Between(1, 100)] = 5
    timeout: Annotated[Seconds, _seconds(1, 10 * MINUTE)] = 30.0
    hand_off_on_failure: bool = True
    hours: Annotated[str, OneOf(("always", "work_time"))] = "always"
