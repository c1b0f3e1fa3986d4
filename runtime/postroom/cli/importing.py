"""Has settings taken into the store: by the daemon where one runs, else in the store itself."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click
import msgspec

from postroom.api.operator.settings import ImportBody, Imported, import_from
from postroom.cli.daemon import Daemon, Failed
from postroom.cli.output import counted
from postroom.cli.table import harmless, show_json
from postroom.errors import PostroomError
from postroom.observability.logs import configure
from postroom.settings.load import load_process


def import_into(folder: Path, body: ImportBody) -> Imported:
    """Take in what is asked. Raises Failed, with nothing changed."""
    process, _ = load_process(folder)
    if not process.settings.is_store:
        where = folder / "postroom.yaml"
        raise Failed(f"{where} says `settings.source: files`: only with `store` there is a store to import into")
    daemon = Daemon(folder)
    if daemon.is_there():
        return daemon.post("/settings/import", Imported, msgspec.to_builtins(body))
    configure("error", "auto")
    return asyncio.run(_at_rest(folder, body))


async def _at_rest(folder: Path, body: ImportBody) -> Imported:
    # only here: a running daemon does it itself
    from postroom.wiring.settings import settings_at_rest

    try:
        async with settings_at_rest(folder) as taking:
            return await import_from(taking, body)
    except PostroomError as error:
        raise Failed(str(error)) from error


def show_imported(found: Imported, *, as_json: bool) -> None:
    """Print what changed."""
    if as_json:
        show_json(found)
        return
    for one in found.tenants:
        click.echo(f"{one.tenant}: version {one.version}, {counted(len(one.changes), 'change')}")
        for change in one.changes:
            click.echo(harmless(f"  {change.what} {change.path} {' '.join(change.keys)}".rstrip()))
    if not found.tenants:
        click.echo("Nothing differs from what is there.")
    elif found.dry_run:
        click.echo("Nothing was changed: this was a dry run.")
