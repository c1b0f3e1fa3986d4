"""The `postroom` command: its verbs, each in a file of its own."""

from __future__ import annotations

import click

from postroom import __version__
from postroom.cli.audit import audit
from postroom.cli.certificates import certificates
from postroom.cli.channels import channels
from postroom.cli.check import check
from postroom.cli.demo import demo
from postroom.cli.gateways import gateways
from postroom.cli.init import init
from postroom.cli.mail import mail
from postroom.cli.migrate import migrate
from postroom.cli.moving import export, import_
from postroom.cli.options import json_option
from postroom.cli.pause import pause, resume
from postroom.cli.queues import agents, queues
from postroom.cli.run import run
from postroom.cli.simulate import simulate
from postroom.cli.statistics import statistics
from postroom.cli.table import show_json
from postroom.cli.users import users


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="postroom %(version)s")
def postroom() -> None:
    """Postroom: an email channel runtime for contact centres."""


@click.command()
@json_option
def version(as_json: bool) -> None:
    """Print which release this is."""
    if as_json:
        show_json({"version": __version__})
    else:
        click.echo(f"postroom {__version__}")


for verb in (
    agents,
    audit,
    certificates,
    channels,
    check,
    demo,
    export,
    gateways,
    import_,
    init,
    mail,
    migrate,
    pause,
    queues,
    resume,
    run,
    simulate,
    statistics,
    users,
    version,
):
    postroom.add_command(verb)
