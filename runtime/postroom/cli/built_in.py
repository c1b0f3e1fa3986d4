"""The configuration of who has none yet: the folder that is named, else `./config`, else the starter's."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from postroom.cli.exits import EXIT_CONFIGURATION
from postroom.cli.init import SECRETS, starter
from postroom.cli.output import show_problems
from postroom.settings.load import load
from postroom.settings.schema import Generation

NAME = "the built-in starter configuration"


@contextmanager
def named_or_built_in(folder: Path | None) -> Iterator[tuple[Generation, str]]:
    """A valid generation and what it is called; ends the program with its problems and 78 where it is not valid."""
    if folder is not None or Path("config").is_dir():
        folder = folder or Path("config")
        yield valid(folder), str(folder)
        return
    with tempfile.TemporaryDirectory(prefix="postroom-starter-") as made:
        for name, content in starter("0" * 64).items():
            file = Path(made, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("nobody signs in with this\n" if name in SECRETS else content)
            file.chmod(0o600)
        yield valid(Path(made)), NAME


def valid(folder: Path) -> Generation:
    """The folder's generation; ends the program with its problems and 78 where it is not valid."""
    loaded = load(folder)
    if loaded.generation is None:
        show_problems(loaded, err=True)
        sys.exit(EXIT_CONFIGURATION)
    return loaded.generation
