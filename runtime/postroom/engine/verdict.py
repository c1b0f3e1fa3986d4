"""What can be said of a mail before the store is asked: its time of receipt, class, channel and thread keys. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from postroom.mail.classify import Classification, classify
from postroom.mail.identity import Identity
from postroom.mail.keywords import KeywordHit, Keywords, keyword_in
from postroom.mail.language import language_of
from postroom.mail.message import Message
from postroom.mail.quotes import new_text
from postroom.mail.threads import ThreadKeys, thread_keys
from postroom.mail.tokens import KeyRing, read_token
from postroom.routing.blocklist import Blocklist
from postroom.routing.routes import MailFacts, Route, RouteMatch, first_match

BELIEVED_PAST = timedelta(days=30)
BELIEVED_FUTURE = timedelta(minutes=10)


class IntakeRules(Struct, frozen=True, kw_only=True):
    """One generation's settings of a receiving gateway, as intake needs them."""

    tenant: str
    gateway: str
    """The gateway's name within the tenant."""
    identity: Identity
    routes: tuple[Route, ...]
    blocklist: Blocklist = Blocklist()
    automatic_mail: Mapping[str, str]
    """`serve` or `file`, by channel."""
    ring: KeyRing
    retired: frozenset[str] = frozenset()
    """Channels that take no new work."""
    multilingual: frozenset[str] = frozenset()
    """Channels whose automatic replies are in several languages: only for them the language of a mail is looked for."""
    keywords: Mapping[str, Keywords] = {}
    """What leads from a robot to an agent, by channel; of channels without a robot there is none."""

    @property
    def gateway_key(self) -> str:
        """The gateway's name in the ledger, unique over all tenants."""
        return f"{self.tenant}/{self.gateway}"


class Verdict(Struct, frozen=True, kw_only=True):
    """What was found out about a mail from its bytes and the settings alone."""

    received_at: datetime
    classification: Classification
    route: RouteMatch | None
    keys: ThreadKeys
    keyword: KeywordHit | None = None
    """The keyword of the mail were its subject new, and `keyword_of_text` that of its new text alone."""
    keyword_of_text: KeywordHit | None = None
    blocked_by: str = ""
    """The entry of the blocklist that names one of its authors; empty where none does."""
    language: str = ""
    """The language it is written in, where that was asked and could be told."""

    @property
    def channel(self) -> str:
        """The channel of the route, empty where the mail has none."""
        return (self.route.route.channel if self.route else None) or ""


def judge(
    message: Message, rules: IntakeRules, first_seen_at: datetime, now: datetime, arrived_at: datetime | None = None
) -> Verdict:
    """Classify the mail, find its route and read its thread keys."""
    received_at = time_of_receipt(message, first_seen_at, arrived_at)
    own_token = message.message_id is not None and read_token(rules.ring, rules.tenant, message.message_id) is not None
    classification = classify(message, rules.identity, received_at, now, valid_token_of_own=own_token)
    facts = MailFacts.of(message, rules.gateway, classification.kind.value)
    route = first_match(rules.routes, facts)
    channel = (route.route.channel if route else None) or ""
    keywords = rules.keywords.get(channel)
    written = language_of(new_text(message.text).new) if channel in rules.multilingual else None
    return Verdict(
        received_at=received_at,
        classification=classification,
        route=route,
        keys=thread_keys(message, rules.ring, rules.tenant),
        blocked_by=rules.blocklist.entry_of_any(author.addr for author in message.from_),
        language=written or "",
        keyword=keyword_in(message, keywords, None) if keywords else None,
        keyword_of_text=keyword_in(message, keywords, message.subject) if keywords else None,
    )


def time_of_receipt(message: Message, first_seen_at: datetime, arrived_at: datetime | None = None) -> datetime:
    """The server's own time of it, else the topmost Received date one can believe, else when we saw it; never Date."""
    if arrived_at is not None and arrived_at <= first_seen_at + BELIEVED_FUTURE:
        return arrived_at
    stamped = message.received_at
    if stamped is None:
        return first_seen_at
    believed = first_seen_at - BELIEVED_PAST <= stamped <= first_seen_at + BELIEVED_FUTURE
    return stamped if believed else first_seen_at
