"""`postroom audit`: whether the audit log of the running daemon is still what was written."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from postroom.api.operator.audit import Verdicts
from postroom.cli.daemon import Daemon
from postroom.cli.exits import EXIT_FAILED
from postroom.cli.options import config_option, json_option
from postroom.cli.table import moment, show_json, show_table
from postroom.ports.audit import ChainVerdict

COLUMNS = ("tenant", "acts", "not chained", "state", "ends with")


@click.group()
def audit() -> None:
    """Who did what."""


@audit.command()
@click.argument("tenant", required=False)
@config_option
@json_option
def verify(tenant: str | None, folder: Path, as_json: bool) -> None:
    """Look whether every act is what was written, of TENANT or of all; names the first broken one and ends with 1.

    Note what a chain ends with elsewhere: who can write the whole database can also write the whole chain anew.
    """
    found = Daemon(folder).get("/audit/verify", Verdicts, {"tenant": tenant} if tenant else None)
    if as_json:
        show_json(found)
    else:
        show_table(COLUMNS, map(_row, found.tenants), "There is no act.")
        for one in found.tenants:
            if one.why:
                click.echo(f"{one.tenant}: {_where(one)}{one.why}", err=True)
    if any(one.why for one in found.tenants):
        sys.exit(EXIT_FAILED)


def _row(one: ChainVerdict) -> Sequence[str]:
    return one.tenant, str(one.acts), str(one.unchained), "broken" if one.why else "whole", one.last[:16]


def _where(one: ChainVerdict) -> str:
    act = one.broken
    return f"act {act.seq} of {moment(act.at)}, {act.act} by {act.actor}: " if act is not None else ""
