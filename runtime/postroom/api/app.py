"""The HTTP door put together: every resource under /api/v1/{tenant}, behind sign-in, with one way to answer errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from litestar import Litestar, Request, Router
from litestar.datastructures import ResponseHeader
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from postroom.api import (
    agents,
    audit,
    certificates,
    conversations,
    drafts,
    events,
    exports,
    first_mails,
    forwards,
    gateways,
    handover,
    mails,
    me,
    notes,
    offline_messages,
    open_sessions,
    proposals,
    queues,
    rearranging,
    replies,
    search,
    sessions,
    settings_history,
    settings_import,
    settings_reads,
    settings_writes,
    sign_in,
    statistics,
    tokens,
    uploads,
    users,
    waiting_mails,
    withdrawals,
    work,
)
from postroom.api.asyncapi import asyncapi
from postroom.api.auth import Caller, SignIn
from postroom.api.credentials import Credentials
from postroom.api.description import description
from postroom.api.draft_tags import unless_of
from postroom.api.feed import JournalFeed
from postroom.api.headers import SAFE_HEADERS
from postroom.api.idempotency import repeatable_of
from postroom.api.limits import BODY_LIMIT, BoundedRequest, Bounds
from postroom.api.parts import ApiParts
from postroom.api.policy import PREFIX, check_role
from postroom.api.problems import answer_error
from postroom.api.rates import Rates
from postroom.api.settings_taking import terms_of

RESOURCES: tuple[HTTPRouteHandler, ...] = (
    *me.ROUTES,
    *work.ROUTES,
    *queues.ROUTES,
    *sessions.ROUTES,
    *handover.ROUTES,
    *drafts.ROUTES,
    *replies.ROUTES,
    *withdrawals.ROUTES,
    *forwards.ROUTES,
    *uploads.ROUTES,
    *notes.ROUTES,
    *proposals.ROUTES,
    *first_mails.ROUTES,
    *search.ROUTES,
    *conversations.ROUTES,
    *rearranging.ROUTES,
    *open_sessions.ROUTES,
    *offline_messages.ROUTES,
    *agents.ROUTES,
    *mails.ROUTES,
    *events.ROUTES,
    *exports.ROUTES,
    *settings_history.ROUTES,
    *settings_import.ROUTES,
    *settings_reads.ROUTES,
    *settings_writes.ROUTES,
    *sign_in.ROUTES,
    *users.ROUTES,
    *tokens.ROUTES,
    *audit.ROUTES,
    *gateways.ROUTES,
    *certificates.ROUTES,
    *waiting_mails.ROUTES,
    *statistics.ROUTES,
)


def create_app(parts: ApiParts) -> Litestar:
    """Build the application; while it lives it runs the feed of its event streams."""
    directory = Credentials(parts.current, parts.store, parts.clock)
    rates = Rates(lambda: parts.current().process.http.rate_limits, parts.clock)
    return Litestar(
        route_handlers=[_tenant_router(parts, directory, rates), _sign_in_router(), asyncapi],
        dependencies={
            "parts": Provide(lambda: parts, sync_to_thread=False),
            "rates": Provide(lambda: rates, sync_to_thread=False),
            "directory": Provide(lambda: directory, sync_to_thread=False),
            "caller": Provide(_caller, sync_to_thread=False),
            "repeatable": Provide(repeatable_of),
            "terms": Provide(terms_of, sync_to_thread=False),
            "unless": Provide(unless_of, sync_to_thread=False),
        },
        exception_handlers={HTTPException: answer_error, Exception: answer_error},
        request_class=BoundedRequest,
        request_max_body_size=BODY_LIMIT,
        lifespan=[_feeding(parts.feed)],
        openapi_config=description((*RESOURCES, *sign_in.OPEN_ROUTES)),
        logging_config=None,
        debug=False,
    )


def _tenant_router(parts: ApiParts, directory: Credentials, rates: Rates) -> Router:
    return Router(
        path=PREFIX,
        route_handlers=list(RESOURCES),
        middleware=[SignIn(parts, directory, rates), Bounds()],
        guards=[check_role],
        response_headers=[ResponseHeader(name=name, value=value) for name, value in SAFE_HEADERS.items()],
        security=[{"token": []}, {"cookie": []}],
    )


def _sign_in_router() -> Router:
    """What is asked before anybody is signed in; it keeps its own rates."""
    return Router(
        path=PREFIX,
        route_handlers=list(sign_in.OPEN_ROUTES),
        middleware=[Bounds()],
        response_headers=[ResponseHeader(name=name, value=value) for name, value in SAFE_HEADERS.items()],
    )


def _caller(request: Request[Any, Any, Any]) -> Caller:
    caller = request.user
    if not isinstance(caller, Caller):
        raise TypeError("a route asked for the caller without sign-in before it")
    return caller


def _feeding(feed: JournalFeed) -> Callable[[Litestar], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def feeding(_app: Litestar) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(feed.run())
            try:
                yield
            finally:
                running.cancel()

    return feeding
