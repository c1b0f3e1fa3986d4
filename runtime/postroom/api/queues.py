"""The queues an agent serves: how many wait there, and taking the next one himself."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from litestar import Response, get, post
from litestar.params import FromPath
from msgspec import Struct

from postroom.api.access import queues_of, tenant_of
from postroom.api.auth import Caller, SignedIn
from postroom.api.commands import too_late
from postroom.api.idempotency import Answer, Asked, as_response, ok, once
from postroom.api.parts import ApiParts, Parts
from postroom.api.problems import Problem, not_found, problem
from postroom.api.work import WorkItem, work_item
from postroom.ports.records import QueueLength
from postroom.ports.store import Tx
from postroom.session.events import SessionPicked
from postroom.settings.schema import Queue


class QueueView(Struct, frozen=True, kw_only=True):
    """How many wait in a queue, and for how many seconds the oldest has."""

    queue: str
    waiting: int
    oldest_at: datetime | None
    oldest_for: float | None
    pick: bool
    access_code: str | None = None
    """The called route that a telephone system knows the queue by; nothing else is done with it here."""


class Queues(Struct, frozen=True, kw_only=True):
    """The caller's queues in the order of the settings."""

    queues: tuple[QueueView, ...]


@get("/queues", summary="How many wait in my queues")
async def read_queues(parts: Parts, caller: SignedIn) -> Queues:
    """Give the length of every queue the caller serves."""
    mine = queues_of(tenant_of(parts.current(), caller), caller)
    lengths = await parts.store.read(lambda tx: tuple(tx.sessions.waiting_queues()))
    return Queues(queues=queue_views(mine, lengths, caller.tenant, parts.clock.now()))


@post("/queues/{queue_name:str}/pick", summary="Take the session whose turn it is", status_code=HTTPStatus.OK)
async def pick(parts: Parts, repeatable: Asked, queue_name: FromPath[str]) -> Response[WorkItem]:
    """Take the next session of a queue that allows it; 204 where nobody waits."""
    caller = repeatable.caller
    queue = _pickable(parts, caller, queue_name)
    token, now = parts.ids.secret(), parts.clock.now()

    def unit(tx: Tx) -> Answer | Problem:
        return _pick(tx, parts, caller, queue, (token, now))

    return as_response(await once(parts, repeatable, unit))


def _pick(tx: Tx, parts: ApiParts, caller: Caller, queue: Queue, minted: tuple[str, datetime]) -> Answer | Problem:
    token, now = minted
    head = tx.sessions.head(caller.tenant, queue.name, now)
    if head is None:
        return Answer(status=HTTPStatus.NO_CONTENT)
    if not tx.agents.reserve(caller.tenant, caller.account, now, head.weight):
        raise problem(HTTPStatus.CONFLICT, "You are not ready, or have no place left.", "no-place")
    after, effects = parts.step(tx, head.id, SessionPicked(agent=caller.account, token=token))
    refused = too_late(effects, tenant_of(parts.current(), caller), caller)
    return refused or ok(work_item(after, tx.conversations.get(after.conversation), now))


def _pickable(parts: ApiParts, caller: Caller, name: str) -> Queue:
    mine = queues_of(tenant_of(parts.current(), caller), caller)
    queue = next((queue for queue in mine if queue.name == name), None)
    if queue is None:
        raise not_found()
    if not queue.pick:
        raise problem(HTTPStatus.FORBIDDEN, "Sessions of this queue are offered; they cannot be picked.")
    return queue


def queue_views(
    mine: tuple[Queue, ...], lengths: tuple[QueueLength, ...], tenant: str, now: datetime
) -> tuple[QueueView, ...]:
    """Show each of these queues, those in which nobody waits too."""
    waiting = {length.queue: length for length in lengths if length.tenant == tenant}
    return tuple(_view(queue, waiting.get(queue.name), now) for queue in mine)


def _view(queue: Queue, length: QueueLength | None, now: datetime) -> QueueView:
    oldest = length.oldest_at if length else None
    return QueueView(
        queue=queue.name,
        waiting=length.waiting if length else 0,
        oldest_at=oldest,
        oldest_for=(now - oldest).total_seconds() if oldest else None,
        pick=queue.pick,
        access_code=queue.access_code,
    )


ROUTES = (read_queues, pick)
