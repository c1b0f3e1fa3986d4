"""`postroom mail`: mails that wait for a person, and what he does with one; the daemon does it, this verb asks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import BinaryIO

import click

from postroom.api.operator.mails import MOST, Ended, MailDetail, MailLines
from postroom.cli.daemon import Daemon, Failed
from postroom.cli.exits import EXIT_FAILED
from postroom.cli.explain import explain
from postroom.cli.mail_id import as_id
from postroom.cli.options import config_option, json_option
from postroom.cli.table import harmless, moment, octets, show_json, show_table
from postroom.cli.trace import trace

COLUMNS = ("id", "first seen", "gateway", "size", "from", "subject", "reason")

id_argument = click.argument("receipt", metavar="ID", callback=as_id)
raw_option = click.option(
    "--raw", "raw_file", type=click.File("wb"), help="Save the mail's bytes in this file instead; - prints them."
)
tenant_option = click.option("--tenant", help="Only mails of this tenant.")
limit_option = click.option(
    "--limit", type=click.IntRange(1, MOST), default=50, show_default=True, help="How many at most, the newest."
)


@click.group()
def mail() -> None:
    """Mails: what would become of one, what became of one, and those that wait for a person."""


mail.add_command(explain)
mail.add_command(trace)


@mail.group()
def quarantine() -> None:
    """Mails that could not be read: look at them, have them read again, or let them go on unread."""


@quarantine.command("list")
@config_option
@json_option
@tenant_option
@limit_option
def list_quarantine(folder: Path, as_json: bool, tenant: str | None, limit: int) -> None:
    """List the mails in quarantine, newest first."""
    _list(folder, "quarantined", tenant, limit, as_json=as_json)


@mail.command()
@config_option
@json_option
@tenant_option
@limit_option
def oversize(folder: Path, as_json: bool, tenant: str | None, limit: int) -> None:
    """List the mails over their gateway's max_message_size, which stay on the server."""
    _list(folder, "oversize", tenant, limit, as_json=as_json)


@mail.command()
@config_option
@json_option
@tenant_option
@limit_option
def unrouted(folder: Path, as_json: bool, tenant: str | None, limit: int) -> None:
    """List the mails no notification route matched."""
    _list(folder, "unrouted", tenant, limit, as_json=as_json)


def _list(folder: Path, outcome: str, tenant: str | None, limit: int, *, as_json: bool) -> None:
    query: dict[str, str | int] = {"outcome": outcome, "limit": limit}
    found = Daemon(folder).get("/mails", MailLines, query | ({"tenant": tenant} if tenant is not None else {}))
    if as_json:
        show_json(found)
        return
    rows = (
        (
            one.id,
            moment(one.first_seen_at),
            one.gateway,
            octets(one.size),
            one.sender or "",
            one.subject or "",
            one.reason,
        )
        for one in found.mails
    )
    show_table(COLUMNS, rows, f"No mail is {outcome}.")
    if found.more:
        click.echo(f"There are more than these {limit}: --limit shows up to {MOST}.", err=True)


@mail.command()
@id_argument
@click.option("--channel", required=True, help="The channel that shall have it.")
@config_option
@json_option
def route(receipt: str, channel: str, folder: Path, as_json: bool) -> None:
    """Give one mail that no route matched to a channel, whose rules it goes through as if a route had."""
    ended = Daemon(folder).post(f"/mails/{receipt}/route", Ended, {"channel": channel})
    if as_json:
        show_json(ended)
    else:
        click.echo(_said(ended))


@quarantine.command("show")
@id_argument
@config_option
@json_option
@raw_option
def show_quarantined(receipt: str, folder: Path, as_json: bool, raw_file: BinaryIO | None) -> None:
    """Show one mail: why it is here, and its header as it came."""
    _show(receipt, folder, raw_file, as_json=as_json)


@mail.command("show")
@id_argument
@config_option
@json_option
@raw_option
def show_any(receipt: str, folder: Path, as_json: bool, raw_file: BinaryIO | None) -> None:
    """Show one mail of any list: its outcome, its decision trace, and its header as it came."""
    _show(receipt, folder, raw_file, as_json=as_json)


def _show(receipt: str, folder: Path, raw_file: BinaryIO | None, *, as_json: bool) -> None:
    daemon = Daemon(folder)
    if raw_file is not None:
        raw = daemon.octets(f"/mails/{receipt}/raw")
        # Only now is the file opened: a mail that cannot be had leaves what was there.
        raw_file.write(raw)
        return
    found = daemon.get(f"/mails/{receipt}", MailDetail)
    if as_json:
        show_json(found)
        return
    for name, value in _facts(found):
        click.echo(f"{name + ':':<13} {harmless(value)}")
    for line in found.trace:
        click.echo(f"  {harmless(line.step)}: {harmless(line.verdict)}  {harmless(line.evidence)}".rstrip())
    click.echo()
    click.echo("The bytes of this mail are gone." if found.header is None else _header(found.header))
    if found.header_is_cut:
        click.echo("... (the header goes on; --raw has it all)")


def _facts(found: MailDetail) -> tuple[tuple[str, str], ...]:
    line = found.line
    return (
        ("id", line.id),
        ("gateway", line.gateway),
        ("name there", found.uid),
        ("first seen", moment(line.first_seen_at)),
        ("size", f"{line.size} octets"),
        ("sha256", found.sha256),
        ("outcome", line.outcome or "none yet"),
        ("reason", line.reason or "-"),
        ("readings", str(line.attempts)),
        ("conversation", found.conversation or "-"),
    )


def _header(header: str) -> str:
    return harmless(header.replace("\r\n", "\n"), keeping="\n\t").rstrip("\n")


@quarantine.command()
@id_argument
@config_option
@json_option
def retry(receipt: str, folder: Path, as_json: bool) -> None:
    """Have one mail read again, and settled as it would have been; ends with 1 where it stays in quarantine."""
    _act(folder, receipt, "retry", as_json=as_json)


@quarantine.command()
@id_argument
@config_option
@json_option
def release(receipt: str, folder: Path, as_json: bool) -> None:
    """Let one mail go on unread: its channel serves or files it by its header, and the mail is attached as it came."""
    _act(folder, receipt, "release", as_json=as_json)


def _act(folder: Path, receipt: str, verb: str, *, as_json: bool) -> None:
    ended = Daemon(folder).post(f"/mails/{receipt}/{verb}", Ended)
    if as_json:
        show_json(ended)
    elif ended.outcome != "quarantined":
        click.echo(_said(ended))
    else:
        raise Failed(f"{ended.id} stays in quarantine: {harmless(ended.reason)}")
    sys.exit(EXIT_FAILED if ended.outcome == "quarantined" else 0)


def _said(ended: Ended) -> str:
    return f"{ended.id}: {ended.outcome}{f' ({harmless(ended.reason)})' if ended.reason else ''}"
