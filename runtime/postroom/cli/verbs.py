"""The `postroom` command: its verbs, each in a file of its own."""

from __future__ import annotations

import click

from postroom import __version__
from postroom.cli.check import check
from postroom.cli.demo import demo
from postroom.cli.init import init
from postroom.cli.migrate import migrate
from postroom.cli.run import run


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="postroom %(version)s")
def postroom() -> None:
    """Postroom: an email channel runtime for contact centres."""


for verb in (check, demo, init, migrate, run):
    postroom.add_command(verb)
