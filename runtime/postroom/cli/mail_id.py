"""The id of a mail as an argument: in lower case, and nothing that means anything else on its way to the daemon."""

from __future__ import annotations

import re

import click

_ID = re.compile(r"[0-9a-z]{26}")


def as_id(_: click.Context, __: click.Parameter, value: str) -> str:
    """The id in lower case; nothing else gets as far as the daemon."""
    if not _ID.fullmatch(value.lower()):
        raise click.BadParameter("an id is 26 letters and digits, as `postroom mail quarantine list` shows it")
    return value.lower()
