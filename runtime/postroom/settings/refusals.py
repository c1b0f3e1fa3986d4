"""Why a change to settings was not taken."""

from __future__ import annotations

from collections.abc import Sequence

from postroom.errors import ConfigurationError
from postroom.settings.problem import Problem


class SettingsNotValid(ConfigurationError):
    """Rules are broken; `path` is where what was given stands, as problems name places."""

    def __init__(self, problems: Sequence[Problem], path: str = "") -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)
        self.path = path
