"""`postroom users`: who may sign in to a tenant of the running daemon; how its first administrator comes to be."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from postroom.api.people import UserView, UserViews
from postroom.cli.daemon import Daemon
from postroom.cli.options import config_option, json_option
from postroom.cli.table import moment, show_json, show_table
from postroom.ports.people import Role

COLUMNS = ("account", "name", "role", "unit", "queues", "state", "password of")


@click.group()
def users() -> None:
    """People who may sign in."""


@users.command("list")
@click.argument("tenant")
@config_option
@json_option
def list_users(tenant: str, folder: Path, as_json: bool) -> None:
    """List the users of TENANT."""
    found = Daemon(folder).get(f"/users/{tenant}", UserViews)
    if as_json:
        show_json(found)
    else:
        show_table(COLUMNS, map(_row, found.users), "There is no user.")


@users.command()
@click.argument("tenant")
@click.argument("account")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True, help="What he is.")
@click.option("--name", default="", help="What people call him.")
@click.option("--ou", default=None, metavar="UNIT", help="The unit his role reaches over; the tenant without it.")
@click.option("--queue", "queues", multiple=True, metavar="NAME", help="A queue his role reaches over; again for more.")
@config_option
@json_option
def add(tenant: str, account: str, folder: Path, as_json: bool, **said: object) -> None:
    """Let ACCOUNT sign in to TENANT. The password is asked for, or read from standard input."""
    body = {"account": account, "password": _password(), **said}
    _show(Daemon(folder).post(f"/users/{tenant}", UserView, body), as_json=as_json)


@users.command()
@click.argument("tenant")
@click.argument("account")
@config_option
@json_option
def passwd(tenant: str, account: str, folder: Path, as_json: bool) -> None:
    """Set the password of ACCOUNT, and sign him out everywhere. It is asked for, or read from standard input."""
    body = {"password": _password()}
    _show(Daemon(folder).post(f"/users/{tenant}/{account}/password", UserView, body), as_json=as_json)


@users.command()
@click.argument("tenant")
@click.argument("account")
@config_option
@json_option
def disable(tenant: str, account: str, folder: Path, as_json: bool) -> None:
    """Let ACCOUNT sign in no more, and sign him out everywhere."""
    _show(Daemon(folder).post(f"/users/{tenant}/{account}/disable", UserView), as_json=as_json)


@users.command()
@click.argument("tenant")
@click.argument("account")
@config_option
@json_option
def revoke(tenant: str, account: str, folder: Path, as_json: bool) -> None:
    """Sign ACCOUNT out everywhere and revoke his tokens; he may sign in again."""
    _show(Daemon(folder).post(f"/users/{tenant}/{account}/revoke", UserView), as_json=as_json)


def _password() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


def _show(found: UserView, *, as_json: bool) -> None:
    if as_json:
        show_json(found)
    else:
        show_table(COLUMNS, [_row(found)], "")


def _row(one: UserView) -> Sequence[str]:
    state = "disabled" if one.disabled else "enabled"
    since = moment(one.password_changed_at)
    return one.account, one.name, one.role.value, one.ou or "(all)", ", ".join(one.queues) or "(all)", state, since
