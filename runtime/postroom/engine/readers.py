"""Reads raw mails into Messages off the event loop: many together on a thread, a difficult one in a child process.

The thread is fast and shares our fate; the prescan inside parse keeps known bombs away from it. The child is slow and
limited in time and memory; what it does to itself is only told.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

import msgspec
import structlog

from postroom.errors import PermanentError, PostroomError
from postroom.mail.message import Attachment, Message
from postroom.mail.parse import attachment_bytes, parse
from postroom.ports.records import RawRef
from postroom.ports.store import Blobs, Store
from postroom.ports.world import Offload

log = structlog.get_logger(__name__)

TOGETHER_WITHIN = 30.0
ALONE_WITHIN = 15.0
LARGEST_ANSWER = 256 * 1024 * 1024

_decoder = msgspec.msgpack.Decoder(Message)


class Unreadable(PostroomError):
    """The mail could not be read even alone; the reason is said."""


class Readers:
    """Every way a raw mail is read."""

    def __init__(self, blobs: Blobs, offload: Offload) -> None:
        self._blobs = blobs
        self._offload = offload

    async def read_together(self, raws: Sequence[RawRef]) -> list[Message | None]:
        """Read these on one thread; None for each where that did not work, and for all where it took too long."""
        if not raws:
            return []
        try:
            async with asyncio.timeout(TOGETHER_WITHIN):
                return await self._offload.run("parse", self._read_all, list(raws))
        except TimeoutError:
            log.warning("reading_took_too_long", mails=len(raws), seconds=TOGETHER_WITHIN)
            return [None] * len(raws)

    def _read_all(self, raws: list[RawRef]) -> list[Message | None]:
        return [self._read_one(raw) for raw in raws]

    def _read_one(self, raw: RawRef) -> Message | None:
        try:
            return parse(self._blobs.read(raw))
        except Exception:
            log.exception("reader_failed", sha256=raw.sha256)
            return None

    async def read_alone(self, raw: RawRef) -> Message:
        """Read one mail in a child process with limits of its own. Raises Unreadable with what happened to it."""
        content = await self._offload.run("blobs", self._blobs.read, raw)
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "postroom.engine.child_reader",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=1024 * 1024,
        )
        try:
            async with asyncio.timeout(ALONE_WITHIN):
                answer, _ = await child.communicate(content)
        except TimeoutError:
            raise Unreadable(f"reading it took more than {ALONE_WITHIN:.0f} s") from None
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        return _answer(child.returncode, answer)


def _answer(code: int | None, answer: bytes) -> Message:
    if code is not None and code < 0:
        raise Unreadable(f"reading it ended the reader by signal {-code}")
    if code != 0 or len(answer) > LARGEST_ANSWER:
        raise Unreadable("reading it needed more than its reader is allowed")
    return _decoder.decode(answer)


class StoredMailReader:
    """The one implementation of ports.desk.MailReader: what agents look at is read from the bytes each time."""

    def __init__(self, store: Store, blobs: Blobs, readers: Readers, offload: Offload) -> None:
        self._store = store
        self._blobs = blobs
        self._readers = readers
        self._offload = offload

    async def message(self, sha256: str) -> Message:
        """The mail as read. Raises PermanentError where the bytes are gone or cannot be read."""
        ref = await self._ref(sha256)
        (message,) = await self._readers.read_together([ref])
        return message if message is not None else await self._readers.read_alone(ref)

    async def raw(self, sha256: str) -> bytes:
        """The bytes as they came."""
        return await self._offload.run("blobs", self._blobs.read, await self._ref(sha256))

    async def attachment(self, sha256: str, index: int) -> tuple[Attachment, bytes] | None:
        """One attachment with its decoded bytes, or None where the mail has no such."""
        message = await self.message(sha256)
        found = next((one for one in message.attachments if one.index == index), None)
        if found is None:
            return None
        raw = await self.raw(sha256)
        content = await self._offload.run("parse", attachment_bytes, raw, index)
        return found, content or b""

    async def _ref(self, sha256: str) -> RawRef:
        ref = await self._store.read(lambda tx: tx.mails.raw(sha256))
        if ref is None:
            raise PermanentError("the bytes of this mail are not in the store")
        return ref
