"""The words of classifying: classes of mail, caveats, and what a rule finds; the rules themselves are elsewhere."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from functools import cached_property

from msgspec import Struct

from postroom.mail.address_key import address_key
from postroom.mail.encoded_words import decode_words
from postroom.mail.identity import Identity
from postroom.mail.message import Message

_SHOWN = 120


class Service(Enum):
    """What becomes of a mail of a class."""

    STARTS = "starts"
    """It starts a session, or continues one."""
    BY_CHANNEL = "by_channel"
    """The channel's `automatic_mail` decides; attached to an open session it moves no timer."""
    FILED = "filed"
    """Kept, attached as a note or delivery event, and never served."""


class MailClass(Enum):
    """What kind of mail it is."""

    HUMAN = "human"
    FORM = "form"
    LIST = "list"
    BULK = "bulk"
    AUTOMATIC = "automatic"
    NULL_SENDER = "null_sender"
    SUSPECT = "suspect"
    MALFORMED = "malformed"
    AUTOMATIC_RESPONSE = "automatic_response"
    DSN = "dsn"
    MDN = "mdn"
    ARF = "arf"
    CALENDAR = "calendar"
    CHALLENGE = "challenge"
    OWN = "own"
    LOOP = "loop"

    @property
    def service(self) -> Service:
        """Whether mail of this class is served."""
        if self in {MailClass.HUMAN, MailClass.FORM}:
            return Service.STARTS
        return Service.BY_CHANNEL if self in _BY_CHANNEL else Service.FILED


_BY_CHANNEL = frozenset(
    {
        MailClass.LIST,
        MailClass.BULK,
        MailClass.AUTOMATIC,
        MailClass.NULL_SENDER,
        MailClass.SUSPECT,
        MailClass.MALFORMED,
    }
)


class Caveat(Enum):
    """Why a mail that people are served for gets no automatic reply all the same."""

    NOT_ADDRESSED = "not_addressed"
    SUPPRESS = "suppress"
    NO_ACK = "no_ack"
    UNVERIFIED = "unverified"
    OLD = "old"
    HOPS = "hops"
    SPAM = "spam"
    UNLISTED_FORM = "unlisted_form"


class Evidence(Struct, frozen=True):
    """Why a rule spoke: its name, the header field it looked at, and what stood there, cut short."""

    rule: str
    header: str = ""
    value: str = ""


class Finding(Struct, frozen=True):
    """What one rule says of a mail: a class, or a caveat, and on what evidence."""

    says: MailClass | Caveat
    evidence: Evidence


class Case(Struct, frozen=True, kw_only=True, dict=True):
    """All a rule may look at. Times are aware; `own_token` says that the mail's own Message-ID is one we minted."""

    message: Message
    identity: Identity
    received_at: datetime
    now: datetime
    own_token: bool = False

    @cached_property
    def senders(self) -> list[tuple[str, str]]:
        """The local parts of author, Sender and envelope sender, case-folded, each with the name of its field."""
        message = self.message
        found = [
            (name, address.key) for name, of in (("From", message.from_), ("Sender", message.sender)) for address in of
        ]
        found += [("Return-Path", address_key(value.strip("<> \t"))) for value in message.all_headers("Return-Path")]
        return [(name, address.rpartition("@")[0] if "@" in address else address) for name, address in found]


def finding(says: MailClass | Caveat, rule: str, header: str = "", value: str = "") -> tuple[Finding, ...]:
    """One finding, its value cut short."""
    return (Finding(says, Evidence(rule, header, value[:_SHOWN])),)


def words_of(case: Case, header: str) -> tuple[str, ...]:
    """Every value of a field as text in lower case, encoded words read: nobody hides a mark by coding it."""
    values = case.message.all_headers(header)
    return tuple([decode_words(value).strip().lower() for value in values]) if values else ()
