"""`postroom audit verify`: what it prints of a chain that is whole, and of one that is broken."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.a_daemon import configured, daemon, ran

WHOLE = {"tenant": "acme", "acts": 12, "unchained": 2, "last": "f" * 64, "broken": None, "why": ""}
ACT = {
    "at": "2026-03-02T09:00:00Z", "tenant": "acme", "actor": "anna", "role": "agent", "act": "POST /x",
    "object": "", "result": "done", "seq": 7, "before": "", "hash": "",
}  # fmt: skip


def test_a_chain_that_is_whole_is_said_to_be(tmp_path: Path) -> None:
    config = configured(tmp_path)
    with daemon(config, {"GET /audit/verify": (200, {"tenants": [WHOLE]})}) as asked:
        result, as_json = ran(config, "audit", "verify", "acme"), ran(config, "audit", "verify", "--json")
    assert (result.exit_code, as_json.exit_code) == (0, 0)
    assert result.stdout.split() == ["acme", "12", "2", "whole", "f" * 16]
    assert json.loads(as_json.stdout)["tenants"] == [WHOLE]
    assert asked[0] == "GET /operator/v1/audit/verify?tenant=acme -> 200"


def test_the_first_broken_act_is_named_and_the_exit_code_says_so(tmp_path: Path) -> None:
    config = configured(tmp_path)
    broken = WHOLE | {"broken": ACT, "why": "it was changed"}
    early = WHOLE | {"tenant": "globex", "why": "the newest acts are gone"}
    with daemon(config, {"GET /audit/verify": (200, {"tenants": [broken, early]})}):
        result = ran(config, "audit", "verify")
    assert result.exit_code == 1
    assert "broken" in result.stdout
    assert result.stderr.splitlines() == [
        "acme: act 7 of 2026-03-02 09:00:00Z, POST /x by anna: it was changed",
        "globex: the newest acts are gone",
    ]
