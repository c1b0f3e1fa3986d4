"""`postroom migrate`: brings the store's database up to this release, while no daemon runs on it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from postroom.cli.exits import EXIT_CONFIGURATION, EXIT_FAILED
from postroom.cli.options import config_option
from postroom.cli.output import show_problems
from postroom.errors import PostroomError
from postroom.settings.load import load
from postroom.store.migrations import migrate_folder


@click.command()
@config_option
def migrate(folder: Path) -> None:
    """Bring the database of the configuration in DIR up to this release; the daemon must be stopped.

    Ends with 0 where it is up to date, 78 where the configuration is not valid, and 1 where it cannot be done.
    """
    loaded = load(folder)
    if loaded.generation is None:
        show_problems(loaded, err=True)
        sys.exit(EXIT_CONFIGURATION)
    store = Path(loaded.generation.folder) / loaded.generation.process.store.folder
    try:
        before, after = migrate_folder(store)
    except PostroomError as error:
        click.echo(f"postroom: {error}", err=True)
        sys.exit(EXIT_FAILED)
    click.echo(f"{store}: schema {before} -> {after}" if before != after else f"{store}: schema {after}, up to date")
