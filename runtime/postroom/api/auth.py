"""Who is calling: a bearer token, its SHA-256, and the agent of the settings it belongs to. Deny by default.

Every route under /api/v1/{tenant} stands behind SignIn; what the agent may see and do is access.py's.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable

from litestar.di import NamedDependency
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.params import SkipValidation
from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec import Struct

from postroom.api.parts import ApiParts
from postroom.api.problems import not_found, unauthorised
from postroom.settings.schema import Generation

# RFC 6750 §2.1: credentials = "Bearer" 1*SP b64token; 512 characters are enough for every token of ours
_CREDENTIALS = re.compile(rb"[Bb]earer +([A-Za-z0-9\-._~+/]{1,512}=*)")


SIGNED_IN = "postroom.signed_in"
"""The extension of a request's scope that holds its Caller, where the request came from inside."""


class Caller(Struct, frozen=True, kw_only=True):
    """A signed-in agent; `digest` is the hex SHA-256 of the token he came with."""

    tenant: str
    account: str
    digest: str


class Directory:
    """The agents of the settings in force, found by their tokens."""

    def __init__(self, current: Callable[[], Generation]) -> None:
        self._current = current
        self._generation: Generation | None = None
        self._callers: tuple[Caller, ...] = ()

    def find(self, token: bytes) -> Caller | None:
        """Whose token this is, or None; takes equally long for every token."""
        return self._look_up(hashlib.sha256(token).hexdigest())

    def still_knows(self, caller: Caller) -> bool:
        """Whether the token the caller came with is still his."""
        return self._look_up(caller.digest) == caller

    def _look_up(self, digest: str) -> Caller | None:
        self._refresh()
        found = None
        for caller in self._callers:
            if hmac.compare_digest(caller.digest, digest):
                found = caller
        return found

    def _refresh(self) -> None:
        generation = self._current()
        if generation is self._generation:
            return
        self._generation = generation
        self._callers = tuple(
            Caller(tenant=tenant.name, account=agent.account, digest=digest.lower())
            for tenant in generation.tenants
            for agent in tenant.agents
            for digest in agent.token_sha256
        )


SignedIn = NamedDependency[SkipValidation[Caller]]
"""How a route asks who is calling."""
Known = NamedDependency[SkipValidation[Directory]]
"""How a route asks for the directory."""


class SignIn(ASGIMiddleware):
    """Lets only a known agent of the path's tenant through, and notes that he was seen."""

    scopes = (ScopeType.HTTP, ScopeType.ASGI, ScopeType.WEBSOCKET)

    def __init__(self, parts: ApiParts, directory: Directory) -> None:
        self._parts = parts
        self._directory = directory

    def __deepcopy__(self, _memo: object) -> SignIn:
        """The framework copies routers with all that hangs on them; there is one directory and one presence."""
        return self

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Sign the caller in. Raises the 401 and 404 problems."""
        caller = _sure_of(scope) or self._by_token(scope)
        if scope["path_params"].get("tenant") != caller.tenant:
            raise not_found()
        self._parts.presence.seen(caller.tenant, caller.account)
        scope["user"] = caller
        await next_app(scope, receive, send)

    def _by_token(self, scope: Scope) -> Caller:
        token = _token(scope)
        if token is None:
            raise unauthorised("Sign in with the header field `Authorization: Bearer TOKEN`.")
        caller = self._directory.find(token)
        if caller is None:
            raise unauthorised("This token is not known, or not any more.")
        return caller


def _sure_of(scope: Scope) -> Caller | None:
    """Whom another door has made sure of; what comes through a socket cannot say so."""
    extensions: object = scope.get("extensions")
    caller = extensions.get(SIGNED_IN) if isinstance(extensions, dict) else None
    return caller if isinstance(caller, Caller) else None


def _token(scope: Scope) -> bytes | None:
    fields = [value for name, value in scope["headers"] if name.lower() == b"authorization"]
    match = _CREDENTIALS.fullmatch(fields[0].strip()) if len(fields) == 1 else None
    return match.group(1) if match else None
