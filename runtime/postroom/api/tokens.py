"""The tokens of programs, for a tenant's administrators: shown once, good until they expire or are revoked."""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct
from msgspec.structs import replace

from postroom.api.access import tenant_of
from postroom.api.auth import SignedIn
from postroom.api.credentials import digest_of
from postroom.api.idempotency import Answer, Asked, as_response, once
from postroom.api.paging import Limit
from postroom.api.parts import Parts
from postroom.api.people import Account, Part, QueueNames, scope_problems
from postroom.api.problems import Problem, not_found, refused
from postroom.ports.people import Role, Scope, Token
from postroom.ports.store import Tx

LONGEST_DAYS = 3_650
PREFIX_LENGTH = 8
"""Characters of a token that are kept readable: 112 bits of it stay unknown."""

Days = Annotated[int, Meta(ge=1, le=LONGEST_DAYS)]
After = Annotated[str, QueryParameter(max_length=64, description="`next` of the page before.")]


class NewTokenBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new token: the account it acts as, its role and how far that reaches, and for how many days it is good."""

    account: Account
    role: Role
    ou: Part | None = None
    queues: QueueNames = ()
    days: Days = 365


class TokenView(Struct, frozen=True, kw_only=True):
    """A token by its first characters; `last_used_at` is right to about a minute."""

    id: str
    account: str
    role: Role
    ou: str | None
    queues: tuple[str, ...]
    prefix: str
    created_at: datetime
    created_by: str
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


class NewToken(TokenView, frozen=True, kw_only=True):
    """A token as it was made; `token` is shown this once, and null where the answer is given again."""

    token: str | None


class TokenViews(Struct, frozen=True, kw_only=True):
    """A page of tokens in the order of their making."""

    tokens: tuple[TokenView, ...]
    next: str | None


@get("/tokens", summary="As administrator, the tokens of programs")
async def read_tokens(parts: Parts, caller: SignedIn, after: After = "", limit: Limit = 50) -> TokenViews:
    """Give a page of tokens, revoked and expired ones too."""
    found = await parts.store.read(lambda tx: tx.people.tokens(caller.tenant, after, limit))
    following = found[-1].id if len(found) == limit else None
    return TokenViews(tokens=tuple(TokenView(**_fields(one)) for one in found), next=following)


@post("/tokens", summary="As administrator, make a token for a program", status_code=HTTPStatus.CREATED)
async def add_token(parts: Parts, repeatable: Asked, data: JSONBody[NewTokenBody]) -> Response[NewToken]:
    """Make it and show it, once."""
    caller, scope = repeatable.caller, Scope(ou=data.ou, queues=data.queues)
    problems = scope_problems(tenant_of(parts.current(), caller), data.account, data.role, scope)
    if problems:
        raise refused(*problems)
    secret, now = parts.ids.secret(), parts.clock.now()
    token = Token(
        id=parts.ids.new(),
        tenant=caller.tenant,
        account=data.account,
        role=data.role,
        scope=scope,
        digest=digest_of(secret.encode()),
        prefix=secret[:PREFIX_LENGTH],
        created_at=now,
        created_by=caller.account,
        expires_at=now + timedelta(days=data.days),
    )

    def unit(tx: Tx) -> Answer:
        tx.people.add_token(token)
        shown = NewToken(**_fields(token), token=secret)
        kept = msgspec.json.encode(replace(shown, token=None))
        return Answer(status=HTTPStatus.CREATED, body=msgspec.json.encode(shown), kept=kept)

    return as_response(await once(parts, repeatable, unit))


@post("/tokens/{token_id:str}/revoke", summary="As administrator, end a token", status_code=HTTPStatus.NO_CONTENT)
async def revoke_token(parts: Parts, repeatable: Asked, token_id: FromPath[str]) -> Response[None]:
    """Let it be good no more, from now on."""
    tenant, now = repeatable.caller.tenant, parts.clock.now()

    def unit(tx: Tx) -> Answer | Problem:
        return Answer(status=HTTPStatus.NO_CONTENT) if tx.people.revoke(tenant, token_id, now) else not_found()

    return as_response(await once(parts, repeatable, unit))


def _fields(token: Token) -> dict[str, Any]:
    return {
        "id": token.id,
        "account": token.account,
        "role": token.role,
        "ou": token.scope.ou,
        "queues": token.scope.queues,
        "prefix": token.prefix,
        "created_at": token.created_at,
        "created_by": token.created_by,
        "expires_at": token.expires_at,
        "revoked_at": token.revoked_at,
        "last_used_at": token.last_used_at,
    }


ROUTES = (read_tokens, add_token, revoke_token)
