"""`postroom mail explain`: every verdict with its evidence, by configuration and hour."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.cli.simulated_house import ROBOT, configured, lines, mail, ran

OPEN, CLOSED, HOLIDAY = "2026-03-02T10:00", "2026-03-02T18:30", "2026-03-04T10:00"
BOUNCE = """\
From: MAILER-DAEMON@mx.example
To: help@shop.example
Subject: Undelivered
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

no such user
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; gone@customer.example
Action: failed
Status: 5.1.1

--b--
"""


def explained(folder: Path, raw: str | bytes, at: str, *more: str) -> dict[str, Any]:
    file = folder.parent / "one.eml"
    file.write_bytes(raw if isinstance(raw, bytes) else raw.encode())
    result = ran("mail", "explain", file, "--config", folder, "--at", at, "--json", *more)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.mark.parametrize(
    ("at", "is_open", "day", "kind", "subject"),
    [
        (OPEN, True, "workday", "working", "We have it"),
        (CLOSED, False, "workday", "non_working", "We have received your message"),
        (HOLIDAY, False, "rest day (Stocktaking)", "holiday", "We have received your message"),
        ("2026-03-07T10:00", True, "make-up workday (Stocktaking made up)", "working", "We have it"),
    ],
)
def test_the_hour_decides_what_the_customer_is_told(
    tmp_path: Path, at: str, is_open: bool, day: str, kind: str, subject: str
) -> None:
    when = "Wed, 04 Mar 2026 08:00:00 +0000" if at == HOLIDAY else f"Mon, {at[8:10]} Mar 2026 08:00:00 +0000"
    found = explained(configured(tmp_path / "config"), mail(date=when), at)
    hours, automatic = found["work_time"], found["automatic"]
    assert (hours["is_open"], hours["day"], hours["zone"]) == (is_open, day, "Europe/Berlin")
    assert hours["now"] == f"{at}:00+01:00"
    assert (automatic["kind"], automatic["is_sent"], automatic["to"]) == (kind, True, "grace@customer.example")
    assert automatic["subject"] == subject
    assert (found["service"]["outcome"], found["service"]["phase"]) == ("conversation", "queued")


def test_the_reply_is_rendered_in_the_language_of_the_mail(tmp_path: Path) -> None:
    body = "Guten Tag, wo bleibt denn meine Bestellung? Ich warte schon seit zwei Wochen auf das Paket."
    found = explained(configured(tmp_path / "config"), mail(body=body), CLOSED)
    assert found["text"]["language"] == "de"
    assert found["automatic"]["text"].startswith("Wir öffnen um ")


def test_the_robot_is_asked_first_and_a_keyword_leads_past_it(tmp_path: Path) -> None:
    folder = configured(tmp_path / "config", ROBOT)
    asked = explained(folder, mail(), OPEN)
    assert (asked["service"]["phase"], asked["service"]["robot"]) == ("robot", "shop_faq")
    assert [one["kind"] for one in asked["service"]["deadlines"]] == ["robot_turn"]
    assert asked["keyword"] == {"is_asked": True, "keyword": "", "evidence": ""}
    past = explained(folder, mail(body="I want a human being."), OPEN)
    assert (past["service"]["phase"], past["keyword"]["keyword"]) == ("queued", "human being")


@pytest.mark.parametrize(
    ("raw", "mail_class", "outcome"),
    [
        (mail(Auto_Submitted="auto-replied"), "automatic_response", "automatic_filed"),
        (mail(List_Id="<news.example>", Precedence="bulk"), "list", "conversation"),
        (BOUNCE, "dsn", "automatic_filed"),
    ],
)
def test_mail_of_machines_is_never_answered(tmp_path: Path, raw: str, mail_class: str, outcome: str) -> None:
    found = explained(configured(tmp_path / "config"), raw, OPEN)
    assert (found["mail_class"]["name"], found["service"]["outcome"]) == (mail_class, outcome)
    assert not found["automatic"]["is_sent"]
    assert found["automatic"]["words"]


def test_every_route_says_whether_it_matched(tmp_path: Path) -> None:
    routes = (
        "routes:\n  - {name: spam, when: {subject: {contains: lottery}}, action: file}\n"
        "  - {name: orders, when: {subject: {contains: Order}}, channel: support}\n"
        "  - {name: others, when: {recipient: {is: other@shop.example}}, channel: support}\n"
    )
    found = explained(configured(tmp_path / "config", rest=routes), mail(), OPEN)
    assert [(one["name"], one["result"]) for one in found["routes"]] == [
        ("spam", "did not match"),
        ("orders", "matched"),
        ("others", "not asked"),
    ]
    lost = explained(tmp_path / "config", mail(Subject="Hello"), OPEN)
    assert (lost["channel"], lost["service"]["outcome"], lost["work_time"]) == ("", "unrouted", None)


def test_the_gateway_is_the_one_the_mail_names_or_that_is_asked_for(tmp_path: Path) -> None:
    folder = configured(tmp_path / "config", sales=True)
    assert explained(folder, mail(To="sales@shop.example"), OPEN)["gateway"] == "sales_in"
    first = explained(folder, mail(To="nobody@shop.example"), OPEN)
    assert (first["gateway"], "the first gateway" in first["gateway_why"]) == ("inbox", True)
    assert explained(folder, mail(), OPEN, "--gateway", "shop/sales_in")["gateway"] == "sales_in"


def test_keys_are_told_and_tokens_are_not_believed(tmp_path: Path) -> None:
    token = f"{'0' * 26}.0.1.{'a' * 32}@shop.example"
    raw = mail(In_Reply_To="<old@customer.example>", References=f"<{token}>")
    found = explained(configured(tmp_path / "config"), raw, OPEN)
    assert found["keys"] == {"tokens_unproven": 1, "message_ids": ["old@customer.example"], "subject_tags": []}


@pytest.mark.parametrize("raw", [b"", b"\x00\xff no header at all", b"Content-Type: multipart/mixed\n\n--x\n"])
def test_a_broken_file_is_explained_like_any_other(tmp_path: Path, raw: bytes) -> None:
    found = explained(configured(tmp_path / "config"), raw, OPEN)
    assert found["read"]["defects"]
    assert not found["automatic"]["is_sent"]


def test_the_table_for_people_has_every_step_and_no_terminal_obeys_it(tmp_path: Path) -> None:
    folder = configured(tmp_path / "config")
    file = tmp_path / "one.eml"
    file.write_text(mail(Subject="Hi \x1b]0;owned\x07"))
    result = ran("mail", "explain", file, "--config", folder, "--at", OPEN)
    assert result.exit_code == 0
    assert [row[0] for row in lines(result)] == [
        *("gateway", "reading", "received", "class", "route", "thread", "text"),
        *("channel", "work time", "keyword", "outcome", "session", "automatic reply"),
    ]
    assert "  Subject: We have it\n  | Your reference is " in result.stdout
    assert "\x1b" not in result.stdout


def test_the_keys_of_the_json_are_those_programs_rely_on(tmp_path: Path) -> None:
    found = explained(configured(tmp_path / "config"), mail(), OPEN)
    assert found["schema"] == "postroom.explain/1"
    assert list(found) == [
        *("schema", "at", "tenant", "gateway", "gateway_why", "read", "mail_class", "routes", "keys", "channel"),
        *("work_time", "keyword", "text", "service", "automatic", "trace", "words"),
    ]
    assert list(found["automatic"]) == ["kind", "is_sent", "reason", "words", "to", "subject", "text"]
    assert list(found["service"]) == ["outcome", "phase", "queue", "priority", "robot", "deadlines"]


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    folder = configured(tmp_path / "config")
    before = sorted(folder.rglob("*"))
    explained(folder, mail(), OPEN)
    assert (sorted(folder.rglob("*")), list(scratch.iterdir())) == (before, [])


def test_without_a_configuration_there_is_a_built_in_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.eml").write_text(mail())
    result = ran("mail", "explain", "one.eml")
    assert result.exit_code == 0
    assert "one.eml by the built-in starter configuration, as if it came " in result.stdout


def test_wrong_usage_ends_with_2_and_a_wrong_configuration_with_78(tmp_path: Path) -> None:
    folder = configured(tmp_path / "config")
    file = tmp_path / "one.eml"
    file.write_text(mail())
    for words, said in (
        (("--at", "yesterday"), "is no time in ISO 8601"),
        (("--gateway", "outbox"), "there is no receiving gateway outbox; there are: shop/inbox, shop/sales_in"),
    ):
        result = ran("mail", "explain", file, "--config", folder, *words)
        assert (result.exit_code, said in " ".join(result.stderr.split())) == (2, True), result.output
    assert ran("mail", "explain", tmp_path / "none.eml", "--config", folder).exit_code == 2
    (folder / "tenants" / "shop.yaml").write_text("channels: [{name: 1}]\n")
    assert ran("mail", "explain", file, "--config", folder).exit_code == 78
