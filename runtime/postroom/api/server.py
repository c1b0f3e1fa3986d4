"""Runs the HTTP door in the running loop: binds, serves, stops; it takes no signal and cuts no answer short."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
import uvicorn
from litestar import Litestar

from postroom.api.connection import BoundedConnection
from postroom.api.limits import HEADER_LIMIT
from postroom.errors import ConfigurationError

log = structlog.get_logger(__name__)

MOST_CONNECTIONS = 2_000
BACKLOG = 256
KEEP_ALIVE = 15
"""Seconds a connection may be idle between requests."""
STOP_WITHIN = 10.0
"""Seconds that requests in hand have to finish."""


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: signals are the supervisor's."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave every signal alone."""
        yield


class HttpServer:
    """Serves one application on one address."""

    def __init__(
        self,
        app: Litestar,
        host: str,
        port: int,
        *,
        before_stop: Callable[[], None],
        stop_within: float = STOP_WITHIN,
    ) -> None:
        self._host = host
        self._asked_port = port
        self._before_stop = before_stop
        self._config = _config(app, stop_within)
        self._server = _Server(self._config)
        self._socket: socket.socket | None = None

    def bind(self) -> None:
        """Take the address; callers may connect from now on. Raises ConfigurationError where it cannot be had."""
        try:
            family = socket.getaddrinfo(self._host, self._asked_port, type=socket.SOCK_STREAM)[0][0]
            self._socket = socket.create_server((self._host, self._asked_port), family=family, backlog=BACKLOG)
        except OSError as error:
            where = f"{self._host}:{self._asked_port}"
            raise ConfigurationError(f"http.listen: cannot listen on {where}: {error.strerror or error}") from error
        # Connections inherit it: an answer's body does not wait until the caller has acknowledged its header.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)

    @property
    def port(self) -> int:
        """The port in force, also where 0 was asked for. Raises ConfigurationError before `bind`."""
        if self._socket is None:
            raise ConfigurationError("the HTTP server is not bound yet")
        port: int = self._socket.getsockname()[1]
        return port

    @property
    def is_serving(self) -> bool:
        """Whether requests are answered."""
        return self._server.started and not self._server.should_exit

    async def run(self) -> None:
        """Serve until `stop`, then give requests in hand `stop_within` seconds to finish."""
        if self._socket is None:
            self.bind()
        listening = self._socket
        if self._server.started:
            self._server = _Server(self._config)
        try:
            log.info("http_listening", host=self._host, port=self.port)
            await self._server.serve(sockets=[listening] if listening is not None else None)
        finally:
            if listening is not None:
                listening.close()
            self._socket = None

    def stop(self) -> None:
        """End event streams, refuse new connections, and have `run` return once requests in hand are answered."""
        self._before_stop()
        self._server.should_exit = True


def _config(app: Litestar, stop_within: float) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="none",
        http=BoundedConnection,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        h11_max_incomplete_event_size=HEADER_LIMIT,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=max(1, round(stop_within)),
    )
