"""Access tokens for gateways: asked for once, used until shortly before they expire, asked for anew when refused.

A refresh token that the server replaces is on disk before the access token that came with it is used, so no crash
after that point can lose it. It says nothing to a mail server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol, TypeVar

import structlog

from postroom.errors import PermanentError, PostroomError
from postroom.gateways.oauth2_answer import Granted
from postroom.gateways.oauth2_grant import Grant
from postroom.gateways.oauth2_request import OAuth2Options, post
from postroom.gateways.stream import Deadline, Stream
from postroom.ports.gateways import GatewayError, GatewayStatus
from postroom.ports.world import Clock

log = structlog.get_logger(__name__)

T = TypeVar("T")

UNSAID = 600.0
"""Seconds a token is used whose server does not say how long it lasts."""
LONGEST = 86_400.0
EARLY = 60.0
"""Seconds before its end at which a token is not given out any more; half its life where that is short."""


class TokenRefused(GatewayError):
    """The mail server refused this access token, which may only be too old."""

    def __init__(self, error: GatewayError, token: str) -> None:
        super().__init__(error.status, error.words, retry_after=error.retry_after)
        self.token = token


class Tokens(Protocol):
    """Where a gateway gets its access tokens."""

    async def get(self) -> str:
        """A token that is still good. Raises PermanentError where there will be none, TemporaryError else."""
        ...

    def refused(self, token: str) -> bool:
        """Forget a token that a server refused; whether a fresh one is worth a try."""
        ...


class AccessTokens:
    """The tokens of one grant and scope; whoever asks while one is being fetched gets that one."""

    def __init__(self, options: OAuth2Options, grant: Grant, clock: Clock) -> None:
        self._options = options
        self._grant = grant
        self._clock = clock
        self._token = ""
        self._good_until = 0.0
        self._given = 0
        self._fetching: asyncio.Task[str] | None = None

    async def get(self) -> str:
        """The token in hand, or a fresh one. Raises PermanentError, TemporaryError."""
        if not self._token or self._clock.monotonic() >= self._good_until:
            # A caller that gives up does not stop the fetching: a replaced refresh token has to be kept.
            await asyncio.shield(self._fetch_once())
        self._given += 1
        return self._token

    def refused(self, token: str) -> bool:
        """Forget the token; True where it had been in use before, so that it may only have grown old."""
        if token != self._token:
            return True
        was_used_before = self._given > 1
        self._token = ""
        return was_used_before

    async def expires_at(self) -> datetime | None:
        """When what tokens are got with runs out, as far as that is known."""
        kept = await self._grant.expires_at()
        known = [at for at in (self._options.expires_at, kept) if at is not None]
        return min(known, default=None)

    def _fetch_once(self) -> asyncio.Task[str]:
        if self._fetching is None:
            self._fetching = asyncio.get_running_loop().create_task(self._fetch())
            self._fetching.add_done_callback(self._fetched)
        return self._fetching

    def _fetched(self, task: asyncio.Task[str]) -> None:
        self._fetching = None
        if not task.cancelled() and task.exception() is not None:
            log.warning("token_not_granted", endpoint=self._options.token_endpoint, why=str(task.exception()))

    async def _fetch(self) -> str:
        async with self._grant.lock:
            granted = await post(self._options, await self._grant.form())
            await self._grant.replaced_by(granted, self._clock.now())
        self._token, self._given = granted.access_token, 0
        self._good_until = self._clock.monotonic() + _used_for(granted)
        return self._token


def _used_for(granted: Granted) -> float:
    lasts = min(UNSAID if granted.expires_in is None else max(granted.expires_in, 0.0), LONGEST)
    return max(lasts - EARLY, lasts / 2)


async def with_fresh_token(tokens: Tokens | None, attempt: Callable[[], Awaitable[T]]) -> T:
    """Try, and where the token was refused for its age try once more with a fresh one. Raises GatewayError."""
    try:
        return await attempt()
    except TokenRefused as refused:
        if tokens is None or not tokens.refused(refused.token):
            raise
    return await attempt()


async def wait_for_token(tokens: Tokens | None, stream: Stream, deadline: Deadline) -> str:
    """A token for a sign-in that is under way. Raises GatewayError."""
    assert tokens is not None  # noqa: S101 the options ask for it
    doing = "we waited for an access token of the OAuth 2.0 server"
    try:
        return await stream.wait_for(tokens.get(), deadline, doing)
    except PostroomError as error:
        raise no_token(error, "there is no access token") from error


def no_token(error: Exception, words: str) -> GatewayError:
    """What becomes of a gateway that got no access token: its own fault, or the token server's."""
    is_final = isinstance(error, PermanentError)
    status = GatewayStatus.AUTH_FAILED if is_final else GatewayStatus.CONNECTION_FAILED
    return GatewayError(status, f"{words}: {error}")
