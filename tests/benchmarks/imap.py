"""The same mails taken in over IMAP and over POP3, from the same Dovecot, in turns."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from statistics import median

from msgspec.structs import replace

from tests.benchmarks.boxes import Stock, filled, stocked
from tests.benchmarks.mails import mails
from tests.benchmarks.peers import postroom, postroom_over_imap
from tests.benchmarks.report import Row, compared
from tests.support.dovecot import Dovecot, running_dovecot

KINDS = ("pop3", "imap")


def run(rounds: int, mails_each: int, say: Callable[[str], None]) -> dict[str, list[float]]:
    """Both once a round, another first each time; gives mails a second by protocol."""
    speeds: dict[str, list[float]] = {kind: [] for kind in KINDS}
    with (
        running_dovecot(users=rounds * len(KINDS)) as server,
        tempfile.TemporaryDirectory(prefix="postroom-benchmark-") as folder,
    ):
        stock, users = stocked(server, "mixed", mails("mixed", mails_each)), count()
        for turn in range(rounds):
            for kind in KINDS if turn % 2 == 0 else reversed(KINDS):
                speeds[kind].append(_drained(server, next(users), stock, Path(folder, kind), kind))
                say(f"imap, round {turn + 1} of {rounds}: {kind} {speeds[kind][-1]:,.0f} mails/s")
    return speeds


def _drained(server: Dovecot, user: int, stock: Stock, folder: Path, kind: str) -> float:
    box = filled(server, user, stock)
    over_imap = replace(box, port=server.imap)
    measure = postroom_over_imap(over_imap, stock, folder) if kind == "imap" else postroom(box, stock, folder)
    if server.maildir_count(user):
        raise RuntimeError(f"mails are left on the server after {kind}")
    return measure.mails_per_second


def rows(speeds: Mapping[str, list[float]]) -> list[Row]:
    """The race as a figure."""
    ours, theirs = median(speeds["imap"]), median(speeds["pop3"])
    return [compared("receiving mixed: IMAP beside POP3", ours, "mails/s", "postroom over POP3", theirs)]
