"""`postroom gateways`: how the running daemon finds its gateways, and signing in to them without it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import click
from msgspec import Struct
from msgspec.structs import replace

from postroom.api.operator.gateways import GatewayView, GatewayViews
from postroom.cli.check import Connect
from postroom.cli.daemon import EXIT_FAILED, Daemon, config_option, configured, json_option
from postroom.cli.output import counted, show_connections
from postroom.cli.table import harmless, moment, show_json, show_table
from postroom.ports.gateways import GatewayStatus
from postroom.settings.schema import Generation

COLUMNS = ("gateway", "kind", "status", "since", "last success", "mails left", "last error")


class Tried(Struct, frozen=True, kw_only=True):
    """How signing in to a gateway went; the words are empty where it succeeded."""

    gateway: str
    kind: str
    status: str
    words: str


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
    status = one.status or "not tried yet"
    return f"{one.tenant}/{one.name}", one.kind, status, moment(one.since), moment(one.last_success_at), left, error


@gateways.command()
@click.argument("name", required=False)
@config_option
@json_option
@click.pass_obj
def test(connect: Connect | None, name: str | None, folder: Path, as_json: bool) -> None:
    """Sign in to each gateway, or to NAME, without the daemon; ends with 1 where one does not answer as it should.

    NAME is a gateway's name, or tenant/name. No mail is read, sent or deleted.
    """
    wanted = _only(configured(folder), name)
    tried = asyncio.run(_tried(connect or _wired(), wanted))
    failed = sum(one.status != GatewayStatus.CONNECTION_SUCCEEDED.value for one in tried)
    if as_json:
        show_json({"gateways": tried})
    else:
        show_connections([(one.gateway, one.kind, one.status, harmless(one.words)) for one in tried])
        click.echo(f"{counted(failed, 'gateway')} of {len(tried)} did not connect." if failed else "All is well.")
    sys.exit(EXIT_FAILED if failed else 0)


async def _tried(connect: Connect, generation: Generation) -> list[Tried]:
    return [Tried(gateway=row[0], kind=row[1], status=row[2], words=row[3]) for row in await connect(generation)]


def _wired() -> Connect:
    # only when it is tried out: the other verbs here need no server and no store
    from postroom.wiring import connect

    return connect


def _only(generation: Generation, name: str | None) -> Generation:
    """The configuration with no other gateway than those of that name; ends with usage where there is none."""
    if name is None:
        return generation
    kept = tuple(
        replace(
            tenant, gateways=tuple(one for one in tenant.gateways if name in {one.name, f"{tenant.name}/{one.name}"})
        )
        for tenant in generation.tenants
    )
    if not any(tenant.gateways for tenant in kept):
        known = ", ".join(f"{tenant.name}/{one.name}" for tenant in generation.tenants for one in tenant.gateways)
        raise click.BadParameter(f"there is no gateway {name!r}; there are: {known or 'none'}", param_hint="NAME")
    return replace(generation, tenants=kept)
