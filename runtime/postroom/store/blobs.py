"""The bytes of large mails: files named by their SHA-256, durable before any row names them.

folder/spool holds mails being read, folder/blobs/ab/cdef… those that arrived whole. A file under its name is complete.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from postroom.errors import PermanentError, TemporaryError
from postroom.ports.gateways import Spool
from postroom.ports.records import RawRef
from postroom.ports.world import Failpoint
from postroom.store.database import sync_folder
from postroom.store.spool import FileSpool

SPOOL = "spool"
BLOBS = "blobs"
_PIECE = 1024 * 1024
_NAME = re.compile(r"[0-9a-f]{64}")


class FileBlobs:
    """ports.store.Blobs in a folder that this process holds the lock of."""

    def __init__(self, folder: Path, failpoint: Failpoint | None = None) -> None:
        self._spool = folder / SPOOL
        self._blobs = folder / BLOBS
        self._failpoint = failpoint or _pass
        self._numbers = itertools.count(1)

    def prepare(self) -> int:
        """Make the folders, and remove what a dead process left half-read; gives how many files. Blocking.

        Called once at start, by the holder of the folder's lock and nobody else.
        """
        self._spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        left = list(self._spool.iterdir())
        for file in left:
            file.unlink()
        for first in range(256):
            (self._blobs / f"{first:02x}").mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self._blobs, self._blobs.parent):
            sync_folder(folder)
        return len(left)

    def open(self, expected: int) -> Spool:  # noqa: ARG002 servers lie about sizes: what comes decides
        """Start a spool."""
        return FileSpool(self._spool / f"{os.getpid()}-{next(self._numbers)}")

    def finish(self, spool: Spool) -> RawRef:
        """Close a spool and say what it holds; a large one is not yet under its name."""
        ref = _own(spool).finish()
        self._failpoint("spool_written")
        return ref

    def settle(self, spools: Sequence[Spool]) -> None:
        """Make finished spools durable under their names: fsync each, rename, fsync the folders once. Blocking."""
        synced = [(_own(spool), name) for spool in spools if (name := _own(spool).sync())]
        self._failpoint("spool_fsynced")
        targets = [(spool, self._path(name)) for spool, name in synced]
        try:
            for spool, target in targets:
                spool.move(target)
            self._failpoint("spool_renamed")
            for folder in {target.parent for _, target in targets}:
                sync_folder(folder)
        except (OSError, TemporaryError) as error:
            raise _not_durable([spool for spool, _ in targets], error) from error

    def put(self, raw: bytes) -> RawRef:
        """Store bytes durably in one go, small ones in what is given back. Blocking."""
        spool = self.open(len(raw))
        try:
            spool.write(raw)
            ref = self.finish(spool)
            self.settle([spool])
        except BaseException:
            spool.discard()
            raise
        return ref

    def read(self, ref: RawRef) -> bytes:
        """All bytes. Blocking. Raises PermanentError where they are gone or are not what the name says."""
        raw = self.read_fresh(ref)
        if hashlib.sha256(raw).hexdigest() != ref.sha256:
            raise _damaged(ref)
        return raw

    def open_whole(self, ref: RawRef) -> IO[bytes]:
        """All bytes as a file, never in memory but for small ones; the caller closes it. Blocking. Raises as `read`."""
        with ExitStack() as until_it_is_known_whole:
            if ref.small is None:
                file = until_it_is_known_whole.enter_context(self._open(ref))
            else:
                file = until_it_is_known_whole.enter_context(tempfile.TemporaryFile())
                file.write(ref.small)
                file.seek(0)
            if _sha256_of(file) != ref.sha256:
                raise _damaged(ref)
            file.seek(0)
            until_it_is_known_whole.pop_all()
        return file

    def read_fresh(self, ref: RawRef) -> bytes:
        """All bytes, of a mail whose hash was taken while this very process wrote it. Blocking. Raises as `read`."""
        return self._load(ref) if ref.small is None else ref.small

    def _load(self, ref: RawRef) -> bytes:
        with self._open(ref) as file:
            try:
                # One octet more than there should be tells a longer file without reading all of it.
                return file.read(ref.size + 1)
            except OSError as error:
                raise _not_now(error) from error

    def _open(self, ref: RawRef) -> IO[bytes]:
        path = self._path(ref.sha256)
        try:
            return path.open("rb")
        except FileNotFoundError as error:
            raise PermanentError(f"the bytes of mail {ref.sha256} are gone: there is no {path}") from error
        except OSError as error:
            raise _not_now(error) from error

    def _path(self, sha256: str) -> Path:
        if not _NAME.fullmatch(sha256):
            raise PermanentError(f"{sha256!r} is not the name of a mail's bytes")
        return self._blobs / sha256[:2] / sha256[2:]


def _own(spool: Spool) -> FileSpool:
    if not isinstance(spool, FileSpool):
        raise TypeError("a spool of these blobs is needed")
    return spool


def _sha256_of(file: IO[bytes]) -> str:
    taken = hashlib.sha256()
    try:
        while piece := file.read(_PIECE):
            taken.update(piece)
    except OSError as error:
        raise _not_now(error) from error
    return taken.hexdigest()


def _damaged(ref: RawRef) -> PermanentError:
    return PermanentError(f"the bytes of mail {ref.sha256} are damaged: restore them from a backup")


def _not_now(error: OSError) -> TemporaryError:
    return TemporaryError(f"the bytes of a mail cannot be read now: {error}")


def _not_durable(spools: Sequence[FileSpool], error: Exception) -> TemporaryError:
    """The names are there and may be gone after a power failure: none of these mails may be called kept."""
    refused = TemporaryError(f"mails cannot be made durable under their names: {error}")
    for spool in spools:
        spool.refuse(refused)
    return refused


def _pass(name: str) -> None:
    """Pass every failpoint."""
