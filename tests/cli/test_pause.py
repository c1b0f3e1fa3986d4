"""`postroom pause` and `postroom resume`: what they ask, and what they print."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.a_daemon import configured, daemon, ran

PAUSED = {
    "paused": [
        {"what": "intake", "tenant": "acme", "by": "operator", "since": "2026-03-02T09:00:00Z"},
        {"what": "sending", "tenant": "", "by": "operator", "since": "2026-03-02T09:00:00Z"},
        {"what": "sending", "tenant": "acme", "by": "settings", "since": None},
    ]
}


def test_alone_it_lists_what_is_held_back(tmp_path: Path) -> None:
    config, at = configured(tmp_path), "2026-03-02 09:00:00Z"
    with daemon(config, {"GET /paused": (200, PAUSED)}):
        result, as_json = ran(config, "pause"), ran(config, "pause", "--json")
    assert [line.split("\t") for line in result.stdout.splitlines()] == [
        ["intake", "acme", "operator", at],
        ["sending", "(all)", "operator", at],
        ["sending", "acme", "settings", "-"],
    ]
    assert json.loads(as_json.stdout) == PAUSED


@pytest.mark.parametrize(
    ("words", "path"),
    [
        (["pause", "intake"], "/paused/intake"),
        (["pause", "automatic", "--tenant", "acme"], "/paused/automatic/acme"),
        (["resume", "sending"], "/resumed/sending"),
        (["resume", "sending", "--tenant", "acme"], "/resumed/sending/acme"),
    ],
)
def test_it_asks_for_the_matter_and_the_tenant(tmp_path: Path, words: list[str], path: str) -> None:
    config = configured(tmp_path)
    with daemon(config, {f"POST {path}": (200, {"paused": []})}) as asked:
        assert ran(config, *words).exit_code == 0
    assert asked == [f"POST /operator/v1{path} -> 200"]


def test_what_cannot_be_paused_is_a_wrong_use_and_a_refusal_fails(tmp_path: Path) -> None:
    config = configured(tmp_path)
    assert ran(config, "pause", "lunch").exit_code == 2
    assert ran(config, "resume").exit_code == 2
    with daemon(config, {"POST /resumed/intake/acme": (409, {"detail": "paused for every tenant"})}):
        refused = ran(config, "resume", "intake", "--tenant", "acme")
    assert (refused.exit_code, "paused for every tenant" in refused.stderr) == (1, True)
