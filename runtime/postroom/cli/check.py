"""`postroom check`: every problem of a configuration at once; with `--connect`, whether its gateways answer too.

It changes nothing, neither here nor in a mailbox.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import click

from postroom.cli.exits import EXIT_CONFIGURATION, EXIT_FAILED
from postroom.cli.options import config_option
from postroom.cli.output import counted, show_connections, show_problems
from postroom.ports.gateways import GatewayStatus
from postroom.settings.load import load
from postroom.settings.schema import Generation

Connect = Callable[[Generation], Awaitable[Sequence[tuple[str, str, str, str]]]]
"""Signs in to each gateway of a generation: its name, kind, status, and why in words; raises for no server."""


@click.command()
@config_option
@click.option("--connect", "is_connecting", is_flag=True, help="Log in to each gateway and say how it went.")
@click.pass_obj
def check(connect: Connect | None, folder: Path, is_connecting: bool) -> None:
    """Check the configuration in DIR and name every problem with its file, line, key and rule.

    Ends with 0 where it is valid, 78 where it is not, and 1 where a gateway does not answer as it should.
    """
    loaded = load(folder)
    show_problems(loaded)
    if loaded.generation is None:
        sys.exit(EXIT_CONFIGURATION)
    if is_connecting:
        sys.exit(asyncio.run(_connected(connect or _wired(), loaded.generation)))


def _wired() -> Connect:
    # only for --connect: checking files alone needs no web server and no store
    from postroom.wiring import connect

    return connect


async def _connected(connect: Connect, generation: Generation) -> int:
    connections = await connect(generation)
    show_connections(connections)
    failed = sum(status != GatewayStatus.CONNECTION_SUCCEEDED.value for _, _, status, _ in connections)
    if failed:
        click.echo(f"{counted(failed, 'gateway')} of {len(connections)} did not connect.")
    else:
        click.echo(f"Every gateway connected ({len(connections)}).")
    return EXIT_FAILED if failed else 0
