"""`postroom simulate`: a mailbox run through the rules on a virtual clock, and what every session would have done.

Nothing is sent and nothing of the service is touched: the house that is simulated is gone when it is told.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.progress import Progress

from postroom.cli.built_in import valid
from postroom.cli.daemon import Failed
from postroom.cli.exits import EXIT_CONFIGURATION
from postroom.cli.explain import as_moment
from postroom.cli.options import json_option
from postroom.cli.simulated import show_course, show_summary, without_addresses
from postroom.cli.table import show_json
from postroom.errors import ConfigurationError, PermanentError
from postroom.observability.logs import configure
from postroom.settings.schema import Generation
from postroom.settings.units import seconds

if TYPE_CHECKING:
    from postroom.cli.mailbox import Mailbox
    from postroom.wiring.simulation.run import Arriving, Simulated, Wanted

AFTER_THE_LAST = timedelta(days=7)
"""How long the clock goes on after the last mail where nobody says."""
LONGEST = 30 * 86_400.0


class Chosen(TypedDict):
    """What may be chosen of a run; times without a zone are in the first tenant's."""

    since: datetime | None
    until: datetime | None
    answer_after: timedelta | None
    gateway: str | None
    addresses: bool


def _as_agents(_: click.Context, __: click.Parameter, value: tuple[str, str] | None) -> timedelta | None:
    """After how long agents answer; None where there are none."""
    if value is None:
        return None
    verb, words = value
    wait = seconds(words)
    if verb != "answer-after":
        raise click.BadParameter(f"{verb!r} is nothing agents do here; write --agents answer-after 2h")
    if wait is None or not 0 < wait <= LONGEST:
        raise click.BadParameter(f"{words!r} is no time like 30m or 2h, of at most 30 days")
    return timedelta(seconds=wait)


@click.command()
@click.option(
    "--config",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    required=True,
    metavar="DIR",
    help="The configuration folder.",
)
@click.option(
    "--mbox",
    "mailbox",
    type=click.Path(path_type=Path, exists=True),
    required=True,
    metavar="FILE",
    help="A mailbox file, a Maildir, or a folder of .eml files.",
)
@click.option("--from", "since", callback=as_moment, metavar="TIME", help="Leave out mails from before.")
@click.option("--to", "until", callback=as_moment, metavar="TIME", help="Stop then; else a week after the last mail.")
@click.option(
    "--agents",
    "answer_after",
    nargs=2,
    callback=_as_agents,
    metavar="answer-after TIME",
    help="Let agents take what is offered and answer after so much work time; else nobody works.",
)
@click.option("--gateway", metavar="NAME", help="As if every mail came by that receiving gateway.")
@click.option("--addresses", is_flag=True, help="Show customers' whole addresses, not their domains alone.")
@json_option
def simulate(folder: Path, mailbox: Path, *, as_json: bool, **chosen: Unpack[Chosen]) -> None:
    """Run the mails of a mailbox through the rules, each at the time it came, and tell what would have happened.

    Nobody works and no robot answers unless it is asked for, and channels in shadow mode are taken as live.
    """
    from postroom.cli.mailbox import read_mailbox
    from postroom.wiring.simulation.run import Wanted

    configure("error", "auto")
    generation = valid(folder)
    try:
        found = read_mailbox(mailbox)
    except PermanentError as error:
        raise Failed(str(error)) from error
    zone = ZoneInfo(generation.tenants[0].parameters.time_zone) if generation.tenants else UTC
    mails = _between(found, _aware(chosen["since"], zone), _aware(chosen["until"], zone))
    if not mails:
        raise Failed(f"{mailbox} holds no mail of that time")
    ends = _aware(chosen["until"], zone) or max(mail.at for mail in mails) + AFTER_THE_LAST
    wanted = Wanted(until=ends, gateway=chosen["gateway"], answer_after=chosen["answer_after"])
    simulated = _run(generation, mails, wanted, folder)
    simulated = simulated if chosen["addresses"] else without_addresses(simulated)
    for oddity in found.oddities:
        click.echo(f"{mailbox}: {oddity}", err=True)
    if as_json:
        show_json({"schema": "postroom.simulation/1", "oddities": found.oddities, "simulated": simulated})
        return
    show_course(simulated, generation)
    show_summary(simulated, mails, zone)


def _run(generation: Generation, mails: Sequence[Arriving], wanted: Wanted, folder: Path) -> Simulated:
    from postroom.wiring.simulation.run import run_through

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("mails", total=len(mails))
        try:
            return asyncio.run(run_through(generation, mails, wanted, lambda n: progress.update(task, completed=n)))
        except ConfigurationError as error:
            if wanted.gateway is not None:
                raise click.UsageError(str(error)) from error
            click.echo(f"postroom: {folder}: {error}", err=True)
            sys.exit(EXIT_CONFIGURATION)


def _between(found: Mailbox, since: datetime | None, until: datetime | None) -> list[Arriving]:
    return [mail for mail in found.mails if (since is None or mail.at >= since) and (until is None or mail.at <= until)]


def _aware(at: datetime | None, zone: tzinfo) -> datetime | None:
    return at if at is None or at.tzinfo is not None else at.replace(tzinfo=zone)
