"""`postroom mail`: what it asks of the daemon, what it prints, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.a_daemon import configured, daemon, ran

ID = "01k9f3c5v7m2q8s4t6w0x1y3z5"
LINE: dict[str, Any] = {
    "id": ID,
    "tenant": "acme",
    "gateway": "acme/inbox",
    "first_seen_at": "2026-03-02T09:00:00.123456Z",
    "size": 3_000_000,
    "outcome": "quarantined",
    "reason": "reading it ended the reader by signal 11",
    "attempts": 3,
    "sender": "Carla <carla@example.com>",
    "subject": "It \x1b]0;owned\x07 broke\u202e",
}
DETAIL: dict[str, Any] = {
    "line": LINE,
    "uid": "uid\x1b[2J",
    "sha256": "f" * 64,
    "header": "From: carla@example.com\r\nSubject: \x1b]0;owned\x07\r\n",
    "header_is_cut": True,
    "mail": "m1",
    "conversation": "c1",
    "trace": [{"step": "route", "verdict": "support", "evidence": "gateway \x9b inbox"}],
}


def test_a_list_is_a_line_a_mail_and_no_terminal_obeys_it(tmp_path: Path) -> None:
    config = configured(tmp_path)
    with daemon(config, {"GET /mails": (200, {"mails": [LINE], "more": True})}) as asked:
        result = ran(config, "mail", "quarantine", "list", "--limit", "1", "--tenant", "a&b=c")
    assert asked == ["GET /operator/v1/mails?outcome=quarantined&limit=1&tenant=a%26b%3Dc -> 200"]
    assert result.exit_code == 0
    subject = "It \\x1b]0;owned\\x07 broke\\u202e"
    cells = (ID, "2026-03-02 09:00:00Z", "acme/inbox", "2.9 MB", LINE["sender"], subject, LINE["reason"])
    assert result.stdout == "\t".join(cells) + "\n"
    assert result.stderr == "There are more than these 1: --limit shows up to 200.\n"


@pytest.mark.parametrize("outcome", ["oversize", "unrouted"])
def test_the_other_lists_ask_for_theirs_and_say_where_there_is_nothing(tmp_path: Path, outcome: str) -> None:
    config = configured(tmp_path)
    with daemon(config, {"GET /mails": (200, {"mails": [], "more": False})}) as asked:
        result = ran(config, "mail", outcome)
    assert asked == [f"GET /operator/v1/mails?outcome={outcome}&limit=50 -> 200"]
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", f"No mail is {outcome}.\n")


def test_a_program_gets_json(tmp_path: Path) -> None:
    config = configured(tmp_path)
    with daemon(config, {"GET /mails": (200, {"mails": [LINE], "more": False})}):
        result = ran(config, "mail", "quarantine", "list", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {"mails": [LINE], "more": False}
    assert result.stdout.isascii()
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize("verb", [("mail", "quarantine", "show"), ("mail", "show")])
def test_one_mail_is_shown_with_its_header_and_no_terminal_obeys_it(tmp_path: Path, verb: tuple[str, ...]) -> None:
    config = configured(tmp_path)
    with daemon(config, {f"GET /mails/{ID}": (200, DETAIL)}):
        result = ran(config, *verb, ID.upper())
    assert result.exit_code == 0
    assert "reason:       reading it ended the reader by signal 11\n" in result.stdout
    assert "name there:   uid\\x1b[2J\n" in result.stdout
    assert "  route: support  gateway \\x9b inbox\n" in result.stdout
    assert "From: carla@example.com\nSubject: \\x1b]0;owned\\x07\n" in result.stdout
    assert "the header goes on" in result.stdout
    assert not {"\x1b", "\x9b", "\x07", "\r"}.intersection(result.stdout)


def test_the_bytes_of_a_mail_are_saved_as_they_came(tmp_path: Path) -> None:
    config = configured(tmp_path)
    raw = bytes(range(256))
    with daemon(config, {f"GET /mails/{ID}/raw": (200, raw)}):
        result = ran(config, "mail", "quarantine", "show", ID, "--raw", str(tmp_path / "mail.eml"))
        printed = ran(config, "mail", "quarantine", "show", ID, "--raw", "-")
    assert result.exit_code == 0
    assert (tmp_path / "mail.eml").read_bytes() == printed.stdout_bytes == raw


def test_bytes_that_are_gone_leave_no_empty_file(tmp_path: Path) -> None:
    config = configured(tmp_path)
    with daemon(config, {f"GET /mails/{ID}/raw": (410, {"detail": "The bytes of this mail are gone or damaged."})}):
        result = ran(config, "mail", "quarantine", "show", ID, "--raw", str(tmp_path / "mail.eml"))
    assert (result.exit_code, result.stderr) == (1, "postroom: The bytes of this mail are gone or damaged.\n")
    assert not (tmp_path / "mail.eml").exists()


@pytest.mark.parametrize("verb", ["retry", "release"])
def test_an_act_says_what_became_of_the_mail(tmp_path: Path, verb: str) -> None:
    config = configured(tmp_path)
    ended = {"id": ID, "outcome": "conversation", "reason": "", "mail": "m1"}
    with daemon(config, {f"POST /mails/{ID}/{verb}": (200, ended)}):
        result = ran(config, "mail", "quarantine", verb, ID)
        as_json = ran(config, "mail", "quarantine", verb, ID, "--json")
    assert (result.exit_code, result.stdout) == (0, f"{ID}: conversation\n")
    assert (as_json.exit_code, json.loads(as_json.stdout)) == (0, ended)


def test_a_mail_that_stays_in_quarantine_ends_with_1(tmp_path: Path) -> None:
    config = configured(tmp_path)
    ended = {"id": ID, "outcome": "quarantined", "reason": "it \x1b burns", "mail": None}
    with daemon(config, {f"POST /mails/{ID}/retry": (200, ended)}):
        result = ran(config, "mail", "quarantine", "retry", ID)
        as_json = ran(config, "mail", "quarantine", "retry", ID, "--json")
    assert (result.exit_code, result.stderr) == (1, f"postroom: {ID} stays in quarantine: it \\x1b burns\n")
    assert (as_json.exit_code, json.loads(as_json.stdout)) == (1, ended)


def test_a_refusal_is_a_sentence(tmp_path: Path) -> None:
    config = configured(tmp_path)
    refusal = {"title": "Conflict", "status": 409, "detail": "this mail is not in quarantine."}
    with daemon(config, {f"POST /mails/{ID}/retry": (409, refusal), f"POST /mails/{ID}/release": (500, b"<html>")}):
        result = ran(config, "mail", "quarantine", "retry", ID)
        broken = ran(config, "mail", "quarantine", "release", ID)
    assert (result.exit_code, result.stderr) == (1, "postroom: this mail is not in quarantine.\n")
    assert (broken.exit_code, broken.stderr) == (1, "postroom: the daemon refused it (500)\n")


@pytest.mark.parametrize("hostile", ["..", "../../x", "0" * 27, "Ü" * 26, "x" * 25 + "?", "-1", ""])
def test_what_is_no_id_is_usage_and_asks_nobody(tmp_path: Path, hostile: str) -> None:
    config = configured(tmp_path)
    with daemon(config, {}) as asked:
        result = ran(config, "mail", "quarantine", "show", "--", hostile) if hostile == "-1" else None
        result = result or ran(config, "mail", "quarantine", "show", hostile)
    assert result.exit_code == 2
    assert asked == []


@pytest.mark.parametrize("limit", ["0", "201", "many"])
def test_a_limit_out_of_bounds_is_usage(tmp_path: Path, limit: str) -> None:
    assert ran(configured(tmp_path), "mail", "quarantine", "list", "--limit", limit).exit_code == 2


def test_where_no_daemon_answers_a_sentence_says_how_to_start_it(tmp_path: Path) -> None:
    config = configured(tmp_path)
    result = ran(config, "mail", "quarantine", "list")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith(f"postroom: no daemon answers at {config}/var/postroom.sock; start it with\n")
    assert f"postroom run --config {config}\n" in result.stderr


def test_a_store_that_was_never_made_is_no_daemon_either(tmp_path: Path) -> None:
    config = configured(tmp_path)
    (config / "var").rmdir()
    (config / "postroom.yaml").write_text(f"store: {{folder: {'deep/' * 40}var}}\n")
    result = ran(config, "mail", "quarantine", "list")
    assert (result.exit_code, result.stderr[:28]) == (1, "postroom: no daemon answers ")


def test_a_broken_configuration_ends_with_78_and_its_problems(tmp_path: Path) -> None:
    config = configured(tmp_path)
    (config / "postroom.yaml").write_text("store: {foldr: var}\n")
    for verb in (("mail", "quarantine", "list"), ("gateways", "list"), ("gateways", "test")):
        result = ran(config, *verb)
        assert result.exit_code == 78
        assert f"{config}/postroom.yaml:1: store.foldr: there is no such key" in result.stderr


def test_a_tenant_half_way_through_a_change_keeps_nobody_from_asking_the_daemon(tmp_path: Path) -> None:
    config = configured(tmp_path)
    (config / "tenants" / "acme.yaml").write_text("gateways: 3\n")
    with daemon(config, {"GET /mails": (200, {"mails": [], "more": False})}):
        assert ran(config, "mail", "quarantine", "list").exit_code == 0
    assert ran(config, "gateways", "test").exit_code == 78


def test_an_answer_of_another_release_is_said_to_be_one(tmp_path: Path) -> None:
    config = configured(tmp_path)
    with daemon(config, {"GET /mails": (200, {"letters": []})}):
        result = ran(config, "mail", "quarantine", "list")
    assert result.exit_code == 1
    assert "it may be of another release" in result.stderr


def test_an_unrouted_mail_is_given_to_a_channel(tmp_path: Path) -> None:
    config = configured(tmp_path)
    given = {"id": ID, "outcome": "conversation", "reason": "", "mail": "m1"}
    with daemon(config, {f"POST /mails/{ID}/route": (200, given)}) as asked:
        result = ran(config, "mail", "route", ID, "--channel", "support")
        as_json = ran(config, "mail", "route", ID, "--channel", "support", "--json")
    assert (result.exit_code, result.stdout) == (0, f"{ID}: conversation\n")
    assert json.loads(as_json.stdout) == given
    assert len(asked) == 2
    assert ran(config, "mail", "route", ID).exit_code == 2
