"""`postroom channels`: what channels there are, one with all its keys, and files of them out and in."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console
from rich.progress import track

from postroom.api.operator.settings import ImportBody
from postroom.cli.daemon import Failed, configured
from postroom.cli.importing import import_into, show_imported
from postroom.cli.options import config_option, json_option
from postroom.cli.output import counted
from postroom.cli.table import show_json, show_table
from postroom.settings.channel_file import PART, parts_of
from postroom.settings.channel_records import MOST_RECORDS, record_of
from postroom.settings.schema import Channel, Generation, Tenant

COLUMNS = ("channel", "receiving", "sending", "queue", "mode", "addresses")
_FILE = click.Path(path_type=Path, dir_okay=False)
tenant_option = click.option("--tenant", help="Whose; needed where there are several.")


@click.group()
def channels() -> None:
    """Email channels as they are set."""


@channels.command("list")
@config_option
@json_option
def list_channels(folder: Path, as_json: bool) -> None:
    """List every channel."""
    found = list(_all(configured(folder)))
    if as_json:
        show_json({"channels": [{"tenant": tenant.name, **record_of(one)} for tenant, one in found]})
    else:
        show_table(COLUMNS, (_row(tenant, one) for tenant, one in found), "There is no channel.")


def _all(generation: Generation) -> Iterator[tuple[Tenant, Channel]]:
    return ((tenant, channel) for tenant in generation.tenants for channel in tenant.channels)


def _row(tenant: Tenant, one: Channel) -> tuple[str, ...]:
    mode = f"{one.mode}, retired" if one.retired else one.mode
    name = f"{tenant.name}/{one.name}"
    return name, one.receiving_gateway, one.sending_gateway, one.skill_queue, mode, " ".join(one.addresses)


@channels.command()
@click.argument("name")
@config_option
@tenant_option
def show(name: str, folder: Path, tenant: str | None) -> None:
    """Print the channel NAME with every key, as JSON."""
    space = one_tenant(configured(folder), tenant)
    found = space.channel(name)
    if found is None:
        raise Failed(f"tenant {space.name} has no channel {name!r}")
    show_json(record_of(found))


@channels.command("export")
@click.argument("file", type=_FILE)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@config_option
@tenant_option
@click.option("--form", type=click.Choice(("jsonl", "csv")), default="jsonl", show_default=True)
def export_channels(file: Path, names: tuple[str, ...], folder: Path, tenant: str | None, form: str) -> None:
    """Write the channels NAME, or all, into FILE: a zip of parts of 2,000, without any password."""
    wanted = _selected(one_tenant(configured(folder), tenant), names)
    records = [record_of(one) for one in wanted]
    try:
        with zipfile.ZipFile(file, "x", zipfile.ZIP_DEFLATED) as packed:
            parts = -(-len(records) // PART)
            progress = Console(stderr=True)
            shown = track(
                parts_of(records, form), "Exporting", parts, console=progress, disable=not progress.is_terminal
            )
            for name, content in shown:
                packed.writestr(name, content)
    except OSError as error:
        raise Failed(f"{file} cannot be written: {error.strerror}") from error
    click.echo(f"Written: {counted(len(records), 'channel')} in {file}.")


@channels.command("import")
@click.argument("file", type=_FILE)
@config_option
@json_option
@tenant_option
@click.option("--dry-run", is_flag=True, help="Only check, and say what would change.")
def import_channels(file: Path, folder: Path, as_json: bool, tenant: str | None, dry_run: bool) -> None:
    """Take the channels in FILE into the store: a zip of an export, or one of its parts; all of them, or none."""
    space = one_tenant(configured(folder), tenant)
    body = ImportBody(path=str(file.resolve()), tenant=space.name, dry_run=dry_run)
    show_imported(import_into(folder, body), as_json=as_json)


def one_tenant(generation: Generation, name: str | None) -> Tenant:
    """The tenant that is meant. Raises Failed where that is not clear."""
    found = generation.tenant(name) if name else generation.tenants[0] if len(generation.tenants) == 1 else None
    if found is None:
        there = ", ".join(tenant.name for tenant in generation.tenants) or "none"
        raise Failed(f"say whose with --tenant: there is {there}")
    return found


def _selected(tenant: Tenant, names: tuple[str, ...]) -> list[Channel]:
    unknown = [name for name in names if tenant.channel(name) is None]
    if unknown:
        raise Failed(f"tenant {tenant.name} has no channel {', '.join(unknown)}")
    wanted = [one for one in tenant.channels if not names or one.name in names]
    if len(wanted) > MOST_RECORDS:
        raise Failed(f"{len(wanted):,} channels are selected, and one file holds at most {MOST_RECORDS:,}")
    return wanted
