"""References to secrets: what they reveal, what they refuse, and what they never show."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from postroom.errors import ConfigurationError
from postroom.settings.secrets import Secret, is_exposed


def test_a_secret_of_a_file_is_its_line_without_the_line_end(tmp_path: Path) -> None:
    (tmp_path / "pw").write_bytes("pa ss\u00fc\r\n".encode())
    assert Secret("file:pw", str(tmp_path)).reveal() == "pa ssü"
    assert Secret(f"file:{tmp_path}/pw", "/elsewhere").reveal() == "pa ssü"


def test_a_secret_of_the_environment_is_read_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = Secret("env:THE_BOX")
    with pytest.raises(ConfigurationError, match="no variable THE_BOX"):
        secret.reveal()
    monkeypatch.setenv("THE_BOX", "one")
    assert secret.reveal() == "one"
    monkeypatch.setenv("THE_BOX", "two")
    assert secret.reveal() == "two"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"a\nb\n", "more than one line"),
        (b"a\x00b", "control characters"),
        (b"\xff\xfe", "not UTF-8"),
        (b"x" * 70_000, "larger than"),
    ],
)
def test_what_is_no_password_is_said_without_showing_it(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "pw").write_bytes(content)
    with pytest.raises(ConfigurationError, match=words) as caught:
        Secret("file:pw", str(tmp_path)).reveal()
    assert "xxx" not in str(caught.value)


@pytest.mark.parametrize("path", ["nowhere", ".", "x" * 5000])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, path: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        Secret(f"file:{path}", str(tmp_path)).reveal()


@pytest.mark.parametrize("literal", ["hunter2", "", "env:", "file:", "vault:x", "ENV:X", "env:a\nb", "hunter:2"])
def test_a_literal_password_is_refused_and_not_repeated(literal: str) -> None:
    with pytest.raises(ValueError, match="never written here itself") as caught:
        Secret(literal)
    assert "hunter" not in str(caught.value)


def test_a_secret_shows_and_encodes_its_reference_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_BOX", "hunter2")
    secret = Secret("env:THE_BOX")
    secret.reveal()
    assert repr(secret) == str(secret) == f"{secret}" == "Secret(env:THE_BOX)"
    assert msgspec.json.encode(secret) == b'{"reference":"env:THE_BOX","folder":""}'
    assert msgspec.json.decode(msgspec.json.encode(secret), type=Secret) == secret


def test_a_file_that_everybody_may_read_is_exposed(tmp_path: Path) -> None:
    file = tmp_path / "pw"
    file.write_text("x")
    file.chmod(0o644)
    assert is_exposed(Secret("file:pw", str(tmp_path)))
    file.chmod(0o640)
    assert not is_exposed(Secret("file:pw", str(tmp_path)))
    assert not is_exposed(Secret("file:gone", str(tmp_path)))
    assert not is_exposed(Secret("env:HOME"))
