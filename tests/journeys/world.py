"""A journey's world: a real Dovecot, a real smtp-sink, a configuration, and the oracle that knows what was put in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests.journeys.config import Written, write_configuration
from tests.journeys.oracle import Oracle
from tests.journeys.process import Process, running, wait_for
from tests.support.dovecot import Dovecot, running_dovecot
from tests.support.ports import free_port
from tests.support.smtp_sink import SmtpSink, start_smtp_sink

BOX = 0


class World:
    """Everything around one runtime."""

    def __init__(self, folder: Path, box: Dovecot, sink: SmtpSink, written: Written) -> None:
        self.config = folder / "config"
        self.box, self.sink = box, sink
        self.http, self.ops = free_port(), free_port()
        self.write(written)
        self.oracle = Oracle(self.config / "var" / "postroom.db")

    def write(self, written: Written) -> None:
        """Write the configuration, or change it."""
        write_configuration(self.config, written, pop3=self.box.pop3, smtp=self.sink.port, http=self.http, ops=self.ops)

    def deliver(self, count: int, body: str = "Please help.") -> None:
        """Lay that many customers' mails into the box."""
        for _ in range(count):
            self.box.deliver(BOX, self.oracle.mail(f"tok{len(self.oracle.tokens):04d}", body))

    def process(self, failpoint: str = "") -> AbstractContextManager[Process]:
        """The process, ready, or already dead of its failpoint."""
        return running(self.config, self.ops, failpoint)

    def wait_until_collected(self) -> None:
        """Wait until every injected mail has an outcome and the server forgot it."""
        wait_for(lambda: self.oracle.settled() >= len(self.oracle.tokens), "every mail to have its outcome")
        wait_for(lambda: not self.box.mails(BOX), "the server to have deleted every mail")


@contextmanager
def world(
    folder: Path, *, offer_for: str = "60s", sink_options: tuple[str, ...] = (), extra: str = ""
) -> Iterator[World]:
    """A world that ends with the block, `extra` said of its receiving gateway; skips where a server is missing."""
    with running_dovecot() as box:
        sink = start_smtp_sink(*sink_options)
        try:
            yield World(folder, box, sink, Written(offer_for=offer_for, inbox=extra))
        finally:
            sink.stop()
