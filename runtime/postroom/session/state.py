"""A session: one period of service inside a conversation, as a value.

It is in charge of what a session is; what may happen to it is decide.py's.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import NewType

from msgspec import Struct

ConversationId = NewType("ConversationId", str)
SessionId = NewType("SessionId", str)


class Phase(Enum):
    """Where a session stands."""

    NEW = "new"
    """Opened, and nothing has happened in it yet."""
    ROBOT = "robot"
    """A robot has the word, or the customer has it after a robot's answer."""
    QUEUED = "queued"
    """It waits for an agent of its queue."""
    OFFERED = "offered"
    """It is held out to one agent."""
    ASSIGNED = "assigned"
    """An agent has it and the word."""
    AWAITING_CUSTOMER = "awaiting_customer"
    """An agent has it; the customer has the word."""
    OFFLINE = "offline"
    """An offline message: nobody can take it now."""
    WRAP_UP = "wrap_up"
    """The service is over; the agent writes up what it was."""
    ENDED = "ended"


HOLDING = frozenset({Phase.OFFERED, Phase.ASSIGNED, Phase.WRAP_UP})
"""The phases in which a session takes a place of an agent's capacity; a parked one gives it back meanwhile."""


class TimerKind(Enum):
    """The deadlines a session can have; at most one of a kind at a time. When each is due is deadlines.py's."""

    OFFER_EXPIRY = "offer_expiry"
    """The agent said nothing to the offer."""
    MAX_WAIT = "max_wait"
    """It waited in its queue as long as the queue allows, or as long as one routing of an offline message may take."""
    OVERFLOW = "overflow"
    """It waited so long that another queue takes it."""
    HOLD = "hold"
    """It was kept for one agent long enough; anybody may have it."""
    CONTACT = "contact"
    """Nobody may contact the customer about an offline message any more."""
    REMINDER = "reminder"
    """The customer is reminded that he has the word."""
    CUSTOMER_SILENCE = "customer_silence"
    """The customer said nothing for so long that the session ends."""
    AGENT_SILENCE = "agent_silence"
    """The owner left the oldest unanswered mail for so long that somebody else shall have it."""
    AGENT_GONE = "agent_gone"
    """The owner has been signed out for so long that his work goes back."""
    PARK = "park"
    """The time came until which the owner had put the session aside."""
    WRAP_UP = "wrap_up"
    """The time for writing up is over."""
    ROBOT_TURN = "robot_turn"
    """The robot has not answered in time."""


class Offer(Struct, frozen=True, kw_only=True):
    """A session held out to one agent until `expires_at`; `token` tells this offer from any later one."""

    agent: str
    token: str
    offered_at: datetime
    expires_at: datetime


class Assignment(Struct, frozen=True, kw_only=True):
    """Who owns the session; commands carry `token`, so that one from before a change of owner is told apart."""

    agent: str
    token: str
    assigned_at: datetime
    keeps_place: bool = False
    """Whether his place stays taken while the customer has the word (`count_awaiting`)."""


class Session(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One period of service. Times are aware UTC; `queued_at` is its age and survives every return to the queue.

    Each `…_since` is the start of a deadline (deadlines.py); it is set where the deadline runs and None where not.
    """

    id: SessionId
    conversation: ConversationId
    tenant: str
    channel: str
    opened_at: datetime
    phase: Phase = Phase.NEW
    is_shadow: bool = False
    """Whether it is only decided on: nobody is offered it, and nothing is sent."""

    # Its place in the queue.
    queue: str = ""
    priority: int = 0
    weight: int = 1
    """Places it takes of an agent's capacity, all its life: what was taken is given back whatever the settings say."""
    queued_at: datetime | None = None
    waiting_since: datetime | None = None
    """Since when it waits in this very queue; coming back from an offer changes nothing."""
    not_before: datetime | None = None
    """Until then nobody is offered a waiting session, and an offline one is not routed again."""
    held_for: str = ""
    """The agent it is kept for while it waits, or empty."""
    held_since: datetime | None = None
    overflowed: bool = False
    waited_out: bool = False
    """Whether it waited as long as its queue allows, and there was nowhere else to go."""
    is_offline_message: bool = False
    """Whether it is one that no agent has taken yet, waiting or being routed."""
    was_offline: bool = False
    """Whether it was one at any time of its life."""

    # Who has it, and who had it.
    offer: Offer | None = None
    assignment: Assignment | None = None
    passed_over: tuple[str, ...] = ()
    """Agents who did not take an offer of this session, asked last from now on."""
    left_out: tuple[str, ...] = ()
    """Agents who had it and let the customer wait: not asked again until somebody answered."""
    transfers: int = 0
    """How often it was taken from an agent who let the customer wait, since anybody last replied."""
    gone_since: datetime | None = None
    """Since when its owner is signed out."""
    parked_since: datetime | None = None
    parked_until: datetime | None = None

    # What was said.
    labels: tuple[str, ...] = ()
    """The channel's, and those of the routes that its mails came by."""
    customer_mail: str = ""
    """The newest customer mail of the session."""
    customer_wrote_at: datetime | None = None
    """Receipt of that mail."""
    unanswered_since: datetime | None = None
    """Receipt of the oldest customer mail nobody has answered yet."""
    answer_due_since: datetime | None = None
    """Since when its owner lets the customer wait."""
    in_hand_since: datetime | None = None
    """Since when its owner has the word, or writes it up; decide.py keeps it."""
    wrote_something: bool = False
    """Whether the owner's saved draft or note restarted that clock: it does so once."""
    first_replied_at: datetime | None = None
    replied_at: datetime | None = None
    silent_since: datetime | None = None
    """Since when the customer has the word: the newest reply's first To was accepted."""
    reminded: bool = False
    auto_replied: bool = False
    """Whether the customer had an automatic reply in this session."""
    no_automatic_mail: bool = False
    """Opened by a failed delivery: there is nobody who would read it."""

    # The robot's dialogue.
    robot_turn: int = 0
    """The number of the question the robot was asked last; an answer to an older one is void."""
    robot_asked_since: datetime | None = None
    robot_answered: bool = False
    """Whether the robot ever answered in this session."""
    robot_asked_once: bool = False
    """Whether the robot is asked only once, because nobody can take the session now."""

    # Its end.
    wrap_up_since: datetime | None = None
    wrap_up_code: str = ""
    ended_at: datetime | None = None
    ended_because: str = ""

    @property
    def holder(self) -> str | None:
        """The agent whose capacity this session takes a place of, or None."""
        if self.phase is Phase.OFFERED and self.offer is not None:
            return self.offer.agent
        owner = self.assignment
        if owner is None or self.parked_since is not None:
            return None
        holds = self.phase in HOLDING or (self.phase is Phase.AWAITING_CUSTOMER and owner.keeps_place)
        return owner.agent if holds else None

    @property
    def in_hand_of(self) -> str:
        """The agent whose word it is, or who writes it up; empty while it waits, is parked, or the customer has it."""
        is_in_hand = self.phase in {Phase.ASSIGNED, Phase.WRAP_UP} and self.parked_since is None
        return self.owner if is_in_hand else ""

    @property
    def owner(self) -> str:
        """The agent it is assigned to, whoever has the word; empty where it has none."""
        return self.assignment.agent if self.assignment is not None else ""

    @property
    def is_open(self) -> bool:
        """Whether the period of service still runs."""
        return self.phase is not Phase.ENDED
