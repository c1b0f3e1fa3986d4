from __future__ import annotations

import asyncio
import contextvars
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from postroom.engine.world import (
    CROCKFORD,
    FailpointReached,
    SystemClock,
    SystemIds,
    ThreadOffload,
    failpoint_from,
)
from postroom.errors import ConfigurationError


class SetClock(SystemClock):
    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


START = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)


def test_the_wall_clock_is_aware_and_in_utc() -> None:
    now = SystemClock().now()
    assert now.utcoffset() == timedelta(0)
    assert abs(now - datetime.now(UTC)) < timedelta(minutes=1)


def test_monotonic_seconds_never_go_back() -> None:
    clock = SystemClock()
    seconds = [clock.monotonic() for _ in range(1000)]
    assert seconds == sorted(seconds)


async def test_a_wait_ends_with_the_event_or_with_the_time() -> None:
    clock, event = SystemClock(), asyncio.Event()
    assert await clock.wait(event, 0.001) is False
    waiting = asyncio.ensure_future(clock.wait(event, 60))
    await clock.sleep(0)
    event.set()
    assert await waiting is True
    assert await clock.wait(event, 0) is True


def test_a_ulid_begins_with_its_millisecond_in_crockfords_letters() -> None:
    ulid = SystemIds(SetClock(START)).new()
    assert len(ulid) == 26
    assert set(ulid) <= set(CROCKFORD)
    milliseconds = 0
    for letter in ulid[:10]:
        milliseconds = milliseconds * 32 + CROCKFORD.index(letter)
    assert milliseconds == int(START.timestamp() * 1000)


def test_ids_of_one_millisecond_and_of_a_clock_set_back_still_grow() -> None:
    clock = SetClock(START)
    ids = SystemIds(clock)
    minted = [ids.new() for _ in range(100)]
    clock.at = START - timedelta(days=1)
    minted += [ids.new() for _ in range(100)]
    clock.at = START + timedelta(milliseconds=1)
    minted.append(ids.new())
    assert minted == sorted(set(minted))


def test_threads_never_mint_the_same_id() -> None:
    ids = SystemIds(SystemClock())
    with ThreadPoolExecutor(8) as pool:
        minted = [name for names in pool.map(lambda _: [ids.new() for _ in range(500)], range(16)) for name in names]
    assert len(set(minted)) == 16 * 500


def test_two_processes_do_not_mint_the_same_id_in_one_millisecond() -> None:
    assert SystemIds(SetClock(START)).new() != SystemIds(SetClock(START)).new()


def test_a_secret_has_160_bits_and_fits_in_a_url() -> None:
    secrets = {SystemIds(SystemClock()).secret() for _ in range(100)}
    assert len(secrets) == 100
    assert all(len(one) == 27 and one.replace("-", "").replace("_", "").isalnum() for one in secrets)


async def test_a_lane_of_one_thread_keeps_order_and_lanes_do_not_wait_for_each_other() -> None:
    offload, gate, order = ThreadOffload({"wide": 3}), threading.Event(), list[int]()
    held = asyncio.ensure_future(offload.run("narrow", gate.wait, 20))
    behind = [asyncio.ensure_future(offload.run("narrow", order.append, number)) for number in range(50)]
    names = await asyncio.gather(*(offload.run("wide", lambda: threading.current_thread().name) for _ in range(9)))
    assert all(name.startswith("wide") for name in names)
    assert order == []
    gate.set()
    assert await held is True
    await asyncio.gather(*behind)
    assert order == list(range(50))
    offload.close()


async def test_a_wide_lane_runs_as_many_at_once_as_it_has_threads() -> None:
    offload = ThreadOffload({"wide": 3})
    together = threading.Barrier(3)
    await asyncio.gather(*(offload.run("wide", together.wait, 20) for _ in range(3)))
    offload.close()


async def test_what_the_work_raises_is_raised_and_its_keywords_reach_it() -> None:
    offload = ThreadOffload({})
    assert await offload.run("lane", int, "ff", base=16) == 255
    with pytest.raises(ZeroDivisionError):
        await offload.run("lane", lambda: 1 // 0)
    offload.close()


async def test_the_work_sees_the_context_of_its_caller() -> None:
    word = contextvars.ContextVar("word", default="none")
    word.set("mine")
    offload = ThreadOffload({})
    assert await offload.run("lane", word.get) == "mine"
    offload.close()


def test_without_the_variable_every_failpoint_is_passed() -> None:
    failpoint_from({})("anything")
    failpoint_from({"POSTROOM_TEST_MODE": "1"})("anything")


@pytest.mark.parametrize("mode", [{}, {"POSTROOM_TEST_MODE": "0"}, {"POSTROOM_TEST_MODE": "yes"}])
def test_a_failpoint_outside_test_mode_is_refused(mode: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="FAILPOINT is set"):
        failpoint_from({"FAILPOINT": "x:raise:1", **mode})


@pytest.mark.parametrize("text", ["", "x", "x:raise", "x:raise:0", "x:raise:-1", "x:burn:1", ":kill:1", "x:kill:²"])
def test_a_malformed_failpoint_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"name:kill\|stop\|raise:nth"):
        failpoint_from({"FAILPOINT": text, "POSTROOM_TEST_MODE": "1"})


def test_a_failpoint_raises_the_nth_time_its_place_is_passed_and_only_then() -> None:
    failpoint = failpoint_from({"FAILPOINT": "dele_pre:raise:3", "POSTROOM_TEST_MODE": "1"})
    for _ in range(2):
        failpoint("dele_pre")
        failpoint("dele_post")
    with pytest.raises(FailpointReached, match="dele_pre"):
        failpoint("dele_pre")
    failpoint("dele_pre")


def child(action: str) -> subprocess.Popen[bytes]:
    program = (
        "import os; from postroom.engine.world import failpoint_from; pass_ = failpoint_from(os.environ)\n"
        "pass_('here'); print('once', flush=True); pass_('here'); print('twice', flush=True)"
    )
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "POSTROOM_TEST_MODE": "1",
        "FAILPOINT": f"here:{action}:2",
    }
    return subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE)


def test_a_failpoint_kills_the_process() -> None:
    with child("kill") as process:
        said, _ = process.communicate(timeout=60)
    assert (process.returncode, said) == (-signal.SIGKILL, b"once\n")


def test_a_failpoint_stops_the_process_until_it_is_continued() -> None:
    with child("stop") as process:
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        process.send_signal(signal.SIGCONT)
        said, _ = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, b"once\ntwice\n")
