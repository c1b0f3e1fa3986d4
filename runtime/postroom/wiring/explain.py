"""Every verdict on one mail as if it came now as the first of its conversation, by the very pieces the service runs.

The mail is taken in by a simulated house that is thrown away; what is told is what the house wrote down, and beside it
what the verdicts rest on. Nothing of the service is touched, and nobody is asked anything over a network.
"""

from __future__ import annotations

from datetime import datetime, tzinfo
from functools import partial
from zoneinfo import ZoneInfo

from msgspec import Struct

from postroom.engine.verdict import Verdict, judge
from postroom.mail.mail_class import Evidence
from postroom.mail.message import Message
from postroom.mail.parse import header_only, parse
from postroom.mail.quotes import new_text
from postroom.ports.records import JournalEntry, RawRef, StoredMail, TimerRow, TraceLine
from postroom.ports.store import Tx
from postroom.routing.outcome import Outcome
from postroom.routing.routes import MailFacts, Route, RouteMatch, first_match
from postroom.session.effects import AskRobot
from postroom.session.state import Session
from postroom.settings.schema import Generation, Tenant
from postroom.wiring.simulation.course import AutomaticOutcome, automatic_in
from postroom.wiring.simulation.house import RING, Crew, House, Rooms, simulated
from postroom.wiring.simulation.receiving import Doorway, doorway_of, doorways

HEADER = 64 * 1024


class Read(Struct, frozen=True, kw_only=True):
    """What the bytes say; `is_whole` is False where only the header could be read."""

    size: int
    message_id: str | None
    from_address: str
    subject: str
    received_at: datetime
    defects: tuple[str, ...]
    attachments: int


class Class(Struct, frozen=True, kw_only=True):
    """The class of the mail and what says so; `why_not` says why it would never be answered automatically."""

    name: str
    caveats: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    why_not: str


class RouteTried(Struct, frozen=True, kw_only=True):
    """A notification route: `matched`, `did not match`, or `not asked` because an earlier one had matched."""

    name: str
    target: str
    result: str
    reason: str = ""
    is_derived: bool = False


class Keys(Struct, frozen=True, kw_only=True):
    """What the mail says it belongs to; tokens are only counted, for no key ring is at hand to prove one."""

    tokens_unproven: int
    message_ids: tuple[str, ...]
    subject_tags: tuple[str, ...]


class WorkTime(Struct, frozen=True, kw_only=True):
    """The channel's hour in its zone, and when that changes: its next opening where it is closed, else its closing."""

    is_open: bool
    day: str
    zone: str
    now: datetime
    next_opening: datetime | None
    next_closing: datetime | None


class Text(Struct, frozen=True, kw_only=True):
    """Characters of each piece; the language is empty where nobody asked for it."""

    new: int
    quoted: int
    signature: int
    language: str


class Keyword(Struct, frozen=True, kw_only=True):
    """The word for transfer that was found; `is_asked` is False where the channel has no robot."""

    is_asked: bool
    keyword: str
    evidence: str


class Deadline(Struct, frozen=True, kw_only=True):
    """A timer that is armed."""

    kind: str
    due_at: datetime


class Service(Struct, frozen=True, kw_only=True):
    """The session after this first mail; the phase is empty where nobody is served."""

    outcome: str
    phase: str = ""
    queue: str = ""
    priority: int = 0
    robot: str = ""
    deadlines: tuple[Deadline, ...] = ()


class Automatic(Struct, frozen=True, kw_only=True):
    """The automatic reply: `reason` says why there is none, the rest is the mail as it would leave."""

    kind: str
    is_sent: bool
    reason: str
    words: str
    to: str = ""
    subject: str = ""
    text: str = ""


class Explanation(Struct, frozen=True, kw_only=True):
    """All verdicts in their order; what was not asked for is None, and `trace` is as the service would keep it."""

    schema: str = "postroom.explain/1"
    at: datetime
    tenant: str
    gateway: str
    gateway_why: str
    read: Read | None
    mail_class: Class | None
    routes: tuple[RouteTried, ...]
    keys: Keys | None
    channel: str
    work_time: WorkTime | None
    keyword: Keyword | None
    text: Text | None
    service: Service
    automatic: Automatic
    trace: tuple[TraceLine, ...]
    words: str = ""
    """Why the mail could not be read, where it could not."""


class _Kept(Struct, frozen=True, kw_only=True):
    """What the house wrote down."""

    outcome: Outcome
    reason: str
    mail: StoredMail | None = None
    session: Session | None = None
    journal: tuple[JournalEntry, ...] = ()
    timers: tuple[TimerRow, ...] = ()
    reply: RawRef | None = None
    reply_to: str = ""


async def explain(generation: Generation, raw: bytes, at: datetime, gateway: str | None) -> Explanation:
    """Give every verdict on the mail, had it come then; a time without a zone is the tenant's.

    Raises ConfigurationError for a gateway that is not there.
    """
    way = doorway_of(header_only(raw[:HEADER]), doorways(generation, RING), gateway)
    async with simulated(generation, _aware(at, generation.tenant(way.rules.tenant))) as rooms:
        taken = await House(rooms, Crew()).take(way, raw, len(raw), "explained")
        kept = await rooms.store.read(partial(_kept, taken.receipt.id))
        now = rooms.clock.now()
        if taken.message is None:
            return _unread(way, now, kept)
        verdict = judge(taken.message, way.rules, now, now)
        return _explained(rooms, way, taken.message, verdict, kept)


def _aware(at: datetime, tenant: Tenant | None) -> datetime:
    return at if at.tzinfo is not None or tenant is None else at.replace(tzinfo=ZoneInfo(tenant.parameters.time_zone))


def _kept(receipt_id: str, tx: Tx) -> _Kept:
    receipt = tx.ledger.get(receipt_id)
    if receipt is None or receipt.outcome is None:
        raise LookupError(receipt_id)
    mail = tx.mails.get(receipt.mail) if receipt.mail else None
    session = tx.sessions.latest(mail.conversation) if mail is not None and mail.conversation else None
    if mail is None or session is None:
        return _Kept(outcome=receipt.outcome, reason=receipt.reason, mail=mail)
    answer = next((one for one in tx.mails.of_conversation(session.conversation) if not one.incoming), None)
    return _Kept(
        outcome=receipt.outcome,
        reason=receipt.reason,
        mail=mail,
        session=session,
        journal=tuple(tx.journal.of_conversation(session.conversation)),
        timers=tuple(sorted(tx.timers.of_session(session.id), key=lambda timer: timer.due_at)),
        reply=tx.mails.raw(answer.sha256) if answer is not None else None,
        reply_to=mail.answering.recipient if answer is not None and mail.answering is not None else "",
    )


def _unread(way: Doorway, at: datetime, kept: _Kept) -> Explanation:
    return Explanation(
        at=at,
        tenant=way.rules.tenant,
        gateway=way.rules.gateway,
        gateway_why=way.why,
        read=None,
        mail_class=None,
        routes=(),
        keys=None,
        channel="",
        work_time=None,
        keyword=None,
        text=None,
        service=Service(outcome=kept.outcome.value),
        automatic=Automatic(kind="", is_sent=False, reason="", words="nobody could read the mail"),
        trace=(),
        words=kept.reason,
    )


def _explained(rooms: Rooms, way: Doorway, message: Message, verdict: Verdict, kept: _Kept) -> Explanation:
    channel = verdict.channel
    return Explanation(
        at=rooms.clock.now(),
        tenant=way.rules.tenant,
        gateway=way.rules.gateway,
        gateway_why=way.why,
        read=_read(message, verdict),
        mail_class=_class(verdict),
        routes=_routes(way.rules.routes, message, verdict, way.rules.gateway),
        keys=Keys(
            tokens_unproven=verdict.keys.forged,
            message_ids=verdict.keys.message_ids,
            subject_tags=verdict.keys.tags,
        ),
        channel=channel,
        work_time=_work_time(rooms, way.rules.tenant, channel) if channel else None,
        keyword=_keyword(verdict, is_asked=channel in way.rules.keywords) if channel else None,
        text=_text(message, verdict),
        service=_service(kept),
        automatic=_automatic(kept),
        trace=kept.mail.trace if kept.mail is not None else (),
    )


def _read(message: Message, verdict: Verdict) -> Read:
    author = verdict.classification.customer or message.author
    return Read(
        size=message.size,
        message_id=message.message_id,
        from_address=author.addr if author is not None else "",
        subject=message.subject,
        received_at=verdict.received_at,
        defects=message.defects,
        attachments=len(message.attachments),
    )


def _class(verdict: Verdict) -> Class:
    found = verdict.classification
    caveats = tuple(sorted(caveat.value for caveat in found.caveats))
    return Class(name=found.kind.value, caveats=caveats, evidence=found.evidence, why_not=found.why_not or "")


def _routes(routes: tuple[Route, ...], message: Message, verdict: Verdict, gateway: str) -> tuple[RouteTried, ...]:
    """Each route in order, asked by itself until one matched."""
    facts = MailFacts.of(message, gateway, verdict.classification.kind.value)
    tried: list[RouteTried] = []
    found: RouteMatch | None = None
    for route in routes:
        now = first_match((route,), facts) if found is None else None
        result = "not asked" if found is not None else "matched" if now is not None else "did not match"
        found = found or now
        tried.append(
            RouteTried(
                name=route.name,
                target=route.channel or route.action.value,
                result=result,
                reason=now.reason if now is not None else "",
                is_derived=route.automatic,
            )
        )
    return tuple(tried)


def _work_time(rooms: Rooms, tenant: str, channel: str) -> WorkTime:
    hours, now = rooms.in_force.policy(tenant, channel).hours, rooms.clock.now()
    is_open = hours.is_open(now)
    return WorkTime(
        is_open=is_open,
        day=str(hours.day_at(now)),
        zone=str(hours.zone),
        now=now.astimezone(hours.zone),
        next_opening=None if is_open else _local(hours.next_opening(now), hours.zone),
        next_closing=_local(hours.next_closing(now), hours.zone) if is_open else None,
    )


def _local(at: datetime | None, zone: tzinfo) -> datetime | None:
    return at.astimezone(zone) if at is not None else None


def _keyword(verdict: Verdict, *, is_asked: bool) -> Keyword:
    hit = verdict.keyword
    return Keyword(is_asked=is_asked, keyword=hit.keyword if hit else "", evidence=hit.evidence if hit else "")


def _text(message: Message, verdict: Verdict) -> Text:
    parts = new_text(message.text)
    return Text(new=len(parts.new), quoted=len(parts.quoted), signature=len(parts.signature), language=verdict.language)


def _service(kept: _Kept) -> Service:
    if kept.session is None:
        return Service(outcome=kept.outcome.value)
    asked = [effect for entry in kept.journal for effect in entry.effects if isinstance(effect, AskRobot)]
    return Service(
        outcome=kept.outcome.value,
        phase=kept.session.phase.value,
        queue=kept.session.queue,
        priority=kept.session.priority,
        robot=asked[0].robot if asked else "",
        deadlines=tuple(Deadline(kind=timer.kind.value, due_at=timer.due_at) for timer in kept.timers),
    )


def _automatic(kept: _Kept) -> Automatic:
    decided: list[AutomaticOutcome] = [one for entry in kept.journal for one in automatic_in(entry)]
    if not decided:
        return Automatic(kind="", is_sent=False, reason="", words=_why_none(kept))
    first = decided[0]
    if first.reason or kept.reply is None or kept.reply.small is None:
        return Automatic(kind=first.kind, is_sent=False, reason=first.reason, words=first.words or "not rendered")
    written = parse(kept.reply.small)
    return Automatic(
        kind=first.kind,
        is_sent=True,
        reason="",
        words="",
        to=kept.reply_to,
        subject=written.subject,
        text=written.text,
    )


def _why_none(kept: _Kept) -> str:
    if kept.session is not None:
        return "the session is with the robot: it is decided on when people are to answer"
    lines = kept.mail.trace if kept.mail is not None else ()
    said = next((line.evidence for line in lines if line.step == "automatic_reply"), "")
    return said or kept.reason or "nobody is served for it"
