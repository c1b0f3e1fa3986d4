"""Changes the configuration of a running process, as an administrator's editor would, and sees what comes of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.journeys.process import Process, wait_for


class Settings:
    """The files of one configuration folder."""

    def __init__(self, config: Path) -> None:
        self.folder = config
        self.file = config / "tenants" / "acme.yaml"
        self._log = config.with_name(f"{config.name}.log")

    def write(self, text: str) -> None:
        """Put a whole file in the place of the old one."""
        draft = self.file.with_name(".acme.yaml.new")
        draft.write_text(text)
        draft.rename(self.file)

    def change(self, *pairs: tuple[str, str]) -> str:
        """Replace each first text by the second; gives what stood there before."""
        before = text = self.file.read_text()
        for old, new in pairs:
            assert old in text, f"{old!r} is not in the file"
            text = text.replace(old, new)
        self.write(text)
        return before

    def logged(self, event: str) -> list[dict[str, Any]]:
        """Every entry of that name so far."""
        entries = (json.loads(line) for line in self._log.read_text().splitlines() if line.startswith("{"))
        return [entry for entry in entries if entry["event"] == event]

    def wait_refused(self, times: int = 1) -> dict[str, Any]:
        """Wait until changes were refused so often, and give how the last one was."""
        refused = "settings_refused"
        found: list[dict[str, Any]] = wait_for(
            lambda: entries if len(entries := self.logged(refused)) >= times else None, "a change to be refused"
        )
        return found[-1]


def gauge(process: Process, name: str) -> float | None:
    """The value of the one series of that name and labels."""
    found = re.search(rf"^postroom_{re.escape(name)} (\S+)$", process.metrics(), re.MULTILINE)
    return float(found[1]) if found else None


def wait_generation(process: Process, number: int) -> None:
    """Wait until that generation is in force."""
    wait_for(lambda: gauge(process, "config_generation") == number, f"generation {number}")
