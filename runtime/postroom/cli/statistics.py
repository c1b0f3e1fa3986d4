"""`postroom statistics`: figures of channels, queues and agents over a span of time; the daemon counts them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from postroom.api.figures import Figures, Service
from postroom.cli.daemon import Daemon
from postroom.cli.options import config_option, json_option
from postroom.cli.report.wording import NONE, duration, number, share
from postroom.cli.table import show_json, show_table

COLUMNS = (
    "of", "name", "mails", "sessions", "replies", "answered", "first response p50", "p90", "p99", "in time",
    "transfers", "missed offers", "handled", "handling time", "waiting or open",
)  # fmt: skip


@click.command()
@config_option
@json_option
@click.option("--tenant", help="Whose; needed where there are several.")
@click.option("--since", help="The beginning, as in 2026-03-02T00:00:00Z; else a day before the end.")
@click.option("--until", help="The end, not part of it; else now.")
def statistics(folder: Path, as_json: bool, tenant: str | None, since: str | None, until: str | None) -> None:
    """Show what came, was answered and waits, a row a channel, a queue and an agent; of at most 92 days."""
    named = {"tenant": tenant, "since": since, "until": until}
    found = Daemon(folder).get("/statistics", Figures, {name: value for name, value in named.items() if value})
    if as_json:
        show_json(found)
    else:
        show_table(COLUMNS, _rows(found), "There is nothing to count.")


def _rows(found: Figures) -> Iterator[tuple[str, ...]]:
    for one in found.channels:
        mails, replies = number(one.mails), number(one.replies + one.automatic)
        yield _row("channel", one.channel, (mails, number(one.sessions), replies), one.service, one.waiting)
    for queue in found.queues:
        yield _row("queue", queue.queue, (NONE, number(queue.sessions), NONE), queue.service, queue.waiting)
    for agent in found.agents:
        yield _row("agent", agent.agent, (NONE, NONE, number(agent.replies)), agent.service, agent.open)


def _row(of: str, name: str, came: tuple[str, str, str], done: Service, now: int) -> tuple[str, ...]:
    first = done.first_response
    return (
        of,
        name,
        *came,
        number(done.answered),
        *(duration(value) for value in (first.p50, first.p90, first.p99)),
        share(done.in_time),
        number(done.transfers),
        number(done.missed_offers),
        number(done.handled),
        duration(done.handling_time / done.handled if done.handled else None),
        number(now),
    )
