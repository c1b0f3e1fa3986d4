"""What a rule may ask about the world around the session: one frozen value, read in the same transaction."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from postroom.session.automatic import AutomaticFacts


class AgentFact(Struct, frozen=True, kw_only=True):
    """An agent as he stands now."""

    name: str
    is_ready: bool = False
    has_place: bool = False
    is_signed_in: bool = False


class QueueFact(Struct, frozen=True, kw_only=True):
    """A queue as it stands now."""

    name: str
    waiting: int = 0
    signed_in: int = 0
    """Members who are signed in."""


class Facts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known beside the session itself; a part that the event cannot need is not read."""

    owner: AgentFact | None = None
    """The session's owner."""
    last_agent: AgentFact | None = None
    """Who last replied to this customer on this channel."""
    last_replied_at: datetime | None = None
    holder: AgentFact | None = None
    """Who has another session of this customer on this channel in hand."""
    had_agent: bool = False
    """Whether the conversation's session before this one had an agent."""
    queue: QueueFact | None = None
    """The queue that a transfer names, or a customer's mail would go to."""
    target: AgentFact | None = None
    """The agent that a transfer names."""
    automatic: AutomaticFacts | None = None
    """What an automatic reply to the newest customer mail would have to respect."""
    robot_answers_today: int = 0
    """Answers of robots to this sender on this channel within a day."""
