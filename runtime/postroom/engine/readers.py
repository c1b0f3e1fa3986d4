"""Reads raw mails into Messages off the event loop: many together on a thread, a difficult one in a child process.

The thread is fast and shares our fate; a first look keeps away from it what would be dear. A thread that stands still
is left behind with the mail it stands on. The child is slow and limited in time and memory; what it does to itself is
only told.
"""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import IO, Self

import msgspec
import structlog

from postroom.engine.opened_mail import open_attachment
from postroom.errors import PermanentError, TemporaryError
from postroom.mail.limits import LIMITS
from postroom.mail.message import Attachment, Message
from postroom.mail.parse import parse
from postroom.mail.prescan import Reading, prescan
from postroom.ports.desk import Content
from postroom.ports.records import RawRef
from postroom.ports.store import Blobs, Store
from postroom.ports.world import Offload

log = structlog.get_logger(__name__)

CHILD = (sys.executable, "-m", "postroom.engine.child_reader")
STANDS_STILL_AFTER = 15.0
"""Seconds without a further mail read after which a reading thread is given up."""
ALONE_WITHIN = 15.0
LARGEST_ANSWER = 256 * 1024 * 1024
MOST_LOST_THREADS = 4
"""Threads given up before every mail is read in the child: each of them holds memory until the process ends."""

Load = Callable[[RawRef], bytes]

_decoder = msgspec.msgpack.Decoder(Message)


class Unreadable(PermanentError):
    """The mail could not be read even alone; the reason is said."""


class Readers:
    """Every way a raw mail is read; `child` is the command that reads one mail from its standard input."""

    def __init__(self, blobs: Blobs, offload: Offload, child: Sequence[str] = CHILD) -> None:
        self._blobs = blobs
        self._offload = offload
        self._child = tuple(child)
        self._lane = "parse"
        self._lost_threads = 0

    async def read_together(self, raws: Sequence[RawRef], *, fresh: bool = False) -> list[Message | None]:
        """Read these in their order on one thread; None for each that has to be read alone.

        `fresh` are those whose hashes this process took just now, as it wrote them: they are not taken once more.
        """
        load = self._blobs.read_fresh if fresh else self._blobs.read
        messages: list[Message | None] = []
        while len(messages) < len(raws):
            messages += await self._read_some(raws[len(messages) :], load)
        return messages

    async def _read_some(self, raws: Sequence[RawRef], load: Load) -> list[Message | None]:
        """Read them until one stands still; gives what was read so far, and None for that one."""
        if self._lost_threads >= MOST_LOST_THREADS:
            return [None] * len(raws)
        lane, row = self._lane, _Row(load, raws)
        if await self._reads_on(lane, row):
            return row.messages
        got = row.give_up()
        if not row.has_begun:
            # Threads of this lane stand still with other mails; who waits for those moves on to a new lane.
            return []
        if lane == self._lane:
            self._lost_threads += 1
            self._lane = f"parse {self._lost_threads}"
        log.error("reader_stands_still", sha256=raws[min(len(got), len(raws) - 1)].sha256, threads=self._lost_threads)
        return [*got, None][: len(raws)]

    async def _reads_on(self, lane: str, row: _Row) -> bool:
        """Whether the whole row was read; False as soon as nothing more was read of it for too long."""
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(self._offload.run(lane, row.read))
            seen = row.progress
            while not reading.done():
                await asyncio.wait({reading}, timeout=STANDS_STILL_AFTER)
                # One that has not begun waits behind others of its lane, as long as those get on.
                if row.progress == seen and (row.has_begun or lane != self._lane):
                    return reading.done() or not reading.cancel()
                seen = row.progress
        return True

    async def read_alone(self, raw: RawRef) -> Message:
        """Read one mail in a child process with limits of its own.

        Raises Unreadable with what happened to it, TemporaryError where no child can be had.
        """
        # The child reads the file itself: a large mail is never in our memory.
        with _Lent(self._blobs) as lent:
            child = await self._start_child(await self._offload.run("blobs", lent.open, raw))
        try:
            async with asyncio.timeout(ALONE_WITHIN):
                answer, _ = await child.communicate()
        except TimeoutError:
            raise Unreadable(f"reading it took more than {ALONE_WITHIN:.0f} s") from None
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        return _answer(child.returncode, answer)

    async def _start_child(self, content: IO[bytes]) -> asyncio.subprocess.Process:
        try:
            return await asyncio.create_subprocess_exec(
                *self._child,
                stdin=content,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                limit=1024 * 1024,
                # A signal to our group (Ctrl-C) is ours to answer, and no fault of the mail.
                start_new_session=True,
            )
        except OSError as error:
            raise TemporaryError(f"the process that reads difficult mails cannot be started: {error}") from error


class _Lent:
    """A file that a thread opens and we close, also where we are stopped while the thread is still opening it."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._file: IO[bytes] | None = None
        self._is_over = False

    def open(self, raw: RawRef) -> IO[bytes]:
        """Open the mail's bytes. On a thread."""
        self._file = file = self._blobs.open_whole(raw)
        if self._is_over:
            file.close()
        return file

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # Whichever side comes second sees what the first has set, so that one of them closes it.
        self._is_over = True
        if self._file is not None:
            self._file.close()


class _Row:
    """Mails to read one after the other on a thread; how far it is can be seen from outside."""

    def __init__(self, load: Load, raws: Sequence[RawRef]) -> None:
        self._load = load
        self._raws = raws
        self.messages: list[Message | None] = []
        self.has_begun = False
        self._is_given_up = False

    def read(self) -> None:
        """Read until the end, or until it was given up. On a thread."""
        self.has_begun = True
        for raw in self._raws:
            message = self._read_one(raw)
            if self._is_given_up:
                return
            self.messages.append(message)

    @property
    def progress(self) -> tuple[bool, int]:
        """How far it is."""
        return self.has_begun, len(self.messages)

    def give_up(self) -> list[Message | None]:
        """Want no more of it; gives what there is."""
        self._is_given_up = True
        return list(self.messages)

    def _read_one(self, raw: RawRef) -> Message | None:
        if raw.size > LIMITS.child_octets:
            return None
        try:
            content = self._load(raw)
            return None if prescan(content).reading is Reading.CHILD else parse(content)
        except Exception:
            log.exception("reader_failed", sha256=raw.sha256)
            return None


def _answer(code: int | None, answer: bytes) -> Message:
    if code is not None and code < 0:
        raise Unreadable(f"reading it ended the reader by signal {-code}")
    if code != 0 or len(answer) > LARGEST_ANSWER:
        raise Unreadable("reading it needed more than its reader is allowed")
    try:
        return _decoder.decode(answer)
    except msgspec.MsgspecError as error:
        raise Unreadable("its reader's answer makes no sense") from error


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

    async def open_raw(self, sha256: str) -> IO[bytes]:
        """The bytes as they came, as a file that the caller closes."""
        return await self._offload.run("blobs", self._open, await self._ref(sha256))

    async def open_attachment(self, sha256: str, index: int) -> tuple[Attachment, Content] | None:
        """One attachment with its content, which the caller closes; None where the mail has no such."""
        return await self._offload.run("attachments", self._open_attachment, await self._ref(sha256), index)

    def _open(self, ref: RawRef) -> IO[bytes]:
        return self._blobs.open_whole(ref) if ref.small is None else io.BytesIO(self._blobs.read(ref))

    def _open_attachment(self, ref: RawRef, index: int) -> tuple[Attachment, Content] | None:
        with ExitStack() as until_it_is_found:
            file = until_it_is_found.enter_context(self._open(ref))
            found = open_attachment(file, index)
            if found is not None:
                until_it_is_found.pop_all()
        return found

    async def _ref(self, sha256: str) -> RawRef:
        ref = await self._store.read(lambda tx: tx.mails.raw(sha256))
        if ref is None:
            raise PermanentError("the bytes of this mail are not in the store")
        return ref
