"""`python -m tests.benchmarks [WHAT]`: measures, prints tables, and writes build/bench.json."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click
from rich.console import Console

from tests.benchmarks import api, assigning, broker, deciding, idle, many_sessions, receiving
from tests.benchmarks.peers import missing
from tests.benchmarks.report import Row, merge
from tests.benchmarks.tables import idle_table, race_table, row_table

LIVES = 5_000
WITH_PEERS = ("receiving", "idle")
ALONE = ("sessions", "assigning", "mqtt", "api")

console = Console(width=140 if not sys.stdout.isatty() else None)


@click.command()
@click.argument("what", type=click.Choice([*WITH_PEERS, *ALONE, "all"]), default="all")
@click.option("--rounds", type=click.IntRange(1, 50), default=3, show_default=True, help="Runs of every peer.")
@click.option("--mails", type=click.IntRange(1), default=1_000, show_default=True, help="Mails in a box.")
@click.option(
    "--scale", type=float, default=1.0, show_default=True, help="Share of the idle gateways and the open sessions."
)
@click.option("--seconds", type=float, default=60.0, show_default=True, help="How long idling is watched.")
def main(what: str, rounds: int, mails: int, scale: float, seconds: float) -> None:
    """Measure receiving beside peers, idling, sessions in great number, finding agents, the broker, the HTTP door."""
    if what not in ALONE and (lacking := missing()):
        raise click.ClickException(f"the peers are not all here; as root: {lacking}")
    rows: list[Row] = []
    if what in {"receiving", "all"}:
        rows += _receive(rounds, mails)
    if what in {"idle", "all"}:
        rows += _idle(scale, seconds)
    if what in {"sessions", "all"}:
        rows += deciding.rows(LIVES, rounds, console.print)
        rows += many_sessions.rows(many_sessions.run(int(many_sessions.SESSIONS * scale), console.print))
    if what in {"assigning", "all"}:
        rows += assigning.rows(assigning.run(rounds, console.print))
    if what in {"mqtt", "all"}:
        rows += broker.rows(broker.run(rounds, console.print))
    if what in {"api", "all"}:
        rows += api.rows(api.run(min(seconds, 20.0), console.print))
    merge(rows)
    console.print(row_table(rows))


def _receive(rounds: int, mails: int) -> Sequence[Row]:
    races = receiving.run(rounds, mails, console.print)
    for race in races:
        console.print(race_table(race))
    return [row for race in races for row in receiving.rows(race)]


def _idle(scale: float, seconds: float) -> Sequence[Row]:
    spells = idle.run(scale, seconds, console.print)
    console.print(idle_table(spells))
    return [row for server, seen in spells.items() for row in idle.rows(server, seen)]


if __name__ == "__main__":
    main()
