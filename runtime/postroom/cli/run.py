"""`postroom run`: the daemon, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import click
import structlog
import uvloop

from postroom.cli.exits import EXIT_CONFIGURATION
from postroom.cli.output import show_problems
from postroom.errors import PostroomError
from postroom.observability.logs import configure
from postroom.settings.compile import revealed
from postroom.settings.load import load
from postroom.settings.schema import Generation
from postroom.wiring import Runtime

log = structlog.get_logger(__name__)


@click.command()
@click.option("--config", "folder", type=click.Path(path_type=Path), default=Path("config"), show_default=True)
def run(folder: Path) -> None:
    """Run the service on the configuration in DIR; SIGTERM drains it and ends it."""
    loaded = load(folder)
    show_problems(loaded, err=True)
    if loaded.generation is None:
        sys.exit(EXIT_CONFIGURATION)
    logging = Logging()
    logging.follow(loaded.generation)
    try:
        uvloop.run(_serve(Runtime(loaded.generation, logging.follow)))
    except PostroomError as error:
        click.echo(f"postroom: {error}", err=True)
        sys.exit(1)


class Logging:
    """Logs as the generation in force says; no secret of it, or of one before, stands in them."""

    def __init__(self) -> None:
        self._secrets: frozenset[str] = frozenset()

    def follow(self, generation: Generation) -> None:
        """Raises ConfigurationError where a secret is not there."""
        self._secrets |= frozenset(revealed(generation))
        logs = generation.process.logs
        configure(logs.level, logs.format, known_secrets=lambda: self._secrets)


async def _serve(runtime: Runtime) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await runtime.run(stopping)
