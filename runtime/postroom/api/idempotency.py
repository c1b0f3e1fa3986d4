"""Answers to writes that may come twice: the same Idempotency-Key and body get the same answer.

The key, the answer and what the request did are committed together, so a lost answer is found again and nothing is
done twice; so is the line in the audit log. A refusal is not kept: it did nothing. Requests of one key that come at the
same time wait for one another in the store, and all but the first are given its answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

import msgspec
import structlog
from litestar import MediaType, Request, Response
from litestar.di import NamedDependency
from litestar.params import HeaderParameter, SkipValidation
from msgspec import Struct
from msgspec.structs import replace

from postroom.api.auth import Caller, SignedIn
from postroom.api.parts import ApiParts
from postroom.api.policy import name_of_route
from postroom.api.problems import Problem, problem
from postroom.errors import TemporaryError
from postroom.ports.audit import AuditEntry
from postroom.ports.desk import Refused, Stale
from postroom.ports.records import StoredAnswer
from postroom.ports.store import Tx

log = structlog.get_logger(__name__)

T = TypeVar("T")

DONE = "done"
LONGEST_OBJECT = 400
LONGEST_RESULT = 1_000

IdempotencyKey = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="A name of the caller's for this request: the same again is answered the same and done once.",
    ),
]


class Answer(Struct, frozen=True, kw_only=True):
    """What a write is answered with: a body of JSON, or none."""

    status: int = HTTPStatus.OK
    body: bytes = b""
    kept: bytes | None = None
    """What is answered the next time, where that is not the same: a secret is shown once."""


Write = Callable[[Tx], Answer | Problem]
"""A unit that does what was asked, or says why it is too late; a problem it returns is committed with its causes."""


class Repeatable(Struct, frozen=True, kw_only=True):
    """A write of one caller, as far as its being repeated matters."""

    caller: Caller
    key: str | None
    request_hash: str
    act: str = ""
    """The route, for the audit log, and what its path names."""
    object: str = ""


Asked = NamedDependency[SkipValidation[Repeatable]]
"""How a route asks for it."""


async def repeatable_of(request: Request[Any, Any, Any], caller: SignedIn, key: IdempotencyKey = None) -> Repeatable:
    """Read what makes this request the same as another: method, path and body."""
    digest = hashlib.sha256(f"{request.method} {request.url.path}\n".encode())
    digest.update(await request.body())
    return replace(asked_of(request, caller), key=key, request_hash=digest.hexdigest())


def asked_of(request: Request[Any, Any, Any], caller: Caller) -> Repeatable:
    """A write that is never the same as another: its body is not looked at."""
    named = "/".join(str(value) for name, value in request.path_params.items() if name != "tenant")
    act = name_of_route(request.scope)
    return Repeatable(caller=caller, key=None, request_hash="", act=act, object=named[:LONGEST_OBJECT])


def ok(value: object, status: HTTPStatus = HTTPStatus.OK) -> Answer:
    """Answer with a value."""
    return Answer(status=status, body=msgspec.json.encode(value))


async def answered_before(parts: ApiParts, asked: Repeatable) -> Answer | None:
    """The answer this very request already got, or None. Raises the 409 problem where the key was another request's."""
    return await parts.store.read(lambda tx: _kept(tx, asked))


async def once(parts: ApiParts, asked: Repeatable, write: Write) -> Answer:
    """Carry the write out once for its key, or give the answer it got. Raises its problem."""
    now = parts.clock.now()

    def unit(tx: Tx) -> Answer | Problem:
        kept = _kept(tx, asked)
        if kept is not None:
            return kept
        answer = write(tx)
        tx.audit.add(audit_entry(asked, now, answer))
        if isinstance(answer, Answer):
            keep(tx, asked, answer, now)
        return answer

    async with refusals_written(parts, asked):
        answer = await parts.store.write(unit)
    if isinstance(answer, Problem):
        raise answer
    return answer


@asynccontextmanager
async def refusals_written(parts: ApiParts, asked: Repeatable) -> AsyncGenerator[None]:
    """Write down a refusal that is raised inside: what else was written went with it, so this has its own unit."""
    try:
        yield
    except (Problem, Refused, Stale) as refusal:
        entry = audit_entry(asked, parts.clock.now(), refusal)
        try:
            await parts.store.write(lambda tx: tx.audit.add(entry))
        except TemporaryError as error:
            log.warning("refusal_not_written_down", act=asked.act, why=str(error))
        raise


def keep(tx: Tx, asked: Repeatable, answer: Answer, now: datetime) -> None:
    """Keep the answer for the same request again, in the unit that does what was asked."""
    if asked.key is not None:
        stored = StoredAnswer(
            request_hash=asked.request_hash, status=answer.status, body=_to_keep(answer), created_at=now
        )
        tx.idempotency.put(asked.caller.tenant, asked.caller.account, asked.key, stored)


def audit_entry(
    asked: Repeatable, now: datetime, outcome: Answer | Problem | Refused | Stale, named: str = ""
) -> AuditEntry:
    """The line of the audit log about a write; `named` is what came of it, where the path names nothing."""
    caller = asked.caller
    result = DONE if isinstance(outcome, Answer) else str(outcome)[:LONGEST_RESULT]
    return AuditEntry(
        at=now,
        tenant=caller.tenant,
        actor=caller.account,
        role=caller.role.value,
        act=asked.act,
        object=named or asked.object,
        result=result,
    )


async def audited(parts: ApiParts, asked: Repeatable, act: Awaitable[T]) -> T:
    """Carry out what has no transaction of its own, and write down how it went. Raises what it raises."""
    async with refusals_written(parts, asked):
        done = await act
    entry = audit_entry(asked, parts.clock.now(), Answer())
    await parts.store.write(lambda tx: tx.audit.add(entry))
    return done


def _to_keep(answer: Answer) -> bytes:
    return answer.body if answer.kept is None else answer.kept


def as_response(answer: Answer) -> Response[Any]:
    """The answer on its way to the caller."""
    return Response(content=answer.body or None, status_code=answer.status, media_type=MediaType.JSON)


def _kept(tx: Tx, asked: Repeatable) -> Answer | None:
    if asked.key is None:
        return None
    kept = tx.idempotency.get(asked.caller.tenant, asked.caller.account, asked.key)
    if kept is None:
        return None
    if kept.request_hash != asked.request_hash:
        raise problem(
            HTTPStatus.CONFLICT, "This Idempotency-Key was already used for another request.", "idempotency-key-reused"
        )
    return Answer(status=kept.status, body=kept.body)
