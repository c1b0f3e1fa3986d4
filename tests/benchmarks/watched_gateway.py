"""Looks over the shoulder of the receiving gateways: when the first session opens, what is deleted, when it is over.

It changes nothing of what the gateway does; the first session alone waits until the whole process has started.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, cast
from unittest.mock import patch

from postroom.gateways.imap.client import ImapGateway
from postroom.gateways.imap.mailbox import ImapMailbox
from postroom.gateways.pop3.client import Pop3Gateway
from postroom.gateways.pop3.mailbox import Pop3Mailbox
from postroom.ports.gateways import Listed, Mailbox
from tests.benchmarks.measure import Measure, Stopwatch


class Shoulder:
    """Measures from the start of the first session until so many mails are gone and so many sessions ended well."""

    def __init__(self, started: asyncio.Event, *, mails: int = 0, sessions: int = 0) -> None:
        self.sessions = 0
        """Sessions whose QUIT was confirmed."""
        self.measure: Measure | None = None
        self.done = asyncio.Event()
        self._started = started
        self._wanted = (mails, sessions)
        self._watch: Stopwatch | None = None
        self._marked: dict[Mailbox, Sequence[Listed]] = {}
        self._mails = self._octets = 0

    async def opening(self) -> None:
        """A session is about to be opened."""
        await self._started.wait()
        self._watch = self._watch or Stopwatch()

    def marked(self, mailbox: Mailbox, listed: Sequence[Listed]) -> None:
        """These were marked for deletion."""
        self._marked[mailbox] = listed

    def closed(self, mailbox: Mailbox, *, confirmed: bool) -> None:
        """A session ended; what it had marked is gone if that was confirmed."""
        listed = self._marked.pop(mailbox, ())
        if not confirmed:
            return
        self.sessions += 1
        self._mails += len(listed)
        self._octets += sum(one.size for one in listed)
        mails, sessions = self._wanted
        if self._watch is not None and not self.measure and self._mails >= mails and self.sessions >= sessions:
            self.measure = self._watch.stop(self._mails, self._octets)
            self.done.set()


@contextmanager
def watching(shoulder: Shoulder) -> Iterator[None]:
    """Tell `shoulder` of every POP3 and IMAP session of this process."""
    with ExitStack() as patches:
        for gateway, mailbox in ((Pop3Gateway, Pop3Mailbox), (ImapGateway, ImapMailbox)):
            _watch(patches, shoulder, gateway, mailbox)
        yield


def _watch(patches: ExitStack, shoulder: Shoulder, gateway_: type[Any], mailbox_: type[Any]) -> None:
    really_open, really_delete, really_close = gateway_.open, mailbox_.delete, mailbox_.close

    async def open_(gateway: object) -> Mailbox:
        await shoulder.opening()
        return cast("Mailbox", await really_open(gateway))

    async def delete(mailbox: Mailbox, listed: Sequence[Listed]) -> None:
        await really_delete(mailbox, listed)
        shoulder.marked(mailbox, listed)

    async def close(mailbox: Mailbox) -> bool:
        confirmed = bool(await really_close(mailbox))
        shoulder.closed(mailbox, confirmed=confirmed)
        return confirmed

    patches.enter_context(patch.object(gateway_, "open", open_))
    patches.enter_context(patch.object(mailbox_, "delete", delete))
    patches.enter_context(patch.object(mailbox_, "close", close))
