"""Runs the operator's door on a unix socket that only the daemon's own user can open, and removes it at the end.

The folder belongs to this process (the store holds its lock), so a socket found there is a dead process's.
"""

from __future__ import annotations

import socket
import stat
from pathlib import Path

import structlog
from litestar import Litestar

from postroom.api.operator.address import SOCKET, socket_address
from postroom.api.server import BACKLOG, HttpServer
from postroom.errors import ConfigurationError

log = structlog.get_logger(__name__)

MODE = 0o600


class OperatorServer(HttpServer):
    """The same server on a file instead of a port."""

    def __init__(self, app: Litestar, folder: Path) -> None:
        super().__init__(app, str(folder / SOCKET), 0, before_stop=_nothing)
        self._folder = folder

    def bind(self) -> None:
        """Take the file; callers may connect from now on. Raises ConfigurationError where it cannot be had."""
        path = self._folder / SOCKET
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            _remove(path)
            with socket_address(self._folder) as address:
                listening.bind(address)
            # Before it listens nobody can connect, whatever mode the file was made with.
            path.chmod(MODE)
            listening.listen(BACKLOG)
        except OSError as error:
            listening.close()
            raise ConfigurationError(f"store.folder: cannot listen on {path}: {error.strerror or error}") from error
        listening.setblocking(False)
        self._socket = listening

    @property
    def port(self) -> int:
        """A file has no port."""
        return 0

    async def run(self) -> None:
        """Serve until `stop`; the file is gone after it."""
        try:
            await super().run()
        finally:
            self.unbind()

    def unbind(self) -> None:
        """Close the socket and remove its file; harmless after `run`."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        try:
            _remove(self._folder / SOCKET)
        except OSError as error:
            log.warning("socket_left_behind", path=str(self._folder / SOCKET), why=str(error))


def _remove(path: Path) -> None:
    """Remove a socket's file, where there is one. Raises OSError where something else has its name."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise FileExistsError(0, "something that is no socket has this name: move it away")
    path.unlink()


def _nothing() -> None:
    """Nothing is told before the stop: no answer here is a stream."""
