from __future__ import annotations

import errno
import hashlib
import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.errors import PermanentError, TemporaryError
from postroom.ports.gateways import Spool
from postroom.ports.records import RawRef
from postroom.store.blobs import BLOBS, SPOOL, FileBlobs
from postroom.store.space import GIBIBYTE, Space, free_space, min_free, room_for
from postroom.store.spool import SMALL, FileSpool

LARGE = bytes(range(256)) * 300


@pytest.fixture
def blobs(tmp_path: Path) -> FileBlobs:
    made = FileBlobs(tmp_path)
    made.prepare()
    return made


def spooled(blobs: FileBlobs, content: bytes, chunk: int = 1000) -> Spool:
    spool = blobs.open(0)
    for start in range(0, len(content), chunk):
        spool.write(content[start : start + chunk])
    return spool


def files(folder: Path) -> list[Path]:
    return [file for part in (SPOOL, BLOBS) for file in (folder / part).rglob("*") if file.is_file()]


def test_a_small_mail_stays_in_memory_and_touches_no_disk(blobs: FileBlobs, tmp_path: Path) -> None:
    content = b"x" * SMALL
    spool = spooled(blobs, content)
    ref = blobs.finish(spool)
    blobs.settle([spool])
    assert ref == RawRef(sha256=hashlib.sha256(content).hexdigest(), size=SMALL, small=content)
    assert files(tmp_path) == []
    assert blobs.read(ref) == content


def test_a_large_mail_is_under_its_name_only_once_it_is_settled(blobs: FileBlobs, tmp_path: Path) -> None:
    content = b"x" * (SMALL + 1)
    spool = spooled(blobs, content)
    ref = blobs.finish(spool)
    assert (ref.size, ref.small) == (SMALL + 1, None)
    with pytest.raises(PermanentError, match="gone"):
        blobs.read(ref)
    blobs.settle([spool])
    assert files(tmp_path) == [tmp_path / BLOBS / ref.sha256[:2] / ref.sha256[2:]]
    assert blobs.read(ref) == content


@given(st.lists(st.binary(max_size=3000).map(lambda one: one * 40), max_size=6))
def test_what_is_read_is_what_was_written_however_it_came(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[bytes]
) -> None:
    folder = tmp_path_factory.getbasetemp() / "laws"
    blobs = FileBlobs(folder)
    if not folder.exists():
        blobs.prepare()
    spool = blobs.open(0)
    for chunk in chunks:
        spool.write(chunk)
    ref = blobs.finish(spool)
    blobs.settle([spool])
    content = b"".join(chunks)
    assert blobs.read(ref) == content
    assert blobs.read(blobs.put(content)) == content
    assert (ref.small is None) == (len(content) > SMALL)


def test_the_same_bytes_twice_are_one_file_and_discarding_the_second_hurts_nothing(
    blobs: FileBlobs, tmp_path: Path
) -> None:
    first, second = spooled(blobs, LARGE), spooled(blobs, LARGE)
    assert blobs.finish(first) == blobs.finish(second)
    blobs.settle([first])
    second.discard()
    first.discard()
    assert len(files(tmp_path)) == 1
    blobs.settle([again := spooled(blobs, LARGE)])
    assert len(files(tmp_path)) == 1
    assert blobs.read(blobs.finish(again)) == LARGE


def test_a_discarded_spool_leaves_nothing(blobs: FileBlobs, tmp_path: Path) -> None:
    spool = spooled(blobs, LARGE)
    assert len(files(tmp_path)) == 1
    spool.discard()
    spool.discard()
    assert files(tmp_path) == []


@pytest.mark.parametrize("content", [b"", b"small", LARGE])
def test_a_mail_can_be_handed_to_another_process_as_a_file(blobs: FileBlobs, content: bytes) -> None:
    with blobs.open_whole(blobs.put(content)) as file:
        assert subprocess.run(["cat"], stdin=file, capture_output=True, check=True).stdout == content


def test_damaged_lost_or_falsely_named_bytes_are_never_given(blobs: FileBlobs, tmp_path: Path) -> None:
    ref = blobs.put(LARGE)
    (file,) = files(tmp_path)
    for damage in (LARGE[:-1], LARGE + b"x", b"y" + LARGE[1:]):
        file.write_bytes(damage)
        with pytest.raises(PermanentError, match="damaged"):
            blobs.read(ref)
        with pytest.raises(PermanentError, match="damaged"):
            blobs.open_whole(ref)
    file.unlink()
    with pytest.raises(PermanentError, match="gone"):
        blobs.read(ref)
    with pytest.raises(PermanentError, match="damaged"):
        blobs.read(RawRef(sha256=ref.sha256, size=1, small=b"x"))
    with pytest.raises(PermanentError, match="not the name"):
        blobs.read(RawRef(sha256="../../etc/passwd", size=1))


def test_what_a_dead_process_left_half_read_is_removed_at_the_start_and_no_mail_is(
    blobs: FileBlobs, tmp_path: Path
) -> None:
    ref = blobs.put(LARGE)
    left = spooled(blobs, LARGE + b"unfinished")
    assert FileBlobs(tmp_path).prepare() == 1
    left.discard()
    assert blobs.read(ref) == LARGE


class Refuses:
    """A call of the system that fails as a full or broken disk does, a number of times."""

    def __init__(self, real: Callable[..., object], code: int, only: Callable[..., bool] = lambda *_: True) -> None:
        self.real, self.code, self.only = real, code, only
        self.left = 1

    def __call__(self, *arguments: object) -> object:
        if self.left and self.only(*arguments):
            self.left -= 1
            raise OSError(self.code, os.strerror(self.code))
        return self.real(*arguments)


def test_a_spool_whose_sync_failed_once_is_never_called_durable(
    blobs: FileBlobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a failed fsync the kernel forgets what it could not write, and the next one succeeds."""
    spool = spooled(blobs, LARGE)
    blobs.finish(spool)
    monkeypatch.setattr(os, "fsync", Refuses(os.fsync, errno.EIO))
    for _ in range(2):
        with pytest.raises(TemporaryError, match="Input/output error"):
            blobs.settle([spool])
    spool.discard()
    assert files(tmp_path) == []


def test_a_name_that_could_not_be_made_durable_is_never_called_kept(
    blobs: FileBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    spools = [spooled(blobs, LARGE + bytes([number])) for number in range(3)]
    for spool in spools:
        blobs.finish(spool)
    monkeypatch.setattr(os, "fsync", Refuses(os.fsync, errno.EIO, lambda file: stat.S_ISDIR(os.fstat(file).st_mode)))
    for _ in range(2):
        with pytest.raises(TemporaryError, match="under their names"):
            blobs.settle(spools)
    for spool in spools:
        with pytest.raises(TemporaryError):
            blobs.settle([spool])


def test_a_batch_that_failed_half_way_can_be_settled_again_without_losing_the_first(
    blobs: FileBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = spooled(blobs, LARGE), spooled(blobs, LARGE + b"bad")
    ref, _ = blobs.finish(good), blobs.finish(bad)
    real = FileSpool.sync

    def sync(spool: FileSpool) -> str | None:
        if spool is bad:
            raise TemporaryError("disk")
        return real(spool)

    monkeypatch.setattr(FileSpool, "sync", sync)
    with pytest.raises(TemporaryError):
        blobs.settle([good, bad])
    blobs.settle([good])
    assert blobs.read(ref) == LARGE
    bad.discard()


def test_a_disk_that_takes_no_more_breaks_the_spool_for_good(blobs: FileBlobs, tmp_path: Path) -> None:
    (tmp_path / SPOOL).rmdir()
    spool = blobs.open(0)
    spool.write(b"x" * SMALL)
    with pytest.raises(TemporaryError, match="cannot be kept"):
        spool.write(b"y")
    (tmp_path / SPOOL).mkdir()
    for act in (lambda: spool.write(b"z"), lambda: blobs.finish(spool), lambda: blobs.settle([spool])):
        with pytest.raises(TemporaryError, match="cannot be kept"):
            act()
    spool.discard()


def test_failpoints_are_passed_in_the_order_of_the_work(tmp_path: Path) -> None:
    passed: list[tuple[str, int]] = []
    blobs = FileBlobs(tmp_path, lambda name: passed.append((name, len(list((tmp_path / SPOOL).iterdir())))))
    blobs.prepare()
    blobs.put(LARGE)
    assert passed == [("spool_written", 1), ("spool_fsynced", 1), ("spool_renamed", 0)]


def test_a_spool_of_another_kind_is_refused(blobs: FileBlobs) -> None:
    class Other:
        def write(self, chunk: bytes) -> None: ...

        def discard(self) -> None: ...

    with pytest.raises(TypeError):
        blobs.finish(Other())


@pytest.mark.parametrize(
    ("total", "largest", "kept_free"),
    [
        (1000 * GIBIBYTE, 0, GIBIBYTE),
        (10 * GIBIBYTE, 0, GIBIBYTE // 2),
        (GIBIBYTE, 50 * 1024**2, 100 * 1024**2),
        (1000 * GIBIBYTE, 3 * GIBIBYTE, 6 * GIBIBYTE),
    ],
)
def test_the_smaller_of_a_gibibyte_and_a_twentieth_is_kept_free_and_twice_the_largest_mail(
    total: int, largest: int, kept_free: int
) -> None:
    assert min_free(total, largest) == kept_free
    assert room_for(Space(free=kept_free, total=total), largest)
    assert not room_for(Space(free=kept_free - 1, total=total), largest)


def test_the_room_of_a_real_volume_is_told(tmp_path: Path) -> None:
    space = free_space(tmp_path)
    assert 0 < space.free <= space.total
