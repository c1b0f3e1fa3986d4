"""Which conversation a mail belongs to: the keys it carries, strongest first, and the pure choice among candidates.

Only headers we minted can be believed. A candidate is what the store found by a key; a subject or quote never threads.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from enum import Enum

from msgspec import Struct
from msgspec.structs import replace

from postroom.mail.message import Message
from postroom.mail.tokens import KeyRing, Token, is_forged, is_forged_plus_tag, read_plus_tag, read_token

_REFERENCE_AGE = timedelta(days=90)
_TAG_AGE = timedelta(days=30)
_MAX_KEYS = 100
_TAG = re.compile(r"\[#([A-Za-z0-9]{6,12})\]")


class ThreadKeys(Struct, frozen=True, kw_only=True):
    """What a mail says it belongs to. Tokens and ids stand In-Reply-To first, then newest reference first."""

    tokens: tuple[Token, ...] = ()
    message_ids: tuple[str, ...] = ()
    own_id: str = ""
    """The mail's own Message-ID: an earlier mail may refer to it, where mails come out of order."""
    tags: tuple[str, ...] = ()
    forged: int = 0
    """How many ids have the form of ours and a MAC that is wrong."""

    @property
    def names(self) -> tuple[str, ...]:
        """Whatever of it an earlier mail may have been named: tags as they stand in subjects, ids, and its own."""
        return (*(f"[#{tag}]" for tag in self.tags), *self.message_ids, *((self.own_id,) if self.own_id else ()))


class FoundBy(Enum):
    """By which kind of key a candidate was found, strongest first."""

    TOKEN = "token"  # noqa: S105 a kind of evidence, no secret
    REFERENCE = "reference"
    EXPECTED = "expected"
    """A mail of the conversation refers to this one, which had not come yet."""
    TAG = "tag"


_UNSIGNED = {
    FoundBy.REFERENCE: "a reference to a mail of his",
    FoundBy.EXPECTED: "a mail of his refers to this one, which comes late",
}
"""Evidence that anybody could write: it carries the mail of a participant, and nobody else's."""


class Candidate(Struct, frozen=True, kw_only=True):
    """A conversation some key led to. `key` is that key: the token's conversation, the Message-ID, or the tag.

    Where conversations were merged, `conversation` is the one that lives on and `key` still what the mail said.
    """

    conversation: str
    key: str
    found_by: FoundBy
    tenant: str
    channel: str
    gateway: str
    participants: frozenset[str]
    """Address keys (case-folded) of those who write in it."""
    last_mail_at: datetime
    related: str | None = None
    """The conversation it was linked to when it began: somebody, or a rule, meant the two to be apart."""
    erased: bool = False


class Arrival(Struct, frozen=True, kw_only=True):
    """Where the mail came in; `verified` is False where the gateway's own check of its sender failed."""

    tenant: str
    channel: str
    gateway: str
    verified: bool = True


class ThreadMatch(Struct, frozen=True, kw_only=True):
    """The choice: a conversation, or None for a new one, with those it is related to."""

    conversation: str | None = None
    evidence: str = "no key led to a conversation"
    new_participant: bool = False
    """The sender holds a valid token and is a stranger: served, but shown no history until an agent confirms."""
    flagged: bool = False
    """Something is odd: several tokens that disagree, or a sender whose check failed."""
    related: tuple[str, ...] = ()
    joins: tuple[str, ...] = ()
    """Conversations that the mail shows to be one with the chosen one: of the same people, and never set apart."""


def thread_keys(message: Message, ring: KeyRing, tenant: str) -> ThreadKeys:
    """Every key of the mail; a delivery report is keyed by the mail it returns."""
    candidates = _candidates(message)[:_MAX_KEYS]
    tokens: dict[Token, None] = {}
    ids: dict[str, None] = {}
    forged = 0
    for candidate in candidates:
        token = read_token(ring, tenant, candidate)
        if token is not None:
            tokens.setdefault(token)
        elif is_forged(ring, tenant, candidate):
            forged += 1
        else:
            ids.setdefault(candidate)
    for tag in _plus_tags(message):
        token = read_plus_tag(ring, tenant, tag)
        if token is not None:
            tokens.setdefault(token)
        forged += is_forged_plus_tag(ring, tenant, tag)
    tags = tuple(dict.fromkeys(tag.upper() for tag in _TAG.findall(message.subject)))
    own_id = message.message_id or ""
    return ThreadKeys(tokens=tuple(tokens), message_ids=tuple(ids), own_id=own_id, tags=tags, forged=forged)


def match(
    keys: ThreadKeys, candidates: tuple[Candidate, ...], message: Message, arrival: Arrival, now: datetime
) -> ThreadMatch:
    """The first candidate, in the order of the keys, that its evidence can carry; the others are only related."""
    ordered = _ordered(keys, candidates, arrival)
    sender = message.author.key if message.author is not None else ""
    seen: dict[str, None] = {}
    for candidate in ordered:
        verdict = _weigh(candidate, sender, arrival, now)
        if verdict is not None:
            chosen = _chosen(verdict, ordered)
            return replace(chosen, joins=_joins(chosen, candidate, ordered, (sender, arrival, now)))
        if not candidate.erased:
            seen.setdefault(candidate.conversation)
    why = "no key carried: the conversations it names are related" if seen else ThreadMatch().evidence
    return ThreadMatch(evidence=why, related=tuple(seen))


def _candidates(message: Message) -> list[str]:
    """The ids of the mail: those of the returned mail first, then In-Reply-To, then References from the newest."""
    report = message.report
    returned: list[str] = []
    if report is not None:
        returned = [report.original_message_id] if report.original_message_id else []
        returned += reversed(report.original_references)
    return list(dict.fromkeys((*returned, *message.in_reply_to, *reversed(message.references))))


def _plus_tags(message: Message) -> list[str]:
    """What stands behind the last plus in the addresses the mail went to (`reply+token@`)."""
    addresses = (*message.to, *message.cc, *message.delivered_to)
    parted = (a.addr.rpartition("@")[0].rpartition("+") for a in addresses[:_MAX_KEYS])
    return list(dict.fromkeys(tag for _, plus, tag in parted if plus))


def _ordered(keys: ThreadKeys, candidates: tuple[Candidate, ...], arrival: Arrival) -> list[Candidate]:
    """The candidates in the order of the mail's keys; what no key names, and what is another tenant's, is left out."""
    names = {
        FoundBy.TOKEN: [token.conversation for token in keys.tokens],
        FoundBy.REFERENCE: list(keys.message_ids),
        FoundBy.EXPECTED: [keys.own_id],
        FoundBy.TAG: list(keys.tags),
    }
    rank = {
        (found_by, key): position
        for position, (found_by, key) in reversed(
            list(enumerate((found_by, key) for found_by in FoundBy for key in names[found_by]))
        )
    }
    ours = [c for c in candidates if c.tenant == arrival.tenant and (c.found_by, c.key) in rank]
    return sorted(ours, key=lambda c: (rank[c.found_by, c.key], c.conversation))


def _weigh(candidate: Candidate, sender: str, arrival: Arrival, now: datetime) -> ThreadMatch | None:
    """Whether this candidate's evidence carries the mail into its conversation."""
    known = sender in candidate.participants
    if candidate.erased or candidate.channel != arrival.channel:
        return None
    if candidate.found_by is FoundBy.TOKEN:
        who = "a participant" if known else "a new participant"
        return _match(candidate, f"a valid token of ours, from {who}", known, not arrival.verified)
    if not known:
        return None
    age = now - candidate.last_mail_at
    if candidate.found_by in _UNSIGNED:
        carries = age <= _REFERENCE_AGE and candidate.gateway == arrival.gateway
        return _match(candidate, _UNSIGNED[candidate.found_by], True, not arrival.verified) if carries else None
    if age <= _TAG_AGE and arrival.verified:
        return _match(candidate, "the tag in the subject", True, False)
    return None


def _match(candidate: Candidate, evidence: str, known: bool, flagged: bool) -> ThreadMatch:
    return ThreadMatch(
        conversation=candidate.conversation, evidence=evidence, new_participant=not known, flagged=flagged
    )


def _chosen(verdict: ThreadMatch, ordered: list[Candidate]) -> ThreadMatch:
    """The verdict with the conversations that other keys named beside it."""
    others = [c for c in ordered if c.conversation != verdict.conversation and not c.erased]
    tokens_disagree = any(c.found_by is FoundBy.TOKEN for c in others)
    return ThreadMatch(
        conversation=verdict.conversation,
        evidence=verdict.evidence + (", and another token names another conversation" if tokens_disagree else ""),
        new_participant=verdict.new_participant,
        flagged=verdict.flagged or tokens_disagree,
        related=tuple(dict.fromkeys(c.conversation for c in others)),
    )


def _joins(
    chosen: ThreadMatch, candidate: Candidate, ordered: list[Candidate], seen: tuple[str, Arrival, datetime]
) -> tuple[str, ...]:
    """The others that the mail ties to the chosen one; none where anything about it is odd.

    Nobody reads in one what he did not read in the other: they are of the same people.
    """
    if chosen.flagged or chosen.new_participant:
        return ()
    others = (c for c in ordered if c.conversation in chosen.related and c.found_by in _UNSIGNED)
    tied = (c for c in others if c.participants == candidate.participants and _weigh(c, *seen) is not None)
    together = (c for c in tied if c.related != candidate.conversation and candidate.related != c.conversation)
    return tuple(dict.fromkeys(c.conversation for c in together))
