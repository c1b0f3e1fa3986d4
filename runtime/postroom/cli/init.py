"""`postroom init`: a commented configuration to start from, valid as it is written.

It only ever makes new files; the agent's token is shown once and stored as its hash.
"""

from __future__ import annotations

import hashlib
import os
import sys
from importlib import resources
from pathlib import Path

import click

from postroom.engine.world import SystemClock, SystemIds
from postroom.settings.secrets import PLACEHOLDER

FILES = ("postroom.yaml", "tenants/main.yaml")
SECRETS = ("secrets/pop3-password", "secrets/smtp-password")


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def init(folder: Path) -> None:
    """Write a commented starter configuration into DIR: a mailbox, a relay, a channel, a queue and an agent.

    Nothing that is there already is touched: where one of the files exists, nothing is written at all.
    """
    token = SystemIds(SystemClock()).secret()
    contents = starter(hashlib.sha256(token.encode()).hexdigest())
    there = [str(folder / name) for name in contents if os.path.lexists(folder / name)]
    if there:
        click.echo(f"postroom init: nothing was written, for this is there already: {', '.join(there)}", err=True)
        sys.exit(1)
    try:
        for name, content in contents.items():
            _write(folder / name, content, is_secret=name in SECRETS)
    except OSError as error:
        click.echo(f"postroom init: {error.filename or folder} cannot be written: {error.strerror}", err=True)
        sys.exit(1)
    click.echo(_what_next(folder, token))


def starter(token_sha256: str) -> dict[str, str]:
    """The files of a starter configuration and what stands in them."""
    place = resources.files("postroom.cli").joinpath("starter")
    settings = {name: place.joinpath(*name.split("/")).read_text("utf-8") for name in FILES}
    written = {name: text.replace("TOKEN_SHA256", token_sha256) for name, text in settings.items()}
    return written | dict.fromkeys(SECRETS, f"{PLACEHOLDER}\n")


def _write(file: Path, content: str, *, is_secret: bool) -> None:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700 if is_secret else 0o755)
    # O_EXCL: a file that came meanwhile is not overwritten either
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if is_secret else 0o644)
    with os.fdopen(handle, "w", encoding="utf-8") as opened:
        opened.write(content)


def _what_next(folder: Path, token: str) -> str:
    made = "\n".join(f"  {folder / name}" for name in (*FILES, *SECRETS))
    return f"""\
Written:
{made}

The agent's token, shown this once and stored as a hash only:
  {token}

Next:
  1. put the two passwords into the files under {folder / "secrets"}, one line each
  2. write your servers, user names and addresses into {folder / FILES[1]}
  3. postroom check --config {folder} --connect
  4. postroom run --config {folder}"""
