"""A private Mosquitto for tests: its own folder and loopback port; it can be killed, restarted, and made to forget."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.support.ports import free_port
from tests.support.servers import need

_READY_SECONDS = 20.0
OPEN = "allow_anonymous true\n"


class Mosquitto:
    """A running broker; `rules` are the lines of its configuration that say who may do what."""

    host = "127.0.0.1"

    def __init__(self, folder: Path, rules: str, listener: str = "") -> None:
        self.folder = folder
        self.port = free_port()
        self._program = need("mosquitto")
        self._process: subprocess.Popen[bytes] | None = None
        lines = (
            f"listener {self.port} 127.0.0.1",
            listener,
            "persistence true",
            f"persistence_location {folder}/",
            "autosave_on_changes true",
            "autosave_interval 1",
            "max_queued_messages 10000",
            "max_inflight_messages 200",
            "user root",
            rules,
        )
        (folder / "mosquitto.conf").write_text("\n".join(lines))

    def start(self) -> None:
        """Start the broker, and wait until it takes connections."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "-c", str(self.folder / "mosquitto.conf")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until = time.monotonic() + _READY_SECONDS
        while not self._is_there():
            if time.monotonic() > until or self._process.poll() is not None:
                self.kill()
                raise RuntimeError(f"Mosquitto did not start: {(self.folder / 'log').read_text()}")
            time.sleep(0.02)

    def kill(self) -> None:
        """SIGKILL the broker: connections just end."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def forget(self) -> None:
        """Lose all the broker kept: sessions, queued and retained messages; it must not be running."""
        (self.folder / "mosquitto.db").unlink(missing_ok=True)

    def _is_there(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((self.host, self.port), timeout=2):
            return True
        return False


@contextlib.contextmanager
def running_mosquitto(rules: str = OPEN, listener: str = "") -> Iterator[Mosquitto]:
    """A broker that runs inside the block, in a folder of its own; skips where Mosquitto is not installed."""
    need("mosquitto")
    folder = Path(tempfile.mkdtemp(prefix="mosquitto-", dir="/tmp"))
    folder.chmod(0o755)
    broker = Mosquitto(folder, rules, listener)
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()
        shutil.rmtree(folder, ignore_errors=True)
