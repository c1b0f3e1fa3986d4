"""Answers to writes that may come twice: the same Idempotency-Key and body get the same answer.

The key, the answer and what the request did are committed together, so a lost answer is found again and nothing is
done twice. A refusal is not kept: it did nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from litestar import MediaType, Request, Response
from litestar.di import NamedDependency
from litestar.params import HeaderParameter, SkipValidation
from msgspec import Struct

from postroom.api.auth import Caller, SignedIn
from postroom.api.parts import ApiParts
from postroom.api.problems import Problem, problem
from postroom.ports.records import StoredAnswer
from postroom.ports.store import Tx

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


Write = Callable[[Tx], Answer | Problem]
"""A unit that does what was asked, or says why it is too late; a problem it returns is committed with its causes."""


class Repeatable(Struct, frozen=True, kw_only=True):
    """A write of one caller, as far as its being repeated matters."""

    caller: Caller
    key: str | None
    request_hash: str


Asked = NamedDependency[SkipValidation[Repeatable]]
"""How a route asks for it."""


async def repeatable_of(request: Request[Any, Any, Any], caller: SignedIn, key: IdempotencyKey = None) -> Repeatable:
    """Read what makes this request the same as another: method, path and body."""
    digest = hashlib.sha256(f"{request.method} {request.url.path}\n".encode())
    digest.update(await request.body())
    return Repeatable(caller=caller, key=key, request_hash=digest.hexdigest())


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
        if isinstance(answer, Answer):
            keep(tx, asked, answer, now)
        return answer

    answer = await parts.store.write(unit)
    if isinstance(answer, Problem):
        raise answer
    return answer


def keep(tx: Tx, asked: Repeatable, answer: Answer, now: datetime) -> None:
    """Keep the answer for the same request again, in the unit that does what was asked."""
    if asked.key is not None:
        stored = StoredAnswer(request_hash=asked.request_hash, status=answer.status, body=answer.body, created_at=now)
        tx.idempotency.put(asked.caller.tenant, asked.caller.account, asked.key, stored)


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
