"""Whether one automatic reply is sent: every reason against it in a fixed order, and nothing else.

A mail is answered automatically only where nothing speaks against it (RFC 3834, RFC 5230). Every answer has its reason,
for the mail's trace and for the metric; suppressing a reply never drops the mail. What a mail itself forbids was found
by mail/classify.py; how often a customer is answered is decided here, whatever history the facts tell.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import Enum

from msgspec import Struct

_FRESH = timedelta(hours=24)
TEN_MINUTES = timedelta(minutes=10)
DAY = timedelta(hours=24)


class AutomaticKind(Enum):
    """Which of the channel's texts is sent."""

    WORKING = "working"
    NON_WORKING = "non_working"
    HOLIDAY = "holiday"
    BACKLOG = "backlog"
    REMINDER = "reminder"
    """To a customer who is silent; the others confirm that a mail of his came."""
    ROBOT = "robot"
    """What a robot answered: no text of the channel, and no rule of this module is about it."""


class Reason(Enum):
    """Why a reply is suppressed: few, for the metric has a series for each."""

    NO_TEXT = "no_text"
    PAUSED = "paused"
    NOT_ANSWERABLE = "not_answerable"
    NOBODY = "nobody"
    UNDELIVERABLE = "undeliverable"
    UNCONFIRMED = "unconfirmed"
    OLD = "old"
    BEFORE_START = "before_start"
    MAIL_ANSWERED = "mail_answered"
    COPY_ANSWERED = "copy_answered"
    ONCE_A_SESSION = "once_a_session"
    AGAIN_AFTER = "again_after"
    TEN_MINUTE_CAP = "ten_minute_cap"
    DAY_CAP = "day_cap"
    BREAKER = "breaker"
    SHADOW = "shadow"
    NO_MAIL = "no_mail"


class AutomaticPolicy(Struct, frozen=True, kw_only=True):
    """The channel's rules about automatic replies; `again_after` is seconds of wall clock."""

    texts: frozenset[AutomaticKind] = frozenset()
    """The kinds the channel has a text for."""
    again_after: float = 86_400.0
    each: bool = False
    """Whether every mail to a session that is offline is answered."""
    in_ten_minutes: int = 3
    """Automatic replies to one sender on this channel."""
    in_a_day: int = 10


class AutomaticFacts(Struct, frozen=True, kw_only=True):
    """What the decision asks for, read in the transaction that would put the reply in.

    Counts are of automatic replies put in, whether or not a server took them yet. A value missing is the cautious one:
    a mail nobody vouches for is not answered.
    """

    mail: str
    """The customer's mail that would be answered."""
    received_at: datetime
    answerable: bool = False
    """Whether the mail lets itself be answered, as it was judged when it came."""
    why_not: str = ""
    recipient: str = ""
    """The one address the reply would go to; empty where nobody can say."""
    undeliverable: bool = False
    """Whether mail to that address came back because there is no such mailbox, or nobody may write to it."""
    new_participant: bool = False
    """Whether its sender is nobody of the conversation: it came by our token, which proves nothing of who he is."""
    start_from: datetime | None = None
    """Mail of before then is taken in without automatic replies."""
    offline: bool = False
    """Whether the session is offline, or is becoming so."""
    mail_answered: bool = False
    copy_answered: bool = False
    """Whether the same mail was answered on another channel."""
    sent_in_session: int = 0
    """Replies of every kind but reminders."""
    reminded: bool = False
    last_in_conversation: datetime | None = None
    """When the last reply that was no reminder was put in."""
    to_sender_in_ten_minutes: int = 0
    to_sender_in_a_day: int = 0
    breaker_open: bool = False
    """Whether the sending gateway has more automatic mail waiting than it may send."""
    paused: bool = False
    """Whether an operator holds automatic mail back."""


class Send(Struct, frozen=True, kw_only=True):
    """Send it."""

    kind: AutomaticKind


class Suppressed(Struct, frozen=True, kw_only=True):
    """Do not, and why: `reason` counts, `words` stand on the mail's trace."""

    reason: Reason
    words: str


class _Question(Struct, frozen=True):
    """All that a rule may look at."""

    kind: AutomaticKind
    facts: AutomaticFacts
    policy: AutomaticPolicy
    now: datetime

    @property
    def is_reminder(self) -> bool:
        return self.kind is AutomaticKind.REMINDER

    @property
    def is_once_a_mail(self) -> bool:
        """Whether every mail is answered, instead of once a session."""
        return self.policy.each and self.facts.offline


_Rule = Callable[[_Question], Suppressed | None]


def automatic_reply(
    kind: AutomaticKind, facts: AutomaticFacts, policy: AutomaticPolicy, now: datetime
) -> Send | Suppressed:
    """Decide on one reply; the first reason against it is the one that is told."""
    question = _Question(kind, facts, policy, now)
    return next((against for rule in RULES if (against := rule(question)) is not None), Send(kind=kind))


def _no_text(asked: _Question) -> Suppressed | None:
    if asked.kind in asked.policy.texts:
        return None
    return Suppressed(reason=Reason.NO_TEXT, words=f"the channel has no text for {asked.kind.value}")


def _paused(asked: _Question) -> Suppressed | None:
    return Suppressed(reason=Reason.PAUSED, words="automatic mail is paused") if asked.facts.paused else None


def _not_answerable(asked: _Question) -> Suppressed | None:
    if asked.facts.answerable:
        return None
    words = asked.facts.why_not or "nothing is known of whether the mail may be answered"
    return Suppressed(reason=Reason.NOT_ANSWERABLE, words=words)


def _nobody(asked: _Question) -> Suppressed | None:
    if asked.facts.recipient:
        return None
    return Suppressed(reason=Reason.NOBODY, words="the mail names nobody who could be answered")


def _undeliverable(asked: _Question) -> Suppressed | None:
    if not asked.facts.undeliverable:
        return None
    return Suppressed(reason=Reason.UNDELIVERABLE, words="mail to this address came back, or it is on the blocklist")


def _unconfirmed(asked: _Question) -> Suppressed | None:
    if not asked.facts.new_participant:
        return None
    words = "the sender is new to the conversation, and no agent has confirmed him"
    return Suppressed(reason=Reason.UNCONFIRMED, words=words)


def _old(asked: _Question) -> Suppressed | None:
    """A reminder is late on purpose: whether its mail was fresh was judged when it came."""
    if asked.is_reminder or asked.now - asked.facts.received_at <= _FRESH:
        return None
    return Suppressed(reason=Reason.OLD, words=f"the mail came more than 24 hours ago: {asked.facts.received_at}")


def _before_start(asked: _Question) -> Suppressed | None:
    start = asked.facts.start_from
    if start is None or asked.facts.received_at >= start:
        return None
    return Suppressed(reason=Reason.BEFORE_START, words=f"the mail is older than the gateway's start_from: {start}")


def _mail_answered(asked: _Question) -> Suppressed | None:
    if asked.is_reminder or not asked.facts.mail_answered:
        return None
    return Suppressed(reason=Reason.MAIL_ANSWERED, words="this mail was answered automatically before")


def _copy_answered(asked: _Question) -> Suppressed | None:
    if asked.is_reminder or not asked.facts.copy_answered:
        return None
    return Suppressed(reason=Reason.COPY_ANSWERED, words="the same mail was answered automatically on another channel")


def _once_a_session(asked: _Question) -> Suppressed | None:
    if asked.is_reminder:
        had_his = asked.facts.reminded
    else:
        had_his = not asked.is_once_a_mail and asked.facts.sent_in_session > 0
    if not had_his:
        return None
    return Suppressed(reason=Reason.ONCE_A_SESSION, words="the session had its automatic reply")


def _again_after(asked: _Question) -> Suppressed | None:
    last = asked.facts.last_in_conversation
    if asked.is_reminder or asked.is_once_a_mail or last is None:
        return None
    if asked.now - last >= timedelta(seconds=asked.policy.again_after):
        return None
    words = f"the conversation had its automatic reply at {last}, and has none again for {asked.policy.again_after:g} s"
    return Suppressed(reason=Reason.AGAIN_AFTER, words=words)


def _ten_minute_cap(asked: _Question) -> Suppressed | None:
    had = asked.facts.to_sender_in_ten_minutes
    if had < asked.policy.in_ten_minutes:
        return None
    return Suppressed(reason=Reason.TEN_MINUTE_CAP, words=f"the sender had {had} automatic replies within 10 minutes")


def _day_cap(asked: _Question) -> Suppressed | None:
    had = asked.facts.to_sender_in_a_day
    if had < asked.policy.in_a_day:
        return None
    return Suppressed(reason=Reason.DAY_CAP, words=f"the sender had {had} automatic replies within a day")


def _breaker(asked: _Question) -> Suppressed | None:
    if not asked.facts.breaker_open:
        return None
    return Suppressed(reason=Reason.BREAKER, words="the gateway has more automatic mail than it may send")


RULES: tuple[_Rule, ...] = (
    _no_text,
    _paused,
    # What must never be answered comes before what was answered often enough: the trace tells the stronger reason.
    _not_answerable,
    _nobody,
    _undeliverable,
    _unconfirmed,
    _old,
    _before_start,
    _mail_answered,
    _copy_answered,
    _once_a_session,
    _again_after,
    _ten_minute_cap,
    _day_cap,
    _breaker,
)
