"""`python -m tests.benchmarks [WHAT]`: measures, prints tables, and writes build/bench.json."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import click
from rich.console import Console

from tests.benchmarks import (
    api,
    assigning,
    broker,
    deciding,
    idle,
    imap,
    many_sessions,
    reading,
    receiving,
    sending,
)
from tests.benchmarks.peers import missing
from tests.benchmarks.report import Row, merge
from tests.benchmarks.tables import idle_table, race_table, row_table

LIVES = 5_000
MOST_READ = 500

console = Console(width=140 if not sys.stdout.isatty() else None)


WHAT_THERE_IS = ("receiving", "imap", "sending", "reading", "idle", "sessions", "assigning", "mqtt", "api", "all")


@click.command()
@click.argument("what", type=click.Choice(WHAT_THERE_IS), default="all")
@click.option("--rounds", type=click.IntRange(1, 50), default=3, show_default=True, help="Runs of every peer.")
@click.option("--mails", type=click.IntRange(1), default=1_000, show_default=True, help="Mails in a box.")
@click.option(
    "--scale", type=float, default=1.0, show_default=True, help="Share of the idle gateways and the open sessions."
)
@click.option("--seconds", type=float, default=60.0, show_default=True, help="How long idling is watched.")
def main(what: str, rounds: int, mails: int, scale: float, seconds: float) -> None:
    """Measure receiving, sending and reading beside peers, idling, sessions in great number, agents, and the doors."""
    chosen = WHAT_THERE_IS[:-1] if what == "all" else (what,)
    _require(chosen)
    measured: dict[str, Callable[[], Sequence[Row]]] = {
        "receiving": lambda: _receive(rounds, mails),
        "imap": lambda: imap.rows(imap.run(rounds, mails, console.print)),
        "sending": lambda: sending.rows(sending.run(rounds, mails, console.print)),
        "reading": lambda: reading.rows(reading.run(rounds, min(mails, MOST_READ), console.print)),
        "idle": lambda: _idle(scale, seconds),
        "sessions": lambda: _sessions(rounds, scale),
        "assigning": lambda: assigning.rows(assigning.run(rounds, console.print)),
        "mqtt": lambda: broker.rows(broker.run(rounds, console.print)),
        "api": lambda: api.rows(api.run(min(seconds, 20.0), console.print)),
    }
    rows = [row for one in chosen for row in measured[one]()]
    merge(rows)
    console.print(row_table(rows))


def _require(chosen: Sequence[str]) -> None:
    """Raises ClickException where a peer is not installed."""
    lacking = [missing()] if {"receiving", "imap", "idle", "api"}.intersection(chosen) else []
    lacking += [sending.missing()] if "sending" in chosen else []
    if any(lacking):
        raise click.ClickException(f"the peers are not all here; as root: {'; '.join(filter(None, lacking))}")


def _sessions(rounds: int, scale: float) -> Sequence[Row]:
    many = many_sessions.run(int(many_sessions.SESSIONS * scale), console.print)
    return [*deciding.rows(LIVES, rounds, console.print), *many_sessions.rows(many)]


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
