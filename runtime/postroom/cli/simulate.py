"""`postroom simulate`: mails run through the rules on a virtual clock, and what every session would have done.

The mails are those of a mailbox, or of a day that is made up. Nothing is sent and nothing of the service is touched:
the house that is simulated is gone when it is told.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.progress import Progress

from postroom.cli.built_in import valid
from postroom.cli.built_in_day import day_folder
from postroom.cli.daemon import Failed
from postroom.cli.exits import EXIT_CONFIGURATION
from postroom.cli.explain import as_moment
from postroom.cli.options import json_option
from postroom.cli.report.page import Heading, page
from postroom.cli.report.tables import show_figures
from postroom.cli.simulated import show_course, show_summary, without_addresses
from postroom.cli.table import show_json
from postroom.errors import ConfigurationError, PermanentError
from postroom.observability.logs import configure
from postroom.settings.schema import Generation
from postroom.settings.units import seconds

if TYPE_CHECKING:
    from postroom.cli.mailbox import Mailbox
    from postroom.wiring.simulation.house import Rooms
    from postroom.wiring.simulation.manners import Manner
    from postroom.wiring.simulation.run import Arriving, Simulated, Wanted

AFTER_THE_LAST = timedelta(days=7)
"""How long the clock goes on after the last mail where nobody says."""
LONGEST = 30 * 86_400.0
SCHEMA = "postroom.simulation/1"


class Chosen(TypedDict):
    """What may be chosen of a run; times without a zone are in the first tenant's."""

    since: datetime | None
    until: datetime | None
    answer_after: timedelta | None
    gateway: str | None
    addresses: bool
    robots: bool
    day: bool
    seed: int | None
    mails: int | None
    report: Path | None


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
    metavar="DIR",
    help="The configuration folder.",
)
@click.option(
    "--mbox",
    "mailbox",
    type=click.Path(path_type=Path, exists=True),
    metavar="FILE",
    help="A mailbox file, a Maildir, or a folder of .eml files.",
)
@click.option("--day", is_flag=True, help="Simulate a day of the built-in contact centre instead.")
@click.option("--seed", type=int, metavar="N", help="Which day; the same one is the same every time.  [default: 1]")
@click.option("--mails", type=click.IntRange(1, 100_000), metavar="N", help="Mails of that day.  [default: 5000]")
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
@click.option("--robots", is_flag=True, help="Let robots answer that need nothing but their own file.")
@click.option("--gateway", metavar="NAME", help="As if every mail came by that receiving gateway.")
@click.option("--addresses", is_flag=True, help="Show customers' whole addresses, not their domains alone.")
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    metavar="FILE.html",
    help="Write the figures as one page of HTML, and print them as tables.",
)
@json_option
def simulate(folder: Path | None, mailbox: Path | None, *, as_json: bool, **chosen: Unpack[Chosen]) -> None:
    """Run the mails of a mailbox through the rules, each at the time it came, and tell what would have happened.

    Nobody works and no robot answers unless it is asked for, and channels in shadow mode are taken as live. With --day
    the mails, the agents and the configuration are made up: 50 agents in shifts, 8 queues, and a robot.
    """
    configure("error", "auto")
    seed, mails = chosen["seed"], chosen["mails"]
    if chosen["day"]:
        if folder is not None or mailbox is not None:
            raise click.UsageError("--day has a configuration and mails of its own: leave --config and --mbox out")
        _simulate_day(seed or 1, mails or 5_000, chosen["report"], as_json=as_json)
        return
    if folder is None or mailbox is None:
        raise click.UsageError("say --config and --mbox, or --day")
    if seed is not None or mails is not None:
        raise click.UsageError("--seed and --mails are about the day that is made up: they go with --day")
    _simulate_mailbox(folder, mailbox, chosen, as_json=as_json)


def _simulate_day(seed: int, count: int, report: Path | None, *, as_json: bool) -> None:
    from postroom.wiring.simulation.day import a_day

    with day_folder() as folder:
        generation = valid(folder)
        mails, wanted = a_day(generation, seed, count)
        simulated = without_addresses(_run(generation, mails, wanted, folder))
    if as_json:
        show_json({"schema": SCHEMA, "oddities": (), "simulated": simulated})
    else:
        show_figures(simulated.figures)
    about = f"50 agents, 8 queues, a robot, {count} mails; the day of seed {seed}. All of it is made up."
    zone = ZoneInfo(generation.tenants[0].parameters.time_zone)
    _write(report, simulated, Heading(title="A day of a contact centre", about=about, zone=zone))


def _simulate_mailbox(folder: Path, mailbox: Path, chosen: Chosen, *, as_json: bool) -> None:
    from postroom.cli.mailbox import read_mailbox
    from postroom.wiring.simulation.run import Wanted

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
    manner = _manner(chosen["answer_after"])
    wanted = Wanted(until=ends, gateway=chosen["gateway"], manner=manner, robots=chosen["robots"])
    simulated = _run(generation, mails, wanted, folder)
    simulated = simulated if chosen["addresses"] else without_addresses(simulated)
    for oddity in found.oddities:
        click.echo(f"{mailbox}: {oddity}", err=True)
    if as_json:
        show_json({"schema": SCHEMA, "oddities": found.oddities, "simulated": simulated})
    else:
        show_course(simulated, generation)
        show_summary(simulated, mails, zone)
        if chosen["report"] is not None:
            show_figures(simulated.figures)
    heading = Heading(title="A mailbox, simulated", about=f"{mailbox.name} with {folder.name}", zone=zone)
    _write(chosen["report"], simulated, heading)


def _manner(answer_after: timedelta | None) -> Callable[[Rooms], Manner] | None:
    """How agents work: None where nobody does."""
    from postroom.wiring.simulation.manners import AnswerAfter

    if answer_after is None:
        return None
    return lambda rooms: AnswerAfter(rooms.in_force.policy, answer_after)


def _write(report: Path | None, simulated: Simulated, heading: Heading) -> None:
    if report is None:
        return
    try:
        report.write_text(page(simulated, heading), "utf-8")
    except OSError as error:
        raise Failed(f"{report} cannot be written: {error.strerror}") from error
    click.echo(f"The report is in {report}", err=True)


def _run(generation: Generation, mails: Sequence[Arriving], wanted: Wanted, folder: Path) -> Simulated:
    from postroom.wiring.simulation.run import run_through

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("mails", total=len(mails))

        async def told(_rooms: Rooms, taken: int) -> None:
            progress.update(task, completed=taken)

        try:
            return asyncio.run(run_through(generation, mails, wanted, told))
        except ConfigurationError as error:
            if wanted.gateway is not None:
                raise click.UsageError(str(error)) from error
            click.echo(f"postroom: {folder}: {error}", err=True)
            sys.exit(EXIT_CONFIGURATION)


def _between(found: Mailbox, since: datetime | None, until: datetime | None) -> list[Arriving]:
    return [mail for mail in found.mails if (since is None or mail.at >= since) and (until is None or mail.at <= until)]


def _aware(at: datetime | None, zone: tzinfo) -> datetime | None:
    return at if at is None or at.tzinfo is not None else at.replace(tzinfo=zone)
