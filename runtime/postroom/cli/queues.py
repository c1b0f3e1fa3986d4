"""`postroom queues` and `postroom agents`: what is set of them."""

from __future__ import annotations

from pathlib import Path

import click

from postroom.cli.daemon import configured
from postroom.cli.options import config_option, json_option
from postroom.cli.table import show_json, show_table
from postroom.settings.editing import shown
from postroom.settings.sections import SECTIONS

QUEUES = ("queue", "members", "strategy", "offer for", "longest wait", "served by")
AGENTS = ("agent", "name", "role", "unit", "places")


@click.group()
def queues() -> None:
    """Skill queues as they are set."""


@queues.command("list")
@config_option
@json_option
def list_queues(folder: Path, as_json: bool) -> None:
    """List every queue."""
    found = [(tenant.name, one) for tenant in configured(folder).tenants for one in tenant.queues]
    if as_json:
        show_json({"queues": [{"tenant": name, **shown(SECTIONS["queues"], one)} for name, one in found]})
        return
    rows = (
        (
            f"{name}/{one.name}",
            " ".join(one.members),
            one.strategy,
            f"{one.offer_for:g}s",
            f"{one.max_wait:g}s" if one.max_wait is not None else "-",
            one.served_by,
        )
        for name, one in found
    )
    show_table(QUEUES, rows, "There is no queue.")


@click.group()
def agents() -> None:
    """Agents as they are set."""


@agents.command("list")
@config_option
@json_option
def list_agents(folder: Path, as_json: bool) -> None:
    """List every agent; tokens are not shown."""
    found = [(tenant, one) for tenant in configured(folder).tenants for one in tenant.agents]
    if as_json:
        listed = [{"tenant": tenant.name, **shown(SECTIONS["agents"], one)} for tenant, one in found]
        show_json({"agents": [{key: held for key, held in one.items() if key != "token_sha256"} for one in listed]})
        return
    rows = (
        (f"{tenant.name}/{one.account}", one.name, one.role, one.ou or "-", str(one.max_concurrent or "-"))
        for tenant, one in found
    )
    show_table(AGENTS, rows, "There is no agent.")
