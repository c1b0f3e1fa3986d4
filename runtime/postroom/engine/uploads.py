"""Takes in the files that agents bring before they send them, and sweeps out what nobody names any more.

A file is durable before its row is; what a killed process left without a row goes with the next sweep.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta

from postroom.engine.space_watch import SpaceWatch
from postroom.errors import TemporaryError
from postroom.ports.desk import Refused
from postroom.ports.store import Store, Tx
from postroom.ports.uploads import LARGEST_UPLOAD, Pieces, TooManyUploads, Upload, Uploader, UploadFiles, UploadTooLarge
from postroom.ports.world import Clock, Failpoint, Ids, Offload

LANE = "uploads"
MOST_FILES = 200
MOST_OCTETS = 10 * LARGEST_UPLOAD
"""What one person may have here at a time."""
KEPT_FOR = timedelta(hours=24)
"""From its coming, unless a draft names it."""
AT_ONCE = 500


class Uploading:
    """ports.upload_desk.UploadDesk."""

    def __init__(  # noqa: PLR0913, PLR0917 everything it touches, and nothing else
        self,
        store: Store,
        files: UploadFiles,
        space: SpaceWatch,
        offload: Offload,
        clock: Clock,
        ids: Ids,
        failpoint: Failpoint,
    ) -> None:
        self._store = store
        self._files = files
        self._space = space
        self._offload = offload
        self._clock = clock
        self._ids = ids
        self._failpoint = failpoint
        self._arriving: set[str] = set()
        """Ids of files whose rows are not committed yet."""

    async def check_room(self, by: Uploader) -> None:
        """Raise TooManyUploads where that uploader may bring no more now, TemporaryError where the disk has no room."""
        why_not = await self._space.why_not(LARGEST_UPLOAD)
        if why_not:
            raise TemporaryError(why_not)
        await self._store.read(lambda tx: _check_room(tx, by, 1))

    async def take(
        self, by: Uploader, content_type: str, chunks: AsyncIterator[bytes], also: Callable[[Tx, Upload], None]
    ) -> Upload:
        """Keep what comes, and commit `also` with it. Raises UploadTooLarge, TooManyUploads and TemporaryError."""
        name = self._ids.new()
        self._arriving.add(name)
        try:
            upload = await self._written(name, by, content_type, chunks)
            self._failpoint("upload_commit_pre")

            def unit(tx: Tx) -> None:
                _check_room(tx, by, upload.raw.size)
                tx.uploads.add(upload)
                also(tx, upload)

            await self._store.write(unit)
        finally:
            self._arriving.discard(name)
        self._failpoint("upload_commit_post")
        return upload

    async def _written(self, name: str, by: Uploader, content_type: str, chunks: AsyncIterator[bytes]) -> Upload:
        spool, size = await self._offload.run(LANE, self._files.begin, name), 0
        try:
            async for chunk in chunks:
                size += len(chunk)
                if size > LARGEST_UPLOAD:
                    raise UploadTooLarge(f"A file may have {LARGEST_UPLOAD} octets.")
                await self._offload.run(LANE, spool.write, chunk)
            raw = await self._offload.run(LANE, self._files.keep, spool, name)
        except BaseException:
            spool.discard()
            raise
        now = self._clock.now()
        return Upload(id=name, by=by, raw=raw, content_type=content_type, created_at=now, expires_at=now + KEPT_FOR)

    async def put(self, by: Uploader, content_type: str, content: bytes) -> Upload:
        """Keep bytes that are here already, once however often the same are brought. Raises as take()."""
        sha256, until = hashlib.sha256(content).hexdigest(), self._clock.now() + KEPT_FOR

        def again(tx: Tx) -> Upload | None:
            found = tx.uploads.like(by, sha256)
            if found is not None:
                tx.uploads.expire_at(found.id, until)
            return found

        return await self._store.write(again) or await self.take(by, content_type, _whole(content), _nothing)

    def pieces(self, upload: Upload) -> Pieces:
        """How its bytes are read."""

        def read() -> Iterator[bytes]:
            try:
                yield from self._files.pieces(upload.id, upload.raw)
            except FileNotFoundError as error:
                raise Refused((f"the file {upload.id} is not kept any more: bring it again",)) from error

        return read

    async def sweep(self) -> int:
        """Forget what is too old and remove every file without a row; gives how many there were."""
        now, forgotten = self._clock.now(), 0
        while piece := await self._store.write(lambda tx: tx.uploads.drop_expired(now, AT_ONCE)):
            forgotten += len(piece)
        # In this order: what arrives is listed, or not yet there; and once it has arrived, it has a row.
        names = await self._offload.run(LANE, self._files.names)
        settled = [name for name in names if name not in self._arriving]
        known = await self._store.read(lambda tx: tx.uploads.known(settled))
        for name in settled:
            if name not in known:
                await self._offload.run(LANE, self._files.drop, name)
        return forgotten


def _check_room(tx: Tx, by: Uploader, more: int) -> None:
    count, octets = tx.uploads.held(by)
    if count >= MOST_FILES or octets + more > MOST_OCTETS:
        raise TooManyUploads(
            f"You have {count} files of {octets} octets here that are not sent; {MOST_FILES} of {MOST_OCTETS} may wait."
        )


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    yield content


def _nothing(_tx: Tx, _upload: Upload) -> None:
    """Commit nothing beside it."""
