"""What a decision asks of the shell: imperative, frozen, carried out in its own transaction or from the outbox."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

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
    """Take a place of the agent's capacity; over it, if need be: the customer wrote to him again."""

    agent: str


class ReleasePlace(Effect, frozen=True, kw_only=True, tag="release_place"):
    """Give the agent's place back."""

    agent: str


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


class ArmTimer(Effect, frozen=True, kw_only=True, tag="arm_timer"):
    """Set the session's timer of that kind, replacing an earlier one; `token` comes back with it."""

    kind: TimerKind
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
    | ArmTimer
    | CancelTimer
    | OpenSession
    | Ignore
)
