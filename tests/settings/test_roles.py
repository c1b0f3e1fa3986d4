"""Agents and supervisors as an administrator writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from postroom.settings.load import load
from tests.settings.making import tenant, write

UNITS = "ous:\n  - name: centre\n  - {name: north, parent: centre}\n"


def agent(*lines: str) -> str:
    return "".join(f"    {line}\n" for line in lines)


@pytest.mark.parametrize(
    ("lines", "role", "unit"),
    [
        ((), "agent", None),
        (("role: supervisor",), "supervisor", None),
        (("ou: north", "role: agent"), "agent", "north"),
    ],
)
def test_a_role_is_agent_unless_written(tmp_path: Path, lines: tuple[str, ...], role: str, unit: str | None) -> None:
    found = load(write(tmp_path, tenant(agent=agent(*lines), more=UNITS)))
    assert found.problems == ()
    assert found.generation is not None
    (one,) = found.generation.tenants[0].agents
    assert (one.role, one.ou) == (role, unit)
    assert not [warning for warning in found.warnings if "no effect" in warning.rule and warning.key.endswith("ou")]


@pytest.mark.parametrize(
    ("line", "key"),
    [("role: boss", "agents[0].role"), ("role: [agent]", "agents[0].role"), ("ou: south", "agents[0].ou")],
)
def test_a_role_or_unit_there_is_not_is_named(tmp_path: Path, line: str, key: str) -> None:
    found = load(write(tmp_path, tenant(agent=agent(line), more=UNITS)))
    assert [problem.key for problem in found.problems] == [key]
