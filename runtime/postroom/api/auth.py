"""Who is calling: a bearer token, or the cookie of a browser in which somebody signed in. Deny by default.

Every route under /api/v1/{tenant} but the sign-in itself stands behind SignIn; what each role may do is policy.py's,
what of it this caller may is access.py's.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from typing import Protocol
from urllib.parse import urlsplit

from litestar.di import NamedDependency
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.params import SkipValidation
from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec import Struct

from postroom.api.parts import ApiParts
from postroom.api.problems import Problem, not_found, problem, unauthorised
from postroom.api.rates import Rates
from postroom.ports.people import DESK, Role, User
from postroom.ports.people import Scope as Reach

# RFC 6750 §2.1: credentials = "Bearer" 1*SP b64token; 512 characters are enough for every token of ours
_CREDENTIALS = re.compile(rb"[Bb]earer +([A-Za-z0-9\-._~+/]{1,512}=*)")

# RFC 6265bis §4.1.3.2: a browser takes a cookie of this prefix only over TLS, for this host alone
COOKIE = "__Host-postroom"
ASKED_BY_PAGE = b"x-postroom"
"""The header field that a page of ours sends with every write: no other site's page can, without asking first."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

SIGNED_IN = "postroom.signed_in"
"""The extension of a request's scope that holds its Caller, where the request came from inside."""


class Caller(Struct, frozen=True, kw_only=True):
    """Who is signed in; `digest` is the hex SHA-256 of the token or cookie he came with."""

    tenant: str
    account: str
    digest: str
    role: Role = Role.AGENT
    reach: Reach = Reach()


class Directory(Protocol):
    """Finds who is meant by a token, a cookie or a name."""

    def by_token(self, token: bytes) -> Awaitable[Caller | None]:
        """Whose bearer token this is."""
        ...

    def by_cookie(self, cookie: bytes) -> Awaitable[Caller | None]:
        """Who is signed in in the browser with that cookie."""
        ...

    def still_knows(self, caller: Caller) -> Awaitable[bool]:
        """Whether what the caller came with is still good, and he is still who he was."""
        ...

    def user(self, user: User) -> Caller | None:
        """Who that user is, where he may come in."""
        ...

    def agent(self, tenant: str, account: str) -> Caller | None:
        """That agent of the settings in force."""
        ...


SignedIn = NamedDependency[SkipValidation[Caller]]
"""How a route asks who is calling."""
Known = NamedDependency[SkipValidation[Directory]]
"""How a route asks for the directory."""


class SignIn(ASGIMiddleware):
    """Lets only somebody of the path's tenant through, no faster than he may, and notes that an agent was seen."""

    scopes = (ScopeType.HTTP, ScopeType.ASGI, ScopeType.WEBSOCKET)

    def __init__(self, parts: ApiParts, directory: Directory, rates: Rates) -> None:
        self._parts = parts
        self._directory = directory
        self._rates = rates

    def __deepcopy__(self, _memo: object) -> SignIn:
        """The framework copies routers with all that hangs on them; there is one directory and one presence."""
        return self

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Sign the caller in. Raises the 401, 403, 404 and 429 problems."""
        caller = _sure_of(scope, self._directory)
        if caller is None:
            self._rates.address(address_of(scope))
            caller = await self._by_token(scope)
            self._rates.caller(caller.digest)
        if scope["path_params"].get("tenant") != caller.tenant:
            raise not_found()
        if caller.role in DESK:
            self._parts.presence.seen(caller.tenant, caller.account)
        scope["user"] = caller
        await next_app(scope, receive, send)

    async def _by_token(self, scope: Scope) -> Caller:
        cookie = cookie_of(scope)
        if cookie is not None and not _fields(scope, b"authorization"):
            return await self._by_cookie(scope, cookie)
        token = _token(scope)
        if token is None:
            raise unauthorised("Sign in, or send the header field `Authorization: Bearer TOKEN`.")
        caller = await self._directory.by_token(token)
        if caller is None:
            raise unauthorised("This token is not known, or not any more.")
        return caller

    async def _by_cookie(self, scope: Scope, cookie: bytes) -> Caller:
        caller = await self._directory.by_cookie(cookie)
        if caller is None:
            raise unauthorised("You are not signed in, or not any more.")
        if scope.get("method") not in SAFE_METHODS:
            check_same_site(scope)
        return caller


def check_same_site(scope: Scope) -> None:
    """Raise the 403 problem where a write with a cookie may come from another site's page."""
    if not _fields(scope, ASKED_BY_PAGE):
        raise _foreign("A write with a cookie needs the header field `X-Postroom`.")
    origins, hosts = _fields(scope, b"origin"), _fields(scope, b"host")
    for origin in origins:
        if len(hosts) != 1 or urlsplit(origin.decode("latin-1")).netloc.lower() != hosts[0].decode("latin-1").lower():
            raise _foreign("This write comes from the page of another site.")


def _foreign(words: str) -> Problem:
    return problem(HTTPStatus.FORBIDDEN, words, "foreign-page")


def address_of(scope: Scope) -> str:
    """The address of who is connected; empty where that is nobody's."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def cookie_of(scope: Scope) -> bytes | None:
    """The browser's cookie, where there is exactly one of ours."""
    try:
        jar = SimpleCookie(b"; ".join(_fields(scope, b"cookie")).decode("latin-1"))
    except CookieError:
        return None
    return jar[COOKIE].value.encode("latin-1", "replace") if COOKIE in jar else None


def _sure_of(scope: Scope, directory: Directory) -> Caller | None:
    """Whom another door has made sure of; what comes through a socket cannot say so."""
    extensions: object = scope.get("extensions")
    caller = extensions.get(SIGNED_IN) if isinstance(extensions, dict) else None
    return directory.agent(caller.tenant, caller.account) or caller if isinstance(caller, Caller) else None


def _token(scope: Scope) -> bytes | None:
    fields = _fields(scope, b"authorization")
    match = _CREDENTIALS.fullmatch(fields[0].strip()) if len(fields) == 1 else None
    return match.group(1) if match else None


def _fields(scope: Scope, wanted: bytes) -> list[bytes]:
    return [value for name, value in scope["headers"] if name.lower() == wanted]
