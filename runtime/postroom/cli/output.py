"""Shows what is wrong with a configuration and how gateways are: colours on a terminal, plain lines in a pipe.

It decides nothing: exit codes are the verbs'.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from postroom.ports.gateways import GatewayStatus
from postroom.settings.load import Loaded
from postroom.settings.problem import Problem
from postroom.settings.schema import Generation


def show_problems(loaded: Loaded, *, err: bool = False) -> None:
    """Print every problem, then every warning, then how many there are."""
    console = _console(err=err)
    _list(console, loaded.problems, "red")
    if loaded.warnings:
        console.print(Text("Warnings:", style="bold"))
        _list(console, loaded.warnings, "yellow")
    _line(console, Text(_closing(loaded), style="bold red" if loaded.problems else "bold green"))


def show_connections(connections: Sequence[tuple[str, str, str, str]], *, err: bool = False) -> None:
    """Print a row for each gateway: its name, kind, status, and why in words."""
    console = _console(err=err)
    if not console.is_terminal:
        for row in connections:
            _line(console, Text("  ".join(row).rstrip()))
        return
    table = Table("gateway", "kind", "status", "in words")
    for name, kind, status, words in connections:
        is_well = status == GatewayStatus.CONNECTION_SUCCEEDED.value
        table.add_row(Text(name), Text(kind), Text(status, style="green" if is_well else "red"), Text(words))
    console.print(table)


def counted(number: int, thing: str) -> str:
    """Say how many there are: `1 problem`, `2 problems`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _console(*, err: bool) -> Console:
    return Console(stderr=err, highlight=False)


def _list(console: Console, problems: Iterable[Problem], style: str) -> None:
    for one in problems:
        place, key = f"{one.place}: ", f"{one.key}: " if one.key else ""
        rest = str(one)[len(place) + len(key) :]
        _line(console, Text.assemble((place, "dim"), (key, f"bold {style}"), rest))


def _line(console: Console, text: Text) -> None:
    console.print(text, soft_wrap=True)


def _closing(loaded: Loaded) -> str:
    warnings = counted(len(loaded.warnings), "warning")
    if loaded.generation is None:
        return f"The configuration is not valid: {counted(len(loaded.problems), 'problem')}, {warnings}."
    return f"The configuration is valid: {_contents(loaded.generation)}, {warnings}."


def _contents(generation: Generation) -> str:
    tenants = generation.tenants
    return ", ".join(
        counted(number, thing)
        for number, thing in (
            (len(tenants), "tenant"),
            (sum(len(tenant.gateways) for tenant in tenants), "gateway"),
            (sum(len(tenant.channels) for tenant in tenants), "channel"),
            (sum(len(tenant.agents) for tenant in tenants), "agent"),
        )
    )
