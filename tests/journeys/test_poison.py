"""Poison among good mails through the real process: the good ones all arrive, the poison is set aside or degraded.

The whole of it is 200 poison mails among 2,000; `make test` runs a fifth, and POISON_SCALE=1 all of it.
"""

from __future__ import annotations

import hashlib
import os
import re
import signal
import sqlite3
from collections import Counter
from contextlib import closing
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.poison import SHAPES, bomb, poison, with_faulty_parser
from tests.journeys.process import Process, wait_for
from tests.journeys.world import BOX, World, world

pytestmark = [pytest.mark.server, pytest.mark.journey]

SCALE = float(os.environ.get("POISON_SCALE", "0.2"))
GOOD = int(2_000 * SCALE)
BOMBS = int(160 * SCALE)
POISON = int(36 * SCALE)
LOOPS = int(4 * SCALE)
"""Mails that only their processor time ends: each of them costs twenty seconds of it."""


def rows(here: World, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{here.config}/var/postroom.db?mode=ro", uri=True, timeout=10)) as connection:
        return connection.execute(query).fetchall()


def hurt() -> list[bytes]:
    """Every bad mail, each with bytes of its own."""
    bombs = [bomb(shape, number) for number, shape in enumerate(islice(cycle(SHAPES), BOMBS))]
    words = islice(cycle(["RAISE", "EXIT", "SEGV", "MEMORY"]), POISON)
    return [*bombs, *(poison(word, n) for n, word in enumerate(words)), *(poison("LOOP", n) for n in range(LOOPS))]


def lay_in(here: World, bad: list[bytes]) -> None:
    """Good and bad mails, one bad one after every few good ones."""
    every = max(GOOD // len(bad), 1)
    left = iter(bad)
    for number in range(GOOD):
        here.deliver(1, body=f"Mail {number}.")
        if number % every == 0 and (one := next(left, None)) is not None:
            here.box.deliver(BOX, one)
    for one in left:
        here.box.deliver(BOX, one)


def good_ones_arrived(here: World) -> None:
    """Each good mail began a conversation of its own, once."""
    subjects = rows(here, "SELECT subject FROM mails WHERE incoming = 1 AND outcome = 'conversation'")
    served = Counter(subject.split()[-1] for (subject,) in subjects if subject.startswith("question"))
    assert served == Counter(here.oracle.tokens)


def bad_ones_ended_well(here: World, bad: list[bytes]) -> None:
    """Each bad mail has one receipt with an outcome and its very bytes; what no reader takes is in quarantine."""
    found = {
        sha256: (outcome, reason)
        for sha256, outcome, reason in rows(here, "SELECT sha256, outcome, reason FROM receipts")
    }
    for raw in bad:
        outcome, reason = found[hashlib.sha256(raw).hexdigest()]
        is_poison = b"POISON-" in raw
        assert (outcome == "quarantined") is is_poison, (raw[:80], outcome, reason)
        assert bool(reason) or not is_poison
    assert rows(here, "SELECT count(*) FROM receipts") == [(GOOD + len(bad),)]


def settled_within(process: Process, seconds: float) -> tuple[int, int]:
    """How many mails had their outcome within that time of being seen, and how many there were."""
    text = process.metrics()
    found = [
        re.search(pattern, text)
        for pattern in (
            rf'postroom_intake_seconds_bucket{{.*le="{seconds}".*}} (\d+)',
            r"postroom_intake_seconds_count{.*} (\d+)",
        )
    ]
    within, count = (int(float(one[1])) if one else 0 for one in found)
    return within, count


def test_poison_among_good_mails_stops_none_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in with_faulty_parser(tmp_path / "fault").items():
        monkeypatch.setenv(name, value)
    bad = hurt()
    with world(tmp_path) as here:
        lay_in(here, bad)
        with here.process() as process:
            wait_for(lambda: here.oracle.settled() >= GOOD + len(bad) - LOOPS, "all but the slow to have ended", 240)
            within, _ = settled_within(process, 30.0)
            assert within >= GOOD + len(bad) - LOOPS
            wait_for(lambda: here.oracle.settled() >= GOOD + len(bad), "the slow ones to have ended", 120)
            wait_for(lambda: not here.box.mails(BOX), "the server to have deleted every mail")
            assert process.child.poll() is None
            assert process.stop() == 0
        good_ones_arrived(here)
        bad_ones_ended_well(here, bad)
        here.oracle.check_quiet()


def test_a_mail_that_kills_the_process_itself_costs_one_restart_and_its_neighbours_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in with_faulty_parser(tmp_path / "fault").items():
        monkeypatch.setenv(name, value)
    killer = poison("NATIVE", 1)
    with world(tmp_path) as here:
        here.deliver(10)
        here.box.deliver(BOX, killer)
        here.deliver(10)
        with here.process() as process:
            wait_for(lambda: process.child.poll() is not None, "the process to die of the mail")
            assert process.child.returncode == -signal.SIGSEGV
        with here.process() as process:
            wait_for(lambda: here.oracle.settled() >= 21, "every mail to have its outcome")
            wait_for(lambda: not here.box.mails(BOX), "the server to have deleted every mail")
            assert process.stop() == 0
        here.oracle.check_mails()
        here.oracle.check_quiet()
        (reason,) = rows(here, "SELECT reason FROM receipts WHERE outcome = 'quarantined'")
        assert reason == ("reading it ended the reader by signal 11",)
