"""The event stream of one agent (server-sent events): his offers, assignments, notices, mails, and his queues' lengths.

It begins with his work as it stands, or after a given Last-Event-ID with what the journal holds since. It writes
nothing; that an agent listens is told to presence.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from functools import partial
from typing import Annotated

import msgspec
from litestar import get
from litestar.params import HeaderParameter
from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec import Struct

from postroom.api.access import queues_of
from postroom.api.auth import Caller, Directory, Known, SignedIn
from postroom.api.feed import Subscription
from postroom.api.headers import SAFE_HEADERS
from postroom.api.parts import ApiParts, Parts
from postroom.api.queues import Queues, QueueView, queue_views
from postroom.api.work import Work, work_of
from postroom.ports.happenings import PAGE, Batch, read_batch
from postroom.ports.records import QueueLength
from postroom.ports.store import Tx
from postroom.ports.telling import Event, events_for

HEARTBEAT = 15.0
"""Seconds without an event after which the caller hears that the stream still stands."""
SEND_WITHIN = 60.0
"""Seconds a caller may take to read what is sent before he is dropped."""
FURTHEST_BACK = 10_000
"""Decisions that are told again; who was away longer begins with his work as it stands."""

LastEventId = Annotated[
    str | None,
    HeaderParameter(name="Last-Event-ID", max_length=32, description="The id of the last event got: go on after it."),
]


@get("/events", summary="What concerns me, as it happens (text/event-stream)", media_type="text/event-stream")
async def events(parts: Parts, directory: Known, caller: SignedIn, last_event_id: LastEventId = None) -> ASGIApp:
    """Stream the caller's events; resume after Last-Event-ID."""
    resume = int(last_event_id) if last_event_id and last_event_id.isascii() and last_event_id.isdigit() else None
    return EventStream(parts, directory, caller, resume)


class Beginning(Struct, frozen=True, kw_only=True):
    """Where a stream begins: the newest decision, and the caller's work and queues as they are then."""

    last: int
    work: Work
    lengths: tuple[QueueLength, ...]


class EventStream:
    """An answer that goes on until somebody ends it: the caller, his token's end, a full buffer, or the server."""

    def __init__(self, parts: ApiParts, directory: Directory, caller: Caller, resume: int | None) -> None:
        self._parts = parts
        self._directory = directory
        self._caller = caller
        self._resume = resume
        self._seen = 0
        self._lengths: tuple[tuple[str, int], ...] = ()

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until either side has enough."""
        presence, caller = self._parts.presence, self._caller
        presence.arrived(caller.tenant, caller.account)
        try:
            async with asyncio.TaskGroup() as group:
                ends = {group.create_task(self._send(send)), group.create_task(_gone(receive))}
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
                for end in ends:
                    end.cancel()
        finally:
            presence.left(caller.tenant, caller.account)

    async def _send(self, send: Send) -> None:
        headers = {**SAFE_HEADERS, "Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}
        fields = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        try:
            async for chunk in self._chunks():
                async with asyncio.timeout(SEND_WITHIN):
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
        except TimeoutError:
            return  # he does not read; the connection's own deadline closes it
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _chunks(self) -> AsyncIterator[bytes]:
        with self._parts.feed.listen(self._caller.tenant) as subscription:
            await self._parts.feed.begin(self._caller.tenant)
            yield await self._begin()
            async for chunk in self._missed(subscription):
                yield chunk
            while await self._directory.still_knows(self._caller):
                batch = await subscription.next(self._parts.clock, HEARTBEAT)
                if subscription.is_over:
                    return
                # An id without data moves the caller's Last-Event-ID on and is no event (HTML §9.2.6).
                yield self._told(batch) if batch else f": heartbeat\nid: {self._seen}\n\n".encode()

    async def _begin(self) -> bytes:
        """Begin with the work as it stands, unless the caller was here lately and asks for what he missed."""
        beginning = await self._parts.store.read(self._beginning)
        if self._resume is not None and beginning.last - FURTHEST_BACK <= self._resume <= beginning.last:
            self._seen = self._resume
            return b": resumed\n\n"
        self._seen = beginning.last
        work = encoded(Event(name="work", data=beginning.work), None)
        return work + self._queues(beginning.lengths) + f"id: {self._seen}\n\n".encode()

    def _beginning(self, tx: Tx) -> Beginning:
        return Beginning(
            last=tx.journal.last(self._caller.tenant),
            work=work_of(tx, self._caller, self._parts.clock.now()),
            lengths=tuple(tx.sessions.waiting_queues()),
        )

    async def _missed(self, subscription: Subscription) -> AsyncIterator[bytes]:
        """What the journal holds since, a page at a time."""
        while not subscription.is_over:
            page = partial(read_batch, tenant=self._caller.tenant, after=self._seen)
            batch = await self._parts.store.read(page)
            yield self._told(batch)
            if len(batch.happenings) < PAGE:
                return

    def _told(self, batch: Batch) -> bytes:
        chunks = []
        for happening in batch.happenings:
            seq = happening.entry.seq
            if seq <= self._seen:
                continue
            self._seen = seq
            chunks.append(_with_id(events_for(self._caller.account, happening), seq))
        if batch.lengths is not None:
            chunks.append(self._queues(batch.lengths))
        return b"".join(chunks)

    def _queues(self, lengths: tuple[QueueLength, ...]) -> bytes:
        """The caller's queues, where they are not as he last heard."""
        tenant = self._parts.current().tenant(self._caller.tenant)
        mine = queues_of(tenant, self._caller) if tenant else ()
        views = queue_views(mine, lengths, self._caller.tenant, self._parts.clock.now())
        known = tuple((view.queue, view.waiting) for view in views)
        if known == self._lengths:
            return b""
        self._lengths = known
        return _queue_event(views)


def _queue_event(views: tuple[QueueView, ...]) -> bytes:
    return encoded(Event(name="queues", data=Queues(queues=views)), None)


def _with_id(told: Iterable[Event], seq: int) -> bytes:
    """Encode a decision's events; only the last has the id, so that none is lost when the line breaks between them."""
    ready = list(told)
    return b"".join(encoded(event, seq if event is ready[-1] else None) for event in ready)


def encoded(event: Event, seq: int | None) -> bytes:
    """One event of a stream (HTML §9.2.5); JSON in one line needs no further care."""
    number = b"" if seq is None else b"id: %d\n" % seq
    return number + b"event: " + event.name.encode() + b"\ndata: " + msgspec.json.encode(event.data) + b"\n\n"


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


ROUTES = (events,)
