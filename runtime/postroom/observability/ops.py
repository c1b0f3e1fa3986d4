"""Serves /metrics, /healthz and /readyz on a listener of its own (`ops.listen`).

It answers GET and HEAD from what Metrics and Health say; signals stay with the process, and nothing else is served.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Generator, MutableMapping
from typing import Any

import uvicorn

from postroom.errors import ConfigurationError
from postroom.observability.health import Answer, Health
from postroom.observability.metrics import CONTENT_TYPE, Metrics

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MAX_PORT = 65_535
MAX_CONNECTIONS = 64
DRAIN_SECONDS = 2


class OpsApp:
    """The three pages as an ASGI application."""

    def __init__(self, metrics: Metrics, health: Health) -> None:
        self._metrics = metrics
        self._health = health

    async def __call__(self, scope: Message, _receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        if scope["method"] not in {"GET", "HEAD"}:
            status, kind, body = 405, "application/json", b'{"status":"only GET and HEAD are served here"}'
        else:
            status, kind, body = await self._page(scope["path"])
        headers = [(b"content-type", kind.encode()), (b"cache-control", b"no-store")]
        headers.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _page(self, path: str) -> tuple[int, str, bytes]:
        if path == "/metrics":
            return 200, CONTENT_TYPE, self._metrics.render()
        if path == "/healthz":
            return _as_page(await self._health.is_alive())
        if path == "/readyz":
            return _as_page(await self._health.is_ready())
        return 404, "application/json", b'{"status":"there is /metrics, /healthz and /readyz"}'


class OpsServer:
    """The listener: `bind` takes the port, `serve` runs until `stop`."""

    def __init__(self, listen: str, metrics: Metrics, health: Health) -> None:
        self._listen = listen
        self._server = _Server(
            uvicorn.Config(
                OpsApp(metrics, health),
                log_config=None,
                access_log=False,
                lifespan="off",
                ws="none",
                server_header=False,
                limit_concurrency=MAX_CONNECTIONS,
                timeout_graceful_shutdown=DRAIN_SECONDS,
            )
        )
        self._socket: socket.socket | None = None

    def bind(self) -> tuple[str, int]:
        """Take the address and give it with its real port. Raises ConfigurationError."""
        host, port = parse_listen(self._listen)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self._socket = socket.create_server((host, port), family=family)
        except OSError as error:
            words = f"ops.listen: cannot listen on {self._listen}: {error.strerror or error}"
            raise ConfigurationError(words) from error
        return host, int(self._socket.getsockname()[1])

    async def serve(self) -> None:
        """Answer until `stop`, or until cancelled."""
        if self._socket is None:
            self.bind()
        taken = self._socket
        assert taken is not None  # noqa: S101 bind has set it or raised
        try:
            await self._server.serve(sockets=[taken])
        except asyncio.CancelledError:
            self._server.force_exit = True
            await self._server.shutdown(sockets=[taken])
            raise
        finally:
            taken.close()

    def stop(self) -> None:
        """Let `serve` end after the requests under way."""
        self._server.should_exit = True


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave the process's signals alone: its supervisor has them."""
        yield


def parse_listen(listen: str, key: str = "ops.listen") -> tuple[str, int]:
    """Read host:port, an IPv6 address in brackets. Raises ConfigurationError naming the key."""
    host, _, port = listen.rpartition(":")
    host = "127.0.0.1" if host == "localhost" else host.removeprefix("[").removesuffix("]")
    number = int(port) if port.isascii() and port.isdecimal() and len(port) < 6 else -1  # noqa: PLR2004 a port
    if not _is_address(host) or not 0 <= number <= MAX_PORT:
        words = f"{key}: {listen!r} is not an address and a port, such as 127.0.0.1:9464 or [::1]:9464"
        raise ConfigurationError(words)
    return host, number


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _as_page(answer: Answer) -> tuple[int, str, bytes]:
    return 200 if answer.is_good else 503, "application/json", answer.as_json()
