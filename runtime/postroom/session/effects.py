"""What a decision asks of the shell: imperative, frozen, carried out in its own transaction or from the outbox."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from postroom.session.automatic import AutomaticKind, Reason
from postroom.session.state import TimerKind


class Effect(Struct, frozen=True, kw_only=True, tag_field="type"):
    """Something to do; the subclass says what."""


class EnterQueue(Effect, frozen=True, kw_only=True, tag="enter_queue"):
    """Let the queue look for an agent now."""

    queue: str


class OfferToAgent(Effect, frozen=True, kw_only=True, tag="offer_to_agent"):
    """Show the agent the offer."""

    agent: str
    token: str
    expires_at: datetime


class WithdrawOffer(Effect, frozen=True, kw_only=True, tag="withdraw_offer"):
    """Take the offer off the agent's screen."""

    agent: str
    token: str
    reason: str


class AssignToAgent(Effect, frozen=True, kw_only=True, tag="assign_to_agent"):
    """Put the session into the agent's work."""

    agent: str
    token: str


class NotifyAgent(Effect, frozen=True, kw_only=True, tag="notify_agent"):
    """Tell the agent what happened to a session of his."""

    agent: str
    what: str


class TakePlace(Effect, frozen=True, kw_only=True, tag="take_place"):
    """Take places of the agent's capacity; over it, if need be: what is his comes back to him."""

    agent: str
    weight: int = 1


class ReleasePlace(Effect, frozen=True, kw_only=True, tag="release_place"):
    """Give the agent's places back."""

    agent: str
    weight: int = 1


class CountMissedOffer(Effect, frozen=True, kw_only=True, tag="count_missed_offer"):
    """The agent let an offer run out; after too many in a row he is set not ready."""

    agent: str
    limit: int


class ForgetMissedOffers(Effect, frozen=True, kw_only=True, tag="forget_missed_offers"):
    """The agent took an offer: his missed ones no longer count."""

    agent: str


class SendReply(Effect, frozen=True, kw_only=True, tag="send_reply"):
    """Hand the stored reply to the channel's sending gateway."""

    reply: str


class SendAutomatic(Effect, frozen=True, kw_only=True, tag="send_automatic"):
    """Send the customer the channel's automatic text of that kind, as an answer to that mail."""

    kind: AutomaticKind
    mail: str


class SuppressAutomatic(Effect, frozen=True, kw_only=True, tag="suppress_automatic"):
    """Send none, for that reason; it is counted, and its words stand on the trace."""

    kind: AutomaticKind
    reason: Reason
    words: str


class AskRobot(Effect, frozen=True, kw_only=True, tag="ask_robot"):
    """Put the conversation so far to the robot; its answer comes back with the number of this turn."""

    robot: str
    turn: int
    mail: str


class SendRobotAnswer(Effect, frozen=True, kw_only=True, tag="send_robot_answer"):
    """Send the robot's answer to the customer."""

    turn: int
    text: str
    mail: str


class KeepRobotNote(Effect, frozen=True, kw_only=True, tag="keep_robot_note"):
    """Show what the robot said too late as a note; the customer never gets it."""

    turn: int
    text: str


class RaiseAlarm(Effect, frozen=True, kw_only=True, tag="raise_alarm"):
    """Count something that needs a person who watches: a queue nobody serves, a message nobody may answer any more."""

    what: str


class Noted(Effect, frozen=True, kw_only=True, tag="noted"):
    """Nothing to do: a verdict of the rule for the trace, with its reason."""

    what: str
    words: str


class ArmTimer(Effect, frozen=True, kw_only=True, tag="arm_timer"):
    """Set the session's timer of that kind, replacing an earlier one; `token` comes back with it."""

    kind: TimerKind
    started_at: datetime
    due_at: datetime
    token: str = ""


class CancelTimer(Effect, frozen=True, kw_only=True, tag="cancel_timer"):
    """Forget the session's timer of that kind, if it has one."""

    kind: TimerKind


class OpenSession(Effect, frozen=True, kw_only=True, tag="open_session"):
    """Start a new session in the conversation for this mail: the one decided on is over."""

    mail: str


class Ignore(Effect, frozen=True, kw_only=True, tag="ignore"):
    """Do nothing: the event came too late or from the wrong hand. An answer, not an exception."""

    reason: str
    holder: str = ""
    """Who has the session now, where that is why."""


AnyEffect = (
    EnterQueue
    | OfferToAgent
    | WithdrawOffer
    | AssignToAgent
    | NotifyAgent
    | TakePlace
    | ReleasePlace
    | CountMissedOffer
    | ForgetMissedOffers
    | SendReply
    | SendAutomatic
    | SuppressAutomatic
    | AskRobot
    | SendRobotAnswer
    | KeepRobotNote
    | RaiseAlarm
    | Noted
    | ArmTimer
    | CancelTimer
    | OpenSession
    | Ignore
)
