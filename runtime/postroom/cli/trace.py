"""`postroom mail trace`: every verdict on a stored mail and every decision in its conversation, asked of the daemon."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from postroom.api.operator.trace import MOST, Decided, Traced
from postroom.cli.daemon import Daemon
from postroom.cli.explain import COLUMNS, Row
from postroom.cli.mail_id import as_id
from postroom.cli.options import config_option, json_option
from postroom.cli.table import harmless, moment, show_json, show_table


@click.command()
@click.argument("mail", metavar="ID", callback=as_id)
@config_option
@json_option
def trace(mail: str, folder: Path, as_json: bool) -> None:
    """Show every verdict on a stored mail, then what was decided in its conversation, in order."""
    found = Daemon(folder).get(f"/mails/{mail}/trace", Traced)
    if as_json:
        show_json(found)
        return
    click.echo(harmless(f"{found.mail} of {found.tenant}: {found.subject or '(no subject)'}"))
    show_table(COLUMNS, rows(found), "Nothing was decided about this mail.")
    if found.more:
        click.echo(f"The conversation has older decisions than these {MOST}.", err=True)


def rows(found: Traced) -> Iterator[Row]:
    """The mail's own verdicts, then the conversation's decisions."""
    for line in found.trace:
        yield line.step.replace("_", " "), line.verdict, line.evidence
    yield "outcome", found.outcome, f"conversation {found.conversation}" if found.conversation else ""
    for one in found.decisions:
        yield moment(one.at), _moved(one), "; ".join(part for part in (one.details, *one.effects) if part)


def _moved(one: Decided) -> str:
    event = one.event.replace("_", " ")
    return f"{event}: {one.before}" if one.before == one.after else f"{event}: {one.before} -> {one.after}"
