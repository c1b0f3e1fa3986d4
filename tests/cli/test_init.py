"""`postroom init`: a configuration to start from, and nothing of anybody's overwritten."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from click.testing import CliRunner

from postroom.cli.check import check
from postroom.cli.init import FILES, SECRETS, init
from postroom.settings.load import load


def made(folder: Path) -> str:
    result = CliRunner().invoke(init, [str(folder)])
    assert result.exit_code == 0, result.output
    return result.output


def test_what_init_writes_passes_check_as_it_is(tmp_path: Path) -> None:
    made(tmp_path / "new" / "config")
    result = CliRunner().invoke(check, ["--config", str(tmp_path / "new" / "config")])
    assert result.exit_code == 0, result.output
    assert result.output.count("still holds the placeholder: put the password there") == 2
    assert "The configuration is valid: 1 tenant, 2 gateways, 1 channel, 1 agent, 2 warnings." in result.output


def test_with_both_passwords_there_is_nothing_left_to_warn_of(tmp_path: Path) -> None:
    made(tmp_path)
    for name in SECRETS:
        (tmp_path / name).write_text("the password\n")
    found = load(tmp_path)
    assert (found.problems, found.warnings) == ((), ())
    (tenant,) = found.require().tenants
    assert tenant.channels[0].max_recipients == 20
    assert {type(gateway).__name__ for gateway in tenant.gateways} == {"Pop3Gateway", "SmtpGateway"}


def test_the_agents_token_is_shown_once_and_stored_as_its_hash(tmp_path: Path) -> None:
    output = made(tmp_path)
    token = output[output.index("only:") :].splitlines()[1].strip()
    assert len(token) >= 26
    (tenant,) = load(tmp_path).require().tenants
    assert tenant.agents[0].token_sha256 == (hashlib.sha256(token.encode()).hexdigest(),)
    assert all(token not in file.read_text() for file in tmp_path.rglob("*") if file.is_file())


def test_two_starts_have_two_tokens(tmp_path: Path) -> None:
    made(tmp_path / "a")
    made(tmp_path / "b")
    hashes = {load(tmp_path / name).require().tenants[0].agents[0].token_sha256 for name in "ab"}
    assert len(hashes) == 2


def test_secrets_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    made(tmp_path)
    assert {(tmp_path / name).stat().st_mode & 0o777 for name in SECRETS} == {0o600}
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("name", [*FILES, *SECRETS])
def test_nothing_is_written_where_one_of_the_files_is_there_already(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine\n")
    result = CliRunner().invoke(init, [str(tmp_path)])
    assert result.exit_code == 1
    assert f"this is there already: {tmp_path / name}" in result.output
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == [tmp_path / name]
    assert (tmp_path / name).read_text() == "mine\n"


def test_a_link_that_leads_nowhere_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "postroom.yaml").symlink_to(tmp_path / "elsewhere")
    assert CliRunner().invoke(init, [str(tmp_path)]).exit_code == 1
    assert not (tmp_path / "elsewhere").exists()


def test_a_place_that_cannot_be_written_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = CliRunner().invoke(init, [str(tmp_path / "file")])
    assert result.exit_code == 1
    assert "cannot be written" in result.output
