"""`postroom gateways`: how the running daemon finds its gateways, and what an operator does with them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import click
from msgspec.structs import replace

from postroom.api.operator.gateways import GatewayView, GatewayViews, TriedView
from postroom.cli.check import Connect
from postroom.cli.daemon import Daemon, configured
from postroom.cli.exits import EXIT_FAILED
from postroom.cli.options import config_option, json_option
from postroom.cli.output import counted, show_connections
from postroom.cli.table import harmless, moment, show_json, show_table
from postroom.ports.gateways import GatewayStatus
from postroom.settings.schema import Generation

COLUMNS = ("gateway", "kind", "status", "since", "last success", "mails left", "last error")


@click.group()
def gateways() -> None:
    """Mail servers that are collected from and sent through."""


@gateways.command("list")
@config_option
@json_option
def list_gateways(folder: Path, as_json: bool) -> None:
    """List how the running daemon finds each gateway."""
    found = Daemon(folder).get("/gateways", GatewayViews)
    if as_json:
        show_json(found)
    else:
        show_table(COLUMNS, (_row(one) for one in found.gateways), "There is no gateway.")


def _row(one: GatewayView) -> Sequence[str]:
    error = f"{one.last_error} ({moment(one.last_error_at)})" if one.last_error else ""
    left = "-" if one.mails_left is None else str(one.mails_left)
    status = (one.status or "not tried yet") + (", paused" if one.paused else "")
    return f"{one.tenant}/{one.name}", one.kind, status, moment(one.since), moment(one.last_success_at), left, error


@gateways.command()
@click.argument("name", required=False)
@config_option
@json_option
@click.pass_obj
def test(connect: Connect | None, name: str | None, folder: Path, as_json: bool) -> None:
    """Sign in to each gateway, or to NAME; ends with 1 where one does not answer as it should.

    The daemon does it where one runs. NAME is a gateway's name, or tenant/name. No mail is read, sent or deleted.
    """
    daemon = Daemon(folder)
    if daemon.is_there():
        tried = [daemon.post(f"/gateways/{one}/test", TriedView) for one in _names(daemon, name)]
    else:
        tried = asyncio.run(_tried(connect or _wired(), _only(configured(folder), name)))
    failed = sum(one.status != GatewayStatus.CONNECTION_SUCCEEDED.value for one in tried)
    if as_json:
        show_json({"gateways": tried})
    else:
        show_connections([(one.gateway, one.kind, one.status, harmless(one.words)) for one in tried])
        click.echo(f"{counted(failed, 'gateway')} of {len(tried)} did not connect." if failed else "All is well.")
    sys.exit(EXIT_FAILED if failed else 0)


@gateways.command()
@click.argument("name")
@config_option
@json_option
def rebuild(name: str, folder: Path, as_json: bool) -> None:
    """Have the running daemon connect NAME anew, now; ends with 1 where that does not succeed."""
    found = _turned(folder, name, "rebuild", as_json=as_json)
    sys.exit(0 if found.status == GatewayStatus.CONNECTION_SUCCEEDED.value else EXIT_FAILED)


@gateways.command()
@click.argument("name")
@config_option
@json_option
def disconnect(name: str, folder: Path, as_json: bool) -> None:
    """Have the running daemon use NAME no more until it is rebuilt, also after a restart."""
    _turned(folder, name, "disconnect", as_json=as_json)


def _turned(folder: Path, name: str, verb: str, *, as_json: bool) -> GatewayView:
    daemon = Daemon(folder)
    names = _names(daemon, name)
    if len(names) > 1:
        raise click.BadParameter(f"several gateways have this name: {', '.join(names)}", param_hint="NAME")
    found = daemon.post(f"/gateways/{names[0]}/{verb}", GatewayView)
    if as_json:
        show_json(found)
    else:
        show_table(COLUMNS, [_row(found)], "")
    return found


def _names(daemon: Daemon, name: str | None) -> list[str]:
    """The daemon's gateways of that name, or all; ends with usage where there is none."""
    known = [f"{one.tenant}/{one.name}" for one in daemon.get("/gateways", GatewayViews).gateways]
    return known if name is None else _chosen(known, name)


def _chosen(known: list[str], name: str) -> list[str]:
    chosen = [one for one in known if name in {one, one.partition("/")[2]}]
    if not chosen:
        there = ", ".join(known) or "none"
        raise click.BadParameter(f"there is no gateway {name!r}; there are: {there}", param_hint="NAME")
    return chosen


async def _tried(connect: Connect, generation: Generation) -> list[TriedView]:
    return [TriedView(gateway=row[0], kind=row[1], status=row[2], words=row[3]) for row in await connect(generation)]


def _wired() -> Connect:
    # only when it is tried out: the other verbs here need no server and no store
    from postroom.wiring import connect

    return connect


def _only(generation: Generation, name: str | None) -> Generation:
    """The configuration with no other gateway than those of that name; ends with usage where there is none."""
    if name is None:
        return generation
    every = [f"{tenant.name}/{one.name}" for tenant in generation.tenants for one in tenant.gateways]
    chosen = _chosen(every, name)
    kept = tuple(
        replace(tenant, gateways=tuple(one for one in tenant.gateways if f"{tenant.name}/{one.name}" in chosen))
        for tenant in generation.tenants
    )
    return replace(generation, tenants=kept)
