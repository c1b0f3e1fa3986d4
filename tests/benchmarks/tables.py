"""The results as tables for a person at a terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from rich.table import Table

from tests.benchmarks.measure import MEGABYTE, Idling, Measure
from tests.benchmarks.receiving import Race
from tests.benchmarks.report import Row

WHAT = {
    "postroom": "Postroom: committed, classified, routed, queued, deleted",
    "bare": "bare pipelined reader: read and deleted, nothing kept",
    "mpop": "mpop: downloaded into a Maildir, synced, deleted",
    "poplib": "Python's poplib: read and deleted, nothing kept",
}


def race_table(race: Race) -> Table:
    """One mix: a line a peer, the middle of its rounds and the range of them."""
    stock = race.stock
    rounds = len(race.measures["postroom"])
    title = f"{race.mix}: {stock.mails:,} mails, {stock.octets / MEGABYTE:,.1f} MB, median of {rounds}"
    table = Table(title=title, title_justify="left")
    table.add_column("who")
    for column in ("mails/s", "min-max", "MB/s", "CPU ms/mail", "peak MB"):
        table.add_column(column, justify="right")
    for peer, measures in race.measures.items():
        speeds = [one.mails_per_second for one in measures]
        table.add_row(
            WHAT[peer],
            f"{race.median(peer, lambda one: one.mails_per_second):,.0f}",
            f"{min(speeds):,.0f}-{max(speeds):,.0f}",
            f"{race.median(peer, _megabytes_per_second):,.1f}",
            f"{race.median(peer, lambda one: one.cpu_per_mail):.2f}",
            f"{max(one.peak_memory for one in measures) / MEGABYTE:,.0f}",
        )
    return table


def idle_table(spells: Mapping[str, Idling]) -> Table:
    """A line a server."""
    table = Table(title="idle: empty boxes, polled every 60 s, one process", title_justify="left")
    table.add_column("server")
    columns: tuple[tuple[str, Callable[[Idling], str]], ...] = (
        ("gateways", lambda seen: f"{seen.gateways:,}"),
        ("polls/s", lambda seen: f"{seen.polls / seen.seconds:,.1f}"),
        ("CPU %", lambda seen: f"{100 * seen.cpu_seconds / seen.seconds:.1f}"),
        ("memory MB", lambda seen: f"{seen.memory / MEGABYTE:,.0f}"),
        ("lag p99 ms", lambda seen: f"{1_000 * seen.lag_p99:.1f}"),
        ("worst lag ms", lambda seen: f"{1_000 * seen.lag_worst:.0f}"),
        ("store changed", lambda seen: "YES" if seen.store_changed else "no"),
        ("configured in s", lambda seen: f"{seen.configured_in:.1f}"),
        ("all polled once in s", lambda seen: f"{seen.polled_once_in:.1f}"),
    )
    for name, _ in columns:
        table.add_column(name, justify="right")
    for server, seen in spells.items():
        table.add_row(server, *(cell(seen) for _, cell in columns))
    return table


def row_table(rows: Sequence[Row]) -> Table:
    """What was asked for and whether it was reached."""
    table = Table(title="build/bench.json", title_justify="left")
    columns: tuple[tuple[str, Callable[[Row], str]], ...] = (
        ("figure", lambda row: row.name),
        ("value", lambda row: f"{row.value:g} {row.unit}"),
        ("peer", lambda row: f"{row.peer} {row.peer_value:g}" if row.peer else ""),
        ("ratio", lambda row: f"{row.ratio:.2f}" if row.ratio is not None else ""),
        ("bar", lambda row: row.bar or ""),
        ("met", lambda row: {None: "", True: "yes", False: "NO"}[row.met]),
    )
    for name, _ in columns:
        table.add_column(name)
    for row in rows:
        table.add_row(*(cell(row) for _, cell in columns))
    return table


def _megabytes_per_second(measure: Measure) -> float:
    return measure.octets / measure.seconds / MEGABYTE
