"""What a changed configuration leaves out though open sessions use it is named, with how many they are."""

from __future__ import annotations

from pathlib import Path

from postroom.settings.removed import removed_in_use
from tests.settings.making import loaded, tenant

RETIRE = "write `retired: true` until they have ended"
RETIRE = "write `retired: true` until they have ended"
CHANNEL = ("acme", "support", "first_line", 3)


def test_what_is_still_there_is_no_problem(tmp_path: Path) -> None:
    wanted = loaded(tmp_path, tenant()).require()
    assert removed_in_use(wanted, [CHANNEL], [("acme", "anna", 2)]) == ()
    assert removed_in_use(wanted, [("acme", "support", "", 1)], []) == ()


def test_each_thing_that_is_gone_is_named_once_with_all_its_sessions(tmp_path: Path) -> None:
    wanted = loaded(tmp_path, tenant()).require()
    lines = (tmp_path / "tenants" / "acme.yaml").read_text().splitlines()

    def place(key: str) -> str:
        return f"tenants/acme.yaml:{1 + next(at for at, line in enumerate(lines) if line.startswith(f'{key}:'))}"

    channels = [("acme", "gone", "first_line", 2), ("acme", "gone", "old", 1), ("acme", "support", "old", 4), CHANNEL]
    assert removed_in_use(wanted, channels, [("acme", "ben", 1), ("acme", "anna", 1)]) == (
        f"{place('agents')}: agent 'ben' is gone, and 1 open session uses it: let them end or move them first",
        f"{place('channels')}: channel 'gone' is gone, and 3 open sessions use it: {RETIRE}",
        f"{place('queues')}: queue 'old' is gone, and 5 open sessions use it: let them end or move them first",
    )


def test_a_tenant_that_is_gone_is_named_by_what_it_had(tmp_path: Path) -> None:
    wanted = loaded(tmp_path, tenant()).require()
    found = removed_in_use(wanted, [("globex", "help", "line", 1)], [])
    assert [words.partition(" is gone")[0] for words in found] == [
        "tenants/globex.yaml: channel 'help'",
        "tenants/globex.yaml: queue 'line'",
    ]
