from __future__ import annotations

import asyncio
import resource
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom.engine.world import SystemClock, ThreadOffload
from postroom.errors import PermanentError, TemporaryError
from postroom.ports.records import RawRef
from postroom.ports.store import Store, Topic, Tx
from postroom.session.state import ConversationId, SessionId, TimerKind
from postroom.store.database import FILE
from postroom.store.sqlite import GROUP, SqliteStore
from tests.store.opened import opened
from tests.store.samples import NOW, later, on, timer


class Gate:
    """A unit that holds the writer until it is opened, so that others wait together."""

    def __init__(self) -> None:
        self._reached = threading.Event()
        self._opened = threading.Event()

    def __call__(self, _: Tx) -> None:
        self._reached.set()
        assert self._opened.wait(20)

    async def hold(self, store: Store) -> asyncio.Task[None]:
        holding = asyncio.ensure_future(store.write(self))
        await asyncio.get_running_loop().run_in_executor(None, self._reached.wait, 20)
        return holding

    def open(self) -> None:
        self._opened.set()


def armed(tx: Tx) -> list[str]:
    return sorted(one.session for one in tx.timers.take_due(later(10**6), 10**6))


async def test_units_that_wait_together_share_one_commit_up_to_the_limit(tmp_path: Path) -> None:
    commits: list[int] = []
    async with opened(tmp_path, lambda _, units: commits.append(units)) as store:
        gate = Gate()
        holding = await gate.hold(store)
        writing = [asyncio.ensure_future(store.write(on(_arm, number))) for number in range(GROUP + 100)]
        await asyncio.sleep(0)
        gate.open()
        await asyncio.gather(holding, *writing)
    assert commits == [1, GROUP, 100]


def _arm(tx: Tx, number: int) -> int:
    tx.timers.arm(timer(f"s{number}"))
    return number


async def test_what_a_unit_raises_reaches_its_caller_whatever_it_is(tmp_path: Path) -> None:
    class Odd(BaseException):
        pass

    def leave(error: BaseException) -> None:
        raise error

    async with opened(tmp_path) as store:
        for error, expected in ((Odd(), Odd), (StopIteration(3), RuntimeError), (SystemExit(1), SystemExit)):
            with pytest.raises(expected):
                await store.write(on(lambda _, raised: leave(raised), error))
        assert await store.write(on(_arm, 1)) == 1


async def test_a_commit_that_fails_fails_every_unit_of_its_group_and_wakes_nobody(tmp_path: Path) -> None:
    """A failed COMMIT fails every unit, and none of them is written."""
    async with opened(tmp_path) as store:
        # A deferred foreign key is looked at by COMMIT alone, so this one fails there.
        raw = store._folder._raw
        raw.executescript("CREATE TABLE late (b TEXT REFERENCES receipts (id) DEFERRABLE INITIALLY DEFERRED);")

        def spoil(tx: Tx) -> None:
            raw.execute("INSERT INTO late VALUES ('nowhere')")

        def wake(tx: Tx, number: int) -> int:
            tx.wake(Topic.TIMERS)
            return _arm(tx, number)

        def raising(tx: Tx) -> None:
            raise KeyError("mine")

        bell, gate = store.bell(Topic.TIMERS), Gate()
        holding = await gate.hold(store)
        together = asyncio.gather(
            store.write(on(wake, 1)), store.write(spoil), store.write(raising), store.write(on(wake, 2)),
            return_exceptions=True,
        )  # fmt: skip
        await asyncio.sleep(0)
        gate.open()
        await holding
        first, spoiled, raised, last = await together
        assert all(
            isinstance(one, TemporaryError) and "the commit failed" in str(one) for one in (first, spoiled, last)
        )
        assert isinstance(raised, KeyError), "its own error says more"
        assert await bell.wait(0) is False
        assert await store.write(on(wake, 3)) == 3
        assert await store.write(armed) == ["s3"]


async def test_a_group_sqlite_undid_half_way_fails_whole_and_those_behind_it_are_still_run(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        raw = store._folder._raw

        def undo(tx: Tx) -> str:
            raw.execute("ROLLBACK")  # what SQLite does by itself on some failures of the disk
            return "seems well"

        gate = Gate()
        holding = await gate.hold(store)
        together = asyncio.gather(
            store.write(on(_arm, 1)), store.write(undo), store.write(on(_arm, 2)), return_exceptions=True
        )
        await asyncio.sleep(0)
        gate.open()
        await holding
        before, undone, behind = await together
        assert isinstance(before, TemporaryError)
        assert isinstance(undone, TemporaryError)
        assert behind == 2
        assert await store.write(armed) == ["s2"]


@contextmanager
def no_file_larger_than(octets: int) -> Iterator[None]:
    """A disk as full as the kernel can make it for one process: writes past that size fail (EFBIG)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def fill(store: Store) -> tuple[list[int], list[BaseException]]:
    """Write 40 units of 100 kB, eight at a time; gives the numbers that were answered, and the errors."""
    kept: list[int] = []
    errors: list[BaseException] = []

    def unit(tx: Tx, number: int) -> int:
        tx.mails.keep_raw(RawRef(sha256=f"{number:064}", size=100_000, small=b"x" * 100_000))
        return _arm(tx, number)

    for start in range(0, 40, 8):
        writes = (store.write(on(unit, number)) for number in range(start, start + 8))
        for result in await asyncio.gather(*writes, return_exceptions=True):
            errors.append(result) if isinstance(result, BaseException) else kept.append(result)
    return kept, errors


async def test_a_full_disk_is_a_temporary_error_and_the_store_goes_on_once_there_is_room(tmp_path: Path) -> None:
    """What was answered is there, the rest is not, and the database is whole."""
    async with opened(tmp_path) as store:
        await store.write(on(_arm, 99))
        with no_file_larger_than((tmp_path / f"{FILE}-wal").stat().st_size + 1_500_000):
            kept, errors = await fill(store)
            assert await store.read(lambda tx: tx.counts().timers_pending) == len(kept) + 1
        assert kept
        assert errors
        assert all(isinstance(error, TemporaryError) for error in errors)
        assert await store.write(on(_arm, 100)) == 100
    async with opened(tmp_path) as store:
        assert store._folder._raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert await store.write(armed) == sorted(f"s{number}" for number in (99, 100, *kept))


async def test_a_database_at_its_largest_size_says_that_the_disk_is_full(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        raw = store._folder._raw
        (pages,) = raw.execute("PRAGMA page_count").fetchone()
        raw.execute(f"PRAGMA max_page_count = {pages + 200}")
        kept, errors = await fill(store)
        assert kept
        assert errors
        assert all(isinstance(error, TemporaryError) for error in errors)
        assert any("the disk is full" in str(error) for error in errors)
        raw.execute("PRAGMA max_page_count = 1000000")
        assert await store.write(on(_arm, 100)) == 100
        assert await store.write(armed) == sorted(f"s{number}" for number in (100, *kept))


async def test_closing_commits_what_waits_and_refuses_what_comes_after(tmp_path: Path) -> None:
    offload = ThreadOffload({})
    store = await SqliteStore.open(tmp_path, SystemClock(), offload)
    gate = Gate()
    holding = await gate.hold(store)
    writing = [asyncio.ensure_future(store.write(on(_arm, number))) for number in range(3)]
    await asyncio.sleep(0)
    closing = asyncio.ensure_future(store.close())
    await asyncio.sleep(0)
    with pytest.raises(TemporaryError, match="closed"):
        await store.write(on(_arm, 9))
    gate.open()
    assert await asyncio.gather(*writing) == [0, 1, 2]
    await asyncio.gather(holding, closing)
    with pytest.raises(TemporaryError, match="closed"):
        await store.read(armed)
    offload.close()
    async with opened(tmp_path) as again:
        assert await again.write(armed) == ["s0", "s1", "s2"]


async def test_when_the_writer_is_stopped_nobody_waits_for_ever(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        gate = Gate()
        holding = await gate.hold(store)
        waiting = asyncio.ensure_future(store.write(on(_arm, 1)))
        await asyncio.sleep(0)
        store._writer.cancel()
        with pytest.raises(TemporaryError, match="unknown"):
            await holding
        with pytest.raises(TemporaryError, match="stopped"):
            await waiting
        gate.open()


NOT_THERE = ConversationId("nowhere")

# A unit of the law below: what it arms and cancels, and how it ends.
Act = tuple[bool, int]
Unit = tuple[list[Act], str]
units = st.lists(
    st.tuples(
        st.lists(st.tuples(st.booleans(), st.integers(0, 5)), max_size=4),
        st.sampled_from(["well", "well", "raises", "breaks a rule"]),
    ),
    max_size=12,
)


def _play(tx: Tx, unit: Unit) -> int:
    acts, end = unit
    for is_arming, number in acts:
        if is_arming:
            _arm(tx, number)
        else:
            tx.timers.cancel(SessionId(f"s{number}"), TimerKind.OFFER_EXPIRY)
    if end == "raises":
        raise KeyError
    if end == "breaks a rule":
        tx.conversations.name("acme", "<a@x>", NOT_THERE, "inbox", NOW)
    return tx.counts().timers_pending


def model(played: list[Unit]) -> tuple[list[object], list[str]]:
    """The same units one after the other, each whole or not at all."""
    now: set[str] = set()
    results: list[object] = []
    for acts, end in played:
        after = set(now)
        for is_arming, number in acts:
            (after.add if is_arming else after.discard)(f"s{number}")
        if end == "well":
            now = after
            results.append(len(now))
        else:
            results.append(KeyError if end == "raises" else PermanentError)
    return results, sorted(now)


async def _together(played: list[Unit]) -> tuple[list[object], list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        async with opened(Path(folder)) as store:
            gate = Gate()
            holding = await gate.hold(store)
            group = asyncio.gather(*(store.write(on(_play, unit)) for unit in played), return_exceptions=True)
            await asyncio.sleep(0)
            gate.open()
            await holding
            results = await group
            left = await store.write(armed)
    return [_kind(result) for result in results], left


def _kind(result: int | BaseException) -> object:
    if isinstance(result, int):
        return result
    return PermanentError if isinstance(result, PermanentError) else type(result)


@settings(max_examples=30)
@given(units)
def test_units_that_share_a_commit_do_what_they_would_have_done_one_after_the_other(played: list[Unit]) -> None:
    assert asyncio.run(_together(played)) == model(played)


async def test_a_database_of_this_store_is_plain_sqlite(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.write(on(_arm, 1))
    raw = sqlite3.connect(tmp_path / FILE)
    assert raw.execute("SELECT session, due_at FROM timers").fetchall() == [("s1", 1_772_600_767_890_123)]
    raw.close()
