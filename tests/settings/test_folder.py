"""A configuration folder while it is watched: what counts as a change, and what is read of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from postroom.settings import folder as module
from postroom.settings.folder import ConfigurationFolder
from postroom.settings.load import Loaded, load
from tests.settings.making import tenant, write

ELSEWHERE = "secret-elsewhere"


def watched(folder: Path) -> ConfigurationFolder:
    """A folder whose first gateway has its password outside of it."""
    (folder / ELSEWHERE).write_text("pw\n")
    config = write(folder / "config", tenant().replace("file:password", f"file:{folder}/{ELSEWHERE}", 1))
    return ConfigurationFolder(config, load(config).require().tenants)


def remove(file: Path) -> None:
    file.unlink()


def rewrite(file: Path) -> None:
    file.write_text(file.read_text() + "#\n")


def put_in_place(file: Path) -> None:
    draft = file.with_name(".draft")
    draft.write_text(file.read_text())
    draft.rename(file)


@pytest.mark.parametrize("act", [remove, rewrite, put_in_place])
@pytest.mark.parametrize("name", ["config/postroom.yaml", "config/tenants/acme.yaml", "config/password", ELSEWHERE])
def test_every_file_that_settings_come_from_counts_wherever_it_is(
    tmp_path: Path, name: str, act: Callable[[Path], None]
) -> None:
    here = watched(tmp_path)
    assert here.fingerprint() == here.read_as
    act(tmp_path / name)
    assert here.fingerprint() != here.read_as


def test_a_new_tenant_counts_and_a_folder_that_is_gone_does(tmp_path: Path) -> None:
    here = watched(tmp_path)
    (tmp_path / "config/tenants/other.yaml").write_text("")
    assert here.fingerprint() != here.read_as
    (tmp_path / "config/tenants/other.yaml").unlink()
    assert here.fingerprint() == here.read_as
    (tmp_path / "config/tenants").rename(tmp_path / "config/gone")
    assert here.fingerprint() != here.read_as


def test_logs_and_drafts_beside_the_settings_do_not_count(tmp_path: Path) -> None:
    here = watched(tmp_path)
    for name in ("process.log", "tenants/.acme.yaml.swp", "var/postroom.db"):
        (tmp_path / "config" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "config" / name).write_text("x")
    assert here.fingerprint() == here.read_as


def test_a_mounted_secret_that_is_swapped_by_its_link_counts(tmp_path: Path) -> None:
    here = watched(tmp_path)
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "pw").write_text("same")
    secret, link = tmp_path / ELSEWHERE, tmp_path / "link"
    secret.unlink()
    link.symlink_to("first")
    secret.symlink_to("link/pw")
    before = here.fingerprint()
    link.unlink()
    link.symlink_to("second")
    assert here.fingerprint() != before


def test_after_loading_the_files_that_are_named_then_count(tmp_path: Path) -> None:
    here = watched(tmp_path)
    config = write(tmp_path / "config", tenant())
    assert here.load(2) is not None
    assert here.read_as == here.fingerprint()
    rewrite(tmp_path / ELSEWHERE)
    assert here.read_as == here.fingerprint()
    rewrite(config / "password")
    assert here.read_as != here.fingerprint()


def test_a_secret_that_is_missing_is_waited_for(tmp_path: Path) -> None:
    here = watched(tmp_path)
    write(tmp_path / "config", tenant().replace("file:password", "file:not-yet"))
    found = here.load(2)
    assert found is not None
    assert found.generation is None
    (tmp_path / "config/not-yet").write_text("pw\n")
    assert here.fingerprint() != here.read_as


def test_what_changes_while_it_is_read_is_not_given_to_anybody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = watched(tmp_path)

    def changed_meanwhile(folder: Path, number: int) -> Loaded:
        found = load(folder, number)
        rewrite(folder / "tenants/acme.yaml")
        return found

    before = here.read_as
    monkeypatch.setattr(module, "load", changed_meanwhile)
    assert here.load(2) is None
    assert here.read_as == before
