"""`postroom import` and `postroom export`: tenants' settings from files into the store, and out of it into files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click

from postroom.api.operator.settings import ImportBody
from postroom.cli.daemon import Failed, configured
from postroom.cli.importing import import_into, show_imported
from postroom.cli.options import config_option, json_option
from postroom.cli.output import counted
from postroom.settings.moving import Moved, taken_out
from postroom.settings.references import files_beside
from postroom.settings.secrets import PLACEHOLDER

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command("import")
@click.argument("source", metavar="DIR", type=_FOLDER)
@config_option
@json_option
@click.option("--dry-run", is_flag=True, help="Only check, and say what would change.")
def import_(source: Path, folder: Path, as_json: bool, dry_run: bool) -> None:
    """Take the tenants in DIR/tenants into the store, as new versions: all of them, or none.

    A tenant of the store that DIR does not name stays as it is. Secrets are read where DIR says, and kept sealed.
    Where the daemon runs it does it, and the settings are in force at once.
    """
    show_imported(import_into(folder, ImportBody(path=str(source.resolve()), dry_run=dry_run)), as_json=as_json)


@click.command()
@click.argument("target", metavar="DIR", type=_FOLDER)
@config_option
def export(target: Path, folder: Path) -> None:
    """Write the settings into DIR as files that `postroom check` accepts; DIR must be new or empty.

    No password is written: each is a file below DIR/secrets that has to be filled in.
    """
    generation = configured(folder)
    moved = taken_out(generation)
    if target.exists() and any(target.iterdir()):
        raise Failed(f"{target} is not empty: nothing was written")
    try:
        _write_all(target, moved)
        _copy(folder, target, files_beside(generation.tenants))
    except OSError as error:
        raise Failed(f"{error.filename or target} cannot be written: {error.strerror}") from error
    click.echo(f"Written: {counted(len(moved.texts), 'file')} in {target}.")
    for secret in moved.secrets:
        click.echo(f"To be filled in, one line: {target / secret}")


def _write_all(target: Path, moved: Moved) -> None:
    for name, text in moved.texts:
        _write(target / name, text.encode(), 0o644)
    for name in moved.secrets:
        _write(target / name, f"{PLACEHOLDER}\n".encode(), 0o600)


def _copy(folder: Path, target: Path, named: Sequence[str]) -> None:
    """Files that settings name go with them, but for those that are named wherever they are."""
    for one in named:
        source, copy = folder / one, target / one
        if not Path(one).is_absolute() and ".." not in Path(one).parts and source.is_file() and not copy.exists():
            _write(copy, source.read_bytes(), 0o644)


def _write(file: Path, content: bytes, mode: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o755 if mode & 0o044 else 0o700)
    # O_EXCL: a file that came meanwhile is not overwritten
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as opened:
        opened.write(content)
