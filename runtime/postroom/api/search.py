"""The list of conversations: searched, filtered, a page at a time, the newest first; only what the caller may see.

One condition is answered by an index (a reference, a customer, a word, a channel, else the time); the others are looked
at row by row, of a bounded number: a page may be short and still have a next. A cursor names a place in time, so that
what comes in meanwhile moves nothing.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

from litestar import get
from litestar.di import NamedDependency, Provide
from litestar.params import QueryParameter, SkipValidation
from msgspec import Struct
from msgspec.structs import replace

from postroom.api.access import Act, may, tenant_of
from postroom.api.auth import Caller, SignedIn
from postroom.api.paging import LOOK_THROUGH, PAGE, Limit
from postroom.api.parts import Parts
from postroom.api.problems import refused
from postroom.api.times import time_of, time_parameter
from postroom.ports.records import Conversation
from postroom.ports.search import Before, words_of
from postroom.ports.store import Tx
from postroom.session.state import ConversationId, Phase, Session
from postroom.settings.schema import Tenant

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_END = datetime(9999, 1, 1, tzinfo=UTC)
# RFC 5322 §2.1.1: the longest line there is
LONGEST_REFERENCE = 998

Customer = Annotated[str, QueryParameter(max_length=320, description="The customer's address.")]
Words = Annotated[str, QueryParameter(max_length=200, description="Words of the subject, all of them.")]
Reference = Annotated[
    str, QueryParameter(max_length=LONGEST_REFERENCE, description="The id of a conversation, or a Message-ID of it.")
]
OfChannel = Annotated[str, QueryParameter(max_length=64, description="Only those of this channel.")]
OfQueue = Annotated[str, QueryParameter(max_length=64, description="Where its newest session is.")]
OfPhase = Annotated[Phase | None, QueryParameter(description="Where its newest session stands.")]
OfOwner = Annotated[str, QueryParameter(max_length=320, description="Whose its newest session is.")]
Since = Annotated[str | None, time_parameter("Begun then or later.")]
Until = Annotated[str | None, time_parameter("Begun before then.")]
After = Annotated[str, QueryParameter(max_length=100, description="`next` of the page before.")]


class ConversationLine(Struct, frozen=True, kw_only=True):
    """A conversation of the list, with its newest session."""

    id: str
    channel: str
    customer: str
    subject: str
    created_at: datetime
    last_mail_at: datetime
    session: str
    phase: Phase
    queue: str
    owner: str


class ConversationLines(Struct, frozen=True, kw_only=True):
    """A page of conversations, the newest first; `next` is null on the last."""

    conversations: tuple[ConversationLine, ...]
    next: str | None


class Standing(Struct, frozen=True, kw_only=True):
    """Where a conversation and its newest session stand; an empty word wants any."""

    channel: str
    queue: str
    phase: Phase | None
    owner: str


class Wanted(Struct, frozen=True, kw_only=True):
    """Which conversations; an empty word wants any."""

    before: Before
    customer: str
    words: tuple[str, ...]
    reference: str
    stands: Standing


def standing(channel: OfChannel = "", queue: OfQueue = "", phase: OfPhase = None, owner: OfOwner = "") -> Standing:
    """Read where they shall stand."""
    return Standing(channel=channel, queue=queue, phase=phase, owner=owner)


AsStanding = NamedDependency[SkipValidation[Standing]]


def wanted(  # noqa: PLR0917 what a route asks for
    stands: AsStanding,
    customer: Customer = "",
    subject: Words = "",
    reference: Reference = "",
    since: Since = None,
    until: Until = None,
) -> Wanted:
    """Read what is known of them. Raises the 422 problem for what is no time, or one without its zone."""
    return Wanted(
        before=Before(since=_within(time_of(since) or _BEGINNING), created_at=_within(time_of(until) or _END)),
        customer=customer,
        words=words_of(subject),
        reference=reference.strip().strip("<>"),
        stands=stands,
    )


def _within(at: datetime) -> datetime:
    return min(max(at, _BEGINNING), _END)


AsWanted = NamedDependency[SkipValidation[Wanted]]


@get(
    "/conversations",
    summary="Find conversations",
    dependencies={"asked": Provide(wanted, sync_to_thread=False), "stands": Provide(standing, sync_to_thread=False)},
)
async def find_conversations(
    parts: Parts, caller: SignedIn, asked: AsWanted, after: After = "", limit: Limit = 50
) -> ConversationLines:
    """Give a page of the conversations that are like that and that the caller may see."""
    tenant = tenant_of(parts.current(), caller)
    if after:
        asked = replace(asked, before=_place(after, asked.before))
    return await parts.store.read(lambda tx: _page(tx, tenant, caller, asked, limit))


def _page(tx: Tx, tenant: Tenant, caller: Caller, asked: Wanted, limit: int) -> ConversationLines:
    rows, before = _rows(tx, tenant.name, asked), asked.before
    found: list[ConversationLine] = []
    for _ in range(LOOK_THROUGH // PAGE):
        some = rows(before, PAGE)
        for one in some:
            before = replace(before, created_at=one.created_at, id=one.id)
            session = tx.sessions.latest(one.id)
            if session is not None and _is_like(one, session, asked) and may(Act.SEE, session, tenant, caller):
                found.append(_line(one, session))
            if len(found) == limit:
                return ConversationLines(conversations=tuple(found), next=_cursor(before))
        if len(some) < PAGE:
            return ConversationLines(conversations=tuple(found), next=None)
    return ConversationLines(conversations=tuple(found), next=_cursor(before))


def _rows(tx: Tx, tenant: str, asked: Wanted) -> Callable[[Before, int], Sequence[Conversation]]:
    """The way to look: by the condition that leaves the fewest."""
    search = tx.search
    if asked.reference:
        return lambda before, most: _referred(tx, tenant, asked.reference, before)[: most - 1]
    if asked.customer:
        return lambda before, most: search.of_customer(tenant, asked.customer, before, most)
    if asked.words:
        return lambda before, most: search.with_word(tenant, max(asked.words, key=len), before, most)
    if asked.stands.channel:
        return lambda before, most: search.of_channel(tenant, asked.stands.channel, before, most)
    return lambda before, most: search.newest(tenant, before, most)


def _referred(tx: Tx, tenant: str, reference: str, before: Before) -> list[Conversation]:
    """The conversation of that id, or those a Message-ID leads to, the newest first."""
    by_id = tx.conversations.current(ConversationId(reference))
    found = {hit.conversation.id: hit.conversation for hit in tx.conversations.find(tenant, (reference,))}
    if by_id is not None and by_id.tenant == tenant:
        found[by_id.id] = by_id
    place = (before.created_at, before.id)
    fits = [one for one in found.values() if before.since <= one.created_at and (one.created_at, one.id) < place]
    return sorted(fits, key=lambda one: (one.created_at, one.id), reverse=True)


def _is_like(one: Conversation, session: Session, asked: Wanted) -> bool:
    return (
        asked.customer.lower() in {"", one.customer.lower()}
        and asked.stands.channel in {"", one.channel}
        and asked.stands.queue in {"", session.queue}
        and asked.stands.owner in {"", session.owner}
        and asked.stands.phase in {None, session.phase}
        and set(asked.words) <= set(words_of(one.subject))
    )


def _line(one: Conversation, session: Session) -> ConversationLine:
    return ConversationLine(
        id=one.id,
        channel=one.channel,
        customer=one.customer,
        subject=one.subject,
        created_at=one.created_at,
        last_mail_at=one.last_mail_at,
        session=session.id,
        phase=session.phase,
        queue=session.queue,
        owner=session.owner,
    )


def _cursor(place: Before) -> str:
    micros = (place.created_at - _BEGINNING) // timedelta(microseconds=1)
    return base64.urlsafe_b64encode(f"{micros} {place.id}".encode()).decode()


def _place(cursor: str, before: Before) -> Before:
    """The place a cursor names. Raises the 422 problem for what is none of ours."""
    try:
        micros, _, last = base64.b64decode(cursor, altchars=b"-_", validate=True).decode().partition(" ")
        at = _BEGINNING + timedelta(microseconds=int(micros))
    except (ValueError, OverflowError) as error:
        raise refused("after: it is not the `next` of a page") from error
    return replace(before, created_at=_within(min(at, before.created_at)), id=last)


ROUTES = (find_conversations,)
