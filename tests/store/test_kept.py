"""Small private files: whole or not at all, for the owner alone, under names that lead nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from postroom.errors import TemporaryError
from postroom.store.kept import FOLDER, FileKeeper
from tests.support.inline import InlineOffload


async def test_what_is_kept_is_read_by_the_next_process_and_dropped_for_good(tmp_path: Path) -> None:
    keeper = FileKeeper(tmp_path, InlineOffload())
    assert await keeper.read("a") is None
    await keeper.drop("a")
    await keeper.keep("a", b"one")
    await keeper.keep("a", b"two")
    assert await FileKeeper(tmp_path, InlineOffload()).read("a") == b"two"
    assert [path.name for path in (tmp_path / FOLDER).iterdir()] == ["a"]
    assert (tmp_path / FOLDER).stat().st_mode & 0o777 == 0o700
    assert (tmp_path / FOLDER / "a").stat().st_mode & 0o777 == 0o600
    await keeper.drop("a")
    assert await keeper.read("a") is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root leaves files to others")
async def test_a_tool_run_by_root_leaves_its_files_to_the_folders_owner(tmp_path: Path) -> None:
    os.chown(tmp_path, 1234, 1234)
    await FileKeeper(tmp_path, InlineOffload()).keep("a", b"one")
    assert {path.stat().st_uid for path in (tmp_path / FOLDER, tmp_path / FOLDER / "a")} == {1234}


async def test_a_draft_that_a_crash_left_behind_is_written_over(tmp_path: Path) -> None:
    keeper = FileKeeper(tmp_path, InlineOffload())
    await keeper.keep("a", b"one")
    (tmp_path / FOLDER / "a~").write_bytes(b"half of a much longer draft")
    assert await keeper.read("a") == b"one"
    await keeper.keep("a", b"two")
    assert await keeper.read("a") == b"two"


@pytest.mark.parametrize("name", ["", "..", "../a", "a/b", ".a", "a~", "a\0", "a\n", "x" * 201, "-a"])
async def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    keeper = FileKeeper(tmp_path, InlineOffload())
    for act in (keeper.read(name), keeper.keep(name, b""), keeper.drop(name)):
        with pytest.raises(ValueError, match="is no name of something kept"):
            await act


async def test_a_disk_that_does_not_take_it_is_a_passing_trouble(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_bytes(b"in the way")
    keeper = FileKeeper(tmp_path, InlineOffload())
    for act, words in ((keeper.read("a"), "read"), (keeper.keep("a", b""), "written"), (keeper.drop("a"), "removed")):
        with pytest.raises(TemporaryError, match=f"cannot be {words}"):
            await act
