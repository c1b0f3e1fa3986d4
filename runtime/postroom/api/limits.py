"""How much and how slowly a caller may send: body sizes, nesting of JSON, time to read a body."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

from litestar import Request
from litestar.enums import ScopeType
from litestar.exceptions import ClientException
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, HTTPReceiveMessage, Receive, Scope, Send, WebSocketReceiveMessage

from postroom.api.problems import problem

HEADER_LIMIT = 16 * 1024
"""Octets of all header fields."""
BODY_LIMIT = 1_000_000
IMPORT_LIMIT = 25 * 1024 * 1024
"""Octets of a file of channels."""
INLINE_LIMIT = 4 * 1024 * 1024
"""Bytes of all files of one mail that come in base64: such a request is in memory as a whole."""
REPLY_BODY_LIMIT = INLINE_LIMIT * 4 // 3 + 2 * BODY_LIMIT
"""RFC 4648 §4: base64 makes four characters of three bytes; the rest is text."""
BODY_WITHIN = 15.0
"""Seconds for a body of BODY_LIMIT; a larger one has as much for each BODY_LIMIT, up to BODY_WITHIN_AT_MOST."""
BODY_WITHIN_AT_MOST = 120.0


class BoundedRequest(Request[Any, Any, Any]):
    """A request whose JSON may not be nested beyond what a reader can bear."""

    async def json(self) -> Any:  # noqa: ANN401 the framework's own signature
        """Read the body as JSON. Raises ClientException for what is no JSON, or too deep."""
        try:
            return await super().json()
        except RecursionError as error:
            raise ClientException(detail="the JSON is nested too deep") from error


class Bounds(ASGIMiddleware):
    """Refuses a header that is too large, and cuts a caller off who takes too long to send what he announced."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Pass the request on with a deadline on its body; waiting for a disconnect has none."""
        # The parser bounds what is incomplete; what came whole in one read is bounded here.
        if sum(len(name) + len(value) for name, value in scope["headers"]) > HEADER_LIMIT:
            raise problem(
                HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The header fields are larger than is taken here."
            )
        within = _within(scope)
        until = asyncio.get_running_loop().time() + within
        is_read = False

        async def receive_in_time() -> HTTPReceiveMessage | WebSocketReceiveMessage:
            nonlocal is_read
            if is_read:
                return await receive()
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError as error:
                raise problem(HTTPStatus.REQUEST_TIMEOUT, f"The body did not arrive within {within:.0f} s.") from error
            is_read = not (message["type"] == "http.request" and message.get("more_body"))
            return message

        await next_app(scope, receive_in_time, send)


def _within(scope: Scope) -> float:
    announced = next((value for name, value in scope["headers"] if name.lower() == b"content-length"), b"0")
    size = int(announced) if announced.isdigit() and len(announced) < 12 else 0  # noqa: PLR2004 digits of any sane length
    return min(max(BODY_WITHIN, BODY_WITHIN * size / BODY_LIMIT), BODY_WITHIN_AT_MOST)
