"""What can be said of a mail before the store is asked: its time of receipt, class, channel and thread keys. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from postroom.mail.classify import Classification, classify
from postroom.mail.identity import Identity
from postroom.mail.message import Message
from postroom.mail.threads import ThreadKeys, thread_keys
from postroom.mail.tokens import KeyRing, read_token
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
    automatic_mail: Mapping[str, str]
    """`serve` or `file`, by channel."""
    ring: KeyRing

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
    return Verdict(
        received_at=received_at,
        classification=classification,
        route=first_match(rules.routes, facts),
        keys=thread_keys(message, rules.ring, rules.tenant),
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
