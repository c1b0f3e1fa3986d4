"""`postroom gateways` and `postroom version`: what they print and how they end."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from postroom import __version__
from postroom.cli.verbs import postroom
from postroom.settings.schema import Generation
from tests.cli.a_daemon import Answers, configured, daemon, ran

INBOX = {
    "tenant": "acme",
    "name": "inbox",
    "kind": "pop3",
    "status": "auth_failed",
    "since": "2026-03-02T09:00:00Z",
    "last_success_at": None,
    "last_error": "the server said \x1b[31mno",
    "last_error_at": "2026-03-02T09:01:00Z",
    "mails_left": 3,
    "paused": False,
}
OUTBOX = INBOX | {
    "name": "outbox",
    "kind": "smtp",
    "status": None,
    "since": None,
    "last_error": "",
    "mails_left": None,
    "paused": True,
}


async def connects(generation: Generation) -> Sequence[tuple[str, str, str, str]]:
    """The inbox does not sign in; the outbox does."""
    status = {"inbox": ("auth_failed", "no \x1b such password"), "outbox": ("connection_succeeded", "")}
    return [
        (f"{tenant.name}/{one.name}", "any", *status[one.name])
        for tenant in generation.tenants
        for one in tenant.gateways
    ]


def test_gateways_are_listed_with_status_times_mails_left_and_the_last_error(tmp_path: Path) -> None:
    config = configured(tmp_path)
    with daemon(config, {"GET /gateways": (200, {"gateways": [INBOX, OUTBOX]})}):
        result = ran(config, "gateways", "list")
        as_json = ran(config, "gateways", "list", "--json")
    assert result.exit_code == as_json.exit_code == 0
    at, error = "2026-03-02 09:00:00Z", "the server said \\x1b[31mno (2026-03-02 09:01:00Z)"
    assert [line.split("\t") for line in result.stdout.splitlines()] == [
        ["acme/inbox", "pop3", "auth_failed", at, "-", "3", error],
        ["acme/outbox", "smtp", "not tried yet, paused", "-", "-", "-", ""],
    ]
    assert json.loads(as_json.stdout) == {"gateways": [INBOX, OUTBOX]}


def test_without_a_daemon_the_list_says_so_and_a_test_works(tmp_path: Path) -> None:
    config = configured(tmp_path)
    assert ran(config, "gateways", "list").exit_code == 1
    result = ran(config, "gateways", "test", connect=connects)
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "acme/inbox  any  auth_failed  no \\x1b such password",
        "acme/outbox  any  connection_succeeded",
        "1 gateway of 2 did not connect.",
    ]


@pytest.mark.parametrize("name", ["outbox", "acme/outbox"])
def test_one_gateway_is_tested_by_its_name(tmp_path: Path, name: str) -> None:
    result = ran(configured(tmp_path), "gateways", "test", name, "--json", connect=connects)
    assert result.exit_code == 0
    row = {"gateway": "acme/outbox", "kind": "any", "status": "connection_succeeded", "words": ""}
    assert json.loads(result.stdout) == {"gateways": [row]}


@pytest.mark.parametrize("name", ["nowhere", "globex/outbox", "", "../outbox"])
def test_a_gateway_that_is_not_there_is_usage_and_names_those_that_are(tmp_path: Path, name: str) -> None:
    result = ran(configured(tmp_path), "gateways", "test", name, connect=connects)
    assert result.exit_code == 2
    assert "acme/inbox, acme/outbox" in result.stderr


VERB = "POST /gateways/acme/inbox"
KNOWN: Answers = {"GET /gateways": (200, {"gateways": [INBOX, OUTBOX]})}


@pytest.mark.parametrize(
    ("verb", "status", "code"),
    [("rebuild", "connection_succeeded", 0), ("rebuild", "locked", 1), ("disconnect", "disconnected", 0)],
)
def test_a_gateway_is_rebuilt_and_disconnected_by_the_daemon(tmp_path: Path, verb: str, status: str, code: int) -> None:
    config, after = configured(tmp_path), INBOX | {"status": status}
    with daemon(config, KNOWN | {f"{VERB}/{verb}": (200, after)}) as asked:
        result = ran(config, "gateways", verb, "inbox")
        as_json = ran(config, "gateways", verb, "acme/inbox", "--json")
        nobody = ran(config, "gateways", verb, "nowhere")
    assert (result.exit_code, as_json.exit_code, nobody.exit_code) == (code, code, 2)
    assert result.stdout.split("\t")[:3] == ["acme/inbox", "pop3", status]
    assert json.loads(as_json.stdout) == after
    assert "acme/inbox, acme/outbox" in nobody.stderr
    assert [one for one in asked if one.startswith("POST")] == [
        f"POST /operator/v1/gateways/acme/inbox/{verb} -> 200"
    ] * 2


def test_a_name_that_several_tenants_use_is_asked_back(tmp_path: Path) -> None:
    config = configured(tmp_path)
    with daemon(config, {"GET /gateways": (200, {"gateways": [INBOX, INBOX | {"tenant": "globex"}]})}):
        result = ran(config, "gateways", "disconnect", "inbox")
    assert result.exit_code == 2
    assert "several gateways have this name: acme/inbox, globex/inbox" in result.stderr


def test_where_a_daemon_runs_it_is_the_one_to_try_a_gateway(tmp_path: Path) -> None:
    config = configured(tmp_path)
    row = {"gateway": "acme/inbox", "kind": "pop3", "status": "locked", "words": "in use"}
    with daemon(config, KNOWN | {f"{VERB}/test": (200, row)}):
        result = ran(config, "gateways", "test", "inbox", "--json")
    assert (result.exit_code, json.loads(result.stdout)) == (1, {"gateways": [row]})


def test_the_version_is_a_verb_and_an_option() -> None:
    for words in (["version"], ["--version"]):
        result = CliRunner().invoke(postroom, words)
        assert (result.exit_code, result.stdout) == (0, f"postroom {__version__}\n")
    assert json.loads(CliRunner().invoke(postroom, ["version", "--json"]).stdout) == {"version": __version__}
