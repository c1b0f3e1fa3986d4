"""The contact centre of `postroom simulate --day`, as a folder of settings that is there for a while."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

FILES = ("postroom.yaml", "tenants/shop.yaml", "faq.yaml")
PASSWORD = "password"  # noqa: S105 the name of the file; nobody signs in with what is in it


@contextmanager
def day_folder() -> Iterator[Path]:
    """Write the settings into a folder that is gone afterwards."""
    place = resources.files("postroom.cli").joinpath("day")
    with tempfile.TemporaryDirectory(prefix="postroom-day-") as made:
        for name in FILES:
            file = Path(made, name)
            file.parent.mkdir(exist_ok=True)
            file.write_text(place.joinpath(*name.split("/")).read_text("utf-8"), "utf-8")
        secret = Path(made, PASSWORD)
        secret.touch(0o600)
        secret.write_text("nobody signs in with this\n")
        yield Path(made)
