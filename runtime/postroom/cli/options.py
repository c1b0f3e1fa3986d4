"""The options that more than one verb has."""

from __future__ import annotations

from pathlib import Path

import click

config_option = click.option(
    "--config",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("config"),
    show_default=True,
    metavar="DIR",
    help="The configuration folder.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
