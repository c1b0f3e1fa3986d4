"""Lists for people and for programs: a table on a terminal, tab-separated lines in a pipe, JSON where it is asked for.

What came by mail or from a server is printed so that no terminal obeys it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

KIB = 1024


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str]], nothing: str) -> None:
    """Print the rows under their columns; where there are none, `nothing` on standard error."""
    listed = [[harmless(cell) for cell in row] for row in rows]
    if not listed:
        click.echo(nothing, err=True)
        return
    console = Console(highlight=False)
    if not console.is_terminal:
        for row in listed:
            click.echo("\t".join(row))
        return
    table = Table(*columns)
    for row in listed:
        table.add_row(*(Text(cell, overflow="fold") for cell in row))
    console.print(table)


def show_json(value: Any) -> None:  # noqa: ANN401 whatever structs are printed
    """Print a value as JSON in ASCII, so that a terminal shows it as it is."""
    click.echo(json.dumps(msgspec.to_builtins(value), indent=2, ensure_ascii=True))


def harmless(text: str, *, keeping: str = "") -> str:
    """The text with every character that is not printable written as an escape, but for those in `keeping`."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in keeping else _escaped(char) for char in text)


def moment(at: datetime | None) -> str:
    """A time for people: UTC to the second, a hyphen where there is none."""
    return at.strftime("%Y-%m-%d %H:%M:%SZ") if at else "-"


def octets(size: int) -> str:
    """A size for people."""
    if size < KIB:
        return f"{size} B"
    return f"{size / KIB:.0f} kB" if size < KIB * KIB else f"{size / KIB / KIB:.1f} MB"


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
