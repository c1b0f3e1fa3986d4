"""The race: every peer receives the same mails from the same server, in turns, several times over."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from itertools import count
from pathlib import Path
from statistics import median

from msgspec import Struct

from tests.benchmarks.boxes import Stock, filled, stocked
from tests.benchmarks.mails import MIXES, mails
from tests.benchmarks.measure import MEGABYTE, Measure
from tests.benchmarks.peers import PEERS
from tests.benchmarks.report import Row, compared, limited
from tests.support.dovecot import Dovecot, running_dovecot

MOST_MEMORY = 200.0
"""Megabytes that Postroom may need at its peak."""
TO_BEAT = "mpop"

Say = Callable[[str], None]


class Race(Struct, frozen=True, kw_only=True):
    """All that was measured on one mix, by peer, in the order of the rounds."""

    mix: str
    stock: Stock
    measures: dict[str, list[Measure]]

    def median(self, peer: str, figure: Callable[[Measure], float]) -> float:
        """The middle one of a peer's figures."""
        return median(figure(one) for one in self.measures[peer])


class Course:
    """The server and the folder the races are run on; every run gets a user of its own."""

    def __init__(self, server: Dovecot, folder: Path, say: Say) -> None:
        self._server = server
        self._folder = folder
        self._say = say
        self._users = count()

    def race(self, mix: str, rounds: int, mails_each: int) -> Race:
        """Let every peer run once a round, another one first each time."""
        stock = stocked(self._server, mix, mails(mix, mails_each))
        measures: dict[str, list[Measure]] = {peer: [] for peer in PEERS}
        for turn in range(rounds):
            names = [*PEERS][turn % len(PEERS) :] + [*PEERS][: turn % len(PEERS)]
            for peer in names:
                measures[peer].append(self._run(peer, stock))
                speed = measures[peer][-1].mails_per_second
                self._say(f"{mix}, round {turn + 1} of {rounds}: {peer} {speed:,.0f} mails/s")
        return Race(mix=mix, stock=stock, measures=measures)

    def _run(self, peer: str, stock: Stock) -> Measure:
        """One peer, one box, and the check that the box is empty and that the right octets came."""
        box = filled(self._server, next(self._users), stock)
        place = self._folder / peer
        measure = PEERS[peer](box, stock, place)
        shutil.rmtree(place, ignore_errors=True)
        left = self._server.maildir_count(box.number)
        if left or (measure.mails, measure.octets) != (stock.mails, stock.octets):
            raise RuntimeError(
                f"{peer} received {measure.mails} mails of {measure.octets:,} octets, not {stock.mails} of "
                f"{stock.octets:,}; {left} are left on the server"
            )
        return measure


def run(rounds: int, mails_each: int, say: Say) -> list[Race]:
    """Race on every mix."""
    with (
        running_dovecot(users=rounds * len(PEERS) * len(MIXES)) as server,
        tempfile.TemporaryDirectory(prefix="postroom-benchmark-") as folder,
    ):
        course = Course(server, Path(folder), say)
        return [course.race(mix, rounds, mails_each) for mix in MIXES]


def rows(race: Race) -> list[Row]:
    """The race as figures: speed and processor time beside each peer, and the memory."""
    speed = race.median("postroom", lambda one: one.mails_per_second)
    cpu = race.median("postroom", lambda one: one.cpu_per_mail)
    found = []
    for peer in race.measures:
        if peer != "postroom":
            least = 1.0 if peer == TO_BEAT else None
            theirs = race.median(peer, lambda one: one.mails_per_second)
            found.append(compared(f"receiving {race.mix}: speed beside {peer}", speed, "mails/s", peer, theirs, least))
    theirs = race.median(TO_BEAT, lambda one: one.cpu_per_mail)
    peak = max(one.peak_memory for one in race.measures["postroom"]) / MEGABYTE
    return [
        *found,
        compared(f"receiving {race.mix}: processor time", cpu, "ms/mail", TO_BEAT, theirs),
        limited(f"receiving {race.mix}: peak memory", peak, "MB", MOST_MEMORY),
    ]
