"""What can happen to a session: past tense, frozen, and written to the journal as they are.

Every event has one origin (a mail, an agent, a supervisor, the queue, a robot, a timer, a delivery report) and none of
them acts.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from postroom.session.state import TimerKind


class Event(Struct, frozen=True, kw_only=True, tag_field="type"):
    """Something that happened; the subclass says what."""


# -- the customer -------------------------------------------------------------------------------------------------


class MessageReceived(Event, frozen=True, kw_only=True, tag="message_received"):
    """A mail that people are served for came from the customer."""

    mail: str
    received_at: datetime
    queue: str | None = None
    """The notification route's queue, where it names one."""
    priority: int | None = None
    keyword: str = ""
    """The keyword for transfer to an agent found in its new text, or empty."""
    labels: tuple[str, ...] = ()
    """The notification route's."""


class MessageAttached(Event, frozen=True, kw_only=True, tag="message_attached"):
    """A mail that nobody is served for was laid to the conversation: a note, never customer text."""

    mail: str
    mail_class: str


# -- queues and offers --------------------------------------------------------------------------------------------


class AgentReserved(Event, frozen=True, kw_only=True, tag="agent_reserved"):
    """The queue found an agent, and a place of his capacity is already taken for this session."""

    agent: str
    token: str


class SessionPicked(Event, frozen=True, kw_only=True, tag="session_picked"):
    """An agent took the session out of its queue himself; a place of his capacity is already taken."""

    agent: str
    token: str


class SessionAssigned(Event, frozen=True, kw_only=True, tag="session_assigned"):
    """A supervisor gave the session to an agent; a place of his capacity is already taken."""

    agent: str
    token: str
    by: str


class OfferAccepted(Event, frozen=True, kw_only=True, tag="offer_accepted"):
    """The agent took the offer he names by its token."""

    agent: str
    token: str


class OfferDeclined(Event, frozen=True, kw_only=True, tag="offer_declined"):
    """The agent said no to the offer he names by its token."""

    agent: str
    token: str
    reason: str = ""


class AgentLeft(Event, frozen=True, kw_only=True, tag="agent_left"):
    """The agent went not ready, or offline: `is_gone`."""

    agent: str
    is_gone: bool = False


class AgentReturned(Event, frozen=True, kw_only=True, tag="agent_returned"):
    """The agent who was offline signed in again."""

    agent: str


# -- the owner ----------------------------------------------------------------------------------------------------


class AgentWroteFirst(Event, frozen=True, kw_only=True, tag="agent_wrote_first"):
    """An agent began the conversation himself: his mail is rendered and stored."""

    agent: str
    token: str
    reply: str
    sender: str = ""
    """Under what name it goes where he asked for his own: `personal`, or why it is the channel's all the same."""


class ReplySubmitted(Event, frozen=True, kw_only=True, tag="reply_submitted"):
    """The owner pressed send: the reply is rendered and stored, and not yet with any server."""

    agent: str
    token: str
    reply: str
    sender: str = ""
    """As in AgentWroteFirst."""


class ForwardSubmitted(Event, frozen=True, kw_only=True, tag="forward_submitted"):
    """The owner passes a mail on to somebody else: his mail is rendered and stored, and no answer to the customer."""

    agent: str
    token: str
    reply: str


class ForwardFailed(Event, frozen=True, kw_only=True, tag="forward_failed"):
    """No recipient in To can be reached with a mail that was forwarded."""

    reply: str
    words: str


class NoteWritten(Event, frozen=True, kw_only=True, tag="note_written"):
    """Somebody wrote a note for his colleagues; no customer ever gets it. The owner's has his `token`."""

    agent: str
    text: str
    token: str = ""


class ReplyWithdrawn(Event, frozen=True, kw_only=True, tag="reply_withdrawn"):
    """The owner took a reply back that no server had been offered yet."""

    agent: str
    token: str
    reply: str


class WorkSaved(Event, frozen=True, kw_only=True, tag="work_saved"):
    """The owner saved a draft or a note: he is at it."""

    agent: str
    token: str


class SessionParked(Event, frozen=True, kw_only=True, tag="session_parked"):
    """The owner put the session aside until a time, or until the customer writes."""

    agent: str
    token: str
    until: datetime | None = None


class SessionTransferred(Event, frozen=True, kw_only=True, tag="session_transferred"):
    """Somebody else shall have it, a queue or an agent: says its owner with his token, or a supervisor without one."""

    by: str
    token: str = ""
    queue: str = ""
    agent: str = ""
    new_token: str = ""
    """The new owner's, where the session changes hands without an offer."""
    by_supervisor: bool = False


class EndRequested(Event, frozen=True, kw_only=True, tag="end_requested"):
    """The owner ended the session."""

    agent: str
    token: str
    reason: str = "ended_by_agent"


class WrapUpDone(Event, frozen=True, kw_only=True, tag="wrap_up_done"):
    """The agent wrote up what the session was."""

    agent: str
    token: str
    code: str = ""


# -- whoever may see the queue --------------------------------------------------------------------------------------


class SessionFiled(Event, frozen=True, kw_only=True, tag="session_filed"):
    """Somebody looked and found that nobody is to be served: spam, or no answer needed."""

    by: str
    reason: str
    token: str = ""
    by_supervisor: bool = False


class ConversationMerged(Event, frozen=True, kw_only=True, tag="conversation_merged"):
    """The conversation was laid into an older one; what is open goes on there."""

    by: str
    into: str


# -- robots -------------------------------------------------------------------------------------------------------


class RobotAnswered(Event, frozen=True, kw_only=True, tag="robot_answered"):
    """The robot has an answer to the question of that turn; it is not yet sent."""

    turn: int
    text: str
    source: str = ""


class RobotHandedOff(Event, frozen=True, kw_only=True, tag="robot_handed_off"):
    """The robot leaves it to a person, or failed at it: `failed`."""

    turn: int
    reason: str
    failed: bool = False


# -- deliveries ---------------------------------------------------------------------------------------------------


class ReplySent(Event, frozen=True, kw_only=True, tag="reply_sent"):
    """A server took the reply for its first To recipient, or its outcome is unknown."""

    reply: str
    sent_at: datetime
    unknown: bool = False


class ReplyFailed(Event, frozen=True, kw_only=True, tag="reply_failed"):
    """Every To recipient of the reply failed for good."""

    reply: str
    words: str


class ReplyDelayed(Event, frozen=True, kw_only=True, tag="reply_delayed"):
    """The agent's reply is still not out: a ceiling holds it back, or no server took it in good time."""

    reply: str
    agent: str
    words: str


# -- time ---------------------------------------------------------------------------------------------------------


class OfferExpired(Event, frozen=True, kw_only=True, tag="offer_expired"):
    """The time of the offer named by its token ran out; the agent it was held out to said nothing."""

    token: str


class MaxWaitReached(Event, frozen=True, kw_only=True, tag="max_wait_reached"):
    """No agent took it for as long as its queue lets it wait, or as one routing of an offline message may take."""


class OverflowReached(Event, frozen=True, kw_only=True, tag="overflow_reached"):
    """It waited so long that the overflow queue shall have it."""


class HoldEnded(Event, frozen=True, kw_only=True, tag="hold_ended"):
    """The agent it was kept for did not become free in time."""


class ContactEnded(Event, frozen=True, kw_only=True, tag="contact_ended"):
    """The time in which an offline message may be answered is over."""


class ReminderFellDue(Event, frozen=True, kw_only=True, tag="reminder_fell_due"):
    """The customer has been silent long enough to be reminded."""


class CustomerStayedSilent(Event, frozen=True, kw_only=True, tag="customer_stayed_silent"):
    """The customer has been silent for so long that he is not expected any more."""


class AgentStayedSilent(Event, frozen=True, kw_only=True, tag="agent_stayed_silent"):
    """The owner has left the oldest unanswered mail for too long."""


class AgentStayedAway(Event, frozen=True, kw_only=True, tag="agent_stayed_away"):
    """The owner has been signed out for too long."""


class ParkEnded(Event, frozen=True, kw_only=True, tag="park_ended"):
    """The time came until which the session was put aside."""


class WrapUpEnded(Event, frozen=True, kw_only=True, tag="wrap_up_ended"):
    """The time for writing up is over."""


class RobotTimedOut(Event, frozen=True, kw_only=True, tag="robot_timed_out"):
    """The robot did not answer in time."""


class OpeningReached(Event, frozen=True, kw_only=True, tag="opening_reached"):
    """It is work time, and it is this offline message's turn to be routed."""


class ClosingReached(Event, frozen=True, kw_only=True, tag="closing_reached"):
    """The channel's work time is over."""


class ServiceResumed(Event, frozen=True, kw_only=True, tag="service_resumed"):
    """Nobody served the doors for a while and now somebody does: that time does not count against an agent."""


AnyEvent = (
    MessageReceived
    | MessageAttached
    | AgentReserved
    | SessionPicked
    | SessionAssigned
    | OfferAccepted
    | OfferDeclined
    | OfferExpired
    | AgentLeft
    | AgentReturned
    | AgentWroteFirst
    | ReplySubmitted
    | ReplyWithdrawn
    | ForwardSubmitted
    | ForwardFailed
    | NoteWritten
    | WorkSaved
    | SessionParked
    | SessionTransferred
    | EndRequested
    | WrapUpDone
    | SessionFiled
    | ConversationMerged
    | RobotAnswered
    | RobotHandedOff
    | RobotTimedOut
    | ReplySent
    | ReplyFailed
    | ReplyDelayed
    | MaxWaitReached
    | OverflowReached
    | HoldEnded
    | ContactEnded
    | ReminderFellDue
    | CustomerStayedSilent
    | AgentStayedSilent
    | AgentStayedAway
    | ParkEnded
    | WrapUpEnded
    | OpeningReached
    | ClosingReached
    | ServiceResumed
)

EVENTS: tuple[type[Event], ...] = AnyEvent.__args__
"""Every kind of event, for the table's completeness and the diagram."""

OF_TIMER: dict[TimerKind, AnyEvent] = {
    TimerKind.MAX_WAIT: MaxWaitReached(),
    TimerKind.OVERFLOW: OverflowReached(),
    TimerKind.HOLD: HoldEnded(),
    TimerKind.CONTACT: ContactEnded(),
    TimerKind.REMINDER: ReminderFellDue(),
    TimerKind.CUSTOMER_SILENCE: CustomerStayedSilent(),
    TimerKind.AGENT_SILENCE: AgentStayedSilent(),
    TimerKind.AGENT_GONE: AgentStayedAway(),
    TimerKind.PARK: ParkEnded(),
    TimerKind.WRAP_UP: WrapUpEnded(),
    TimerKind.ROBOT_TURN: RobotTimedOut(),
}
"""What the firing of a timer means; an offer's expiry also names the offer."""
