"""`postroom pause` and `postroom resume`: hold automatic mail, all sending or the intake back, and let go."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from postroom.api.operator.pauses import PauseView, PauseViews
from postroom.cli.daemon import Daemon
from postroom.cli.options import config_option, json_option
from postroom.cli.table import moment, show_json, show_table
from postroom.ports.pauses import Paused

COLUMNS = ("paused", "tenant", "by", "since")
_WHAT = click.Choice([what.value for what in Paused])
_tenant_option = click.option("--tenant", default="", metavar="NAME", help="Only this tenant; all of them without it.")


@click.command()
@click.argument("what", type=_WHAT, required=False)
@_tenant_option
@config_option
@json_option
def pause(what: str | None, tenant: str, folder: Path, as_json: bool) -> None:
    """Have the running daemon hold WHAT back, also after a restart; without WHAT, list what is held back.

    automatic: no automatic reply and no robot. sending: nothing leaves; what agents write waits, and automatic replies
    are not written. intake: mail waits on its servers; a session in hand is finished.
    """
    if what is None:
        _show(Daemon(folder).get("/paused", PauseViews), as_json=as_json)
    else:
        _show(Daemon(folder).post(_path("paused", what, tenant), PauseViews), as_json=as_json)


@click.command()
@click.argument("what", type=_WHAT)
@_tenant_option
@config_option
@json_option
def resume(what: str, tenant: str, folder: Path, as_json: bool) -> None:
    """Have the running daemon go on with WHAT; shows what is still held back."""
    _show(Daemon(folder).post(_path("resumed", what, tenant), PauseViews), as_json=as_json)


def _path(verb: str, what: str, tenant: str) -> str:
    return f"/{verb}/{what}/{tenant}" if tenant else f"/{verb}/{what}"


def _show(found: PauseViews, *, as_json: bool) -> None:
    if as_json:
        show_json(found)
    else:
        show_table(COLUMNS, (_row(one) for one in found.paused), "Nothing is paused.")


def _row(one: PauseView) -> Sequence[str]:
    return one.what.value, one.tenant or "(all)", one.by, moment(one.since)
