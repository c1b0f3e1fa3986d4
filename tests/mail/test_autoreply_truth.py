"""The truth table of automatic replies: each row in every form a mail system may give it on the way."""

from __future__ import annotations

import base64
import csv
from datetime import timedelta
from itertools import combinations
from pathlib import Path

import pytest

from postroom.mail.classify import Classification, classify
from postroom.mail.parse import parse
from tests.mail.mails import IDENTITY, NOW, changed

TABLE = list(csv.DictReader((Path(__file__).parent / "autoreply_truth.csv").read_text("utf-8").splitlines()))
FORMS = ("plain", "reversed", "folded", "coded")
Fields = list[tuple[str, str]]


def report(kind: str) -> tuple[str, str]:
    inner = f"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b\r\nContent-Type: message/{kind}\r\n\r\nX: y\r\n--b--\r\n"
    return f"multipart/report; report-type={kind}; boundary=b", inner


def body_of(name: str) -> tuple[str, str] | None:
    if not name:
        return None
    if name == "calendar":
        return "text/calendar; method=REPLY; charset=utf-8", "BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nEND:VCALENDAR\r\n"
    if name == "forwarded":
        kind, inner = report("delivery-status")
        head = "--o\r\nContent-Type: text/plain\r\n\r\nlook\r\n--o\r\nContent-Type: message/rfc822\r\n\r\n"
        return "multipart/mixed; boundary=o", f"{head}From: a@b.example\r\nContent-Type: {kind}\r\n\r\n{inner}--o--\r\n"
    return report(name)


def fields_of(row: dict[str, str]) -> tuple[Fields, set[str]]:
    """The header of the row's mail, and the names of the fields the row is about."""
    changes: list[tuple[str, str | None]] = []
    added: Fields = []
    for change in filter(None, (piece.strip() for piece in row["change"].split(" | "))):
        if change.startswith("-"):
            changes.append((change[1:], None))
        elif "+ " in change.split(":")[0]:
            name, _, value = change.partition("+ ")
            added.append((name, value))
        else:
            name, _, value = change.partition(":")
            changes.append((name, value.removeprefix(" ")))
    body = body_of(row["body"])
    if body is not None:
        changes.append(("Content-Type", body[0]))
    fields = changed(changes) + added
    if "hops" in row["special"]:
        fields[1:1] = [
            ("Received", f"from h{n}.example by i{n}.example; Mon, 2 Mar 2026 11:59:00 +0000") for n in range(30)
        ]
    return fields, {name.lower() for name, value in (*changes, *added) if value is not None}


def written(fields: Fields, about: set[str], form: str) -> bytes:
    """The header in one of the forms; `coded` changes letter case, and codes what may be an encoded word."""
    lines = []
    for name, value in fields:
        if form == "folded":
            lines.append(f"{name}:\r\n {value.strip()}\r\n")
        elif form == "coded" and name.lower() == "subject":
            lines.append(f"SUBJECT: =?UTF-8?B?{base64.b64encode(value.encode()).decode()}?=\r\n")
        elif form == "coded" and name.lower() in about and name.lower() != "content-type":
            lines.append(f"{name.upper()}: {value.swapcase()}\r\n")
        else:
            lines.append(f"{name}: {value}\r\n")
    return "".join(reversed(lines) if form == "reversed" else lines).encode()


def verdict(row: dict[str, str], form: str, line_end: str) -> Classification:
    fields, about = fields_of(row)
    body = body_of(row["body"])
    raw = written(fields, about, form) + b"\r\n" + (body[1] if body else "Where is it?\r\n").encode()
    message = parse(raw if line_end == "CRLF" else raw.replace(b"\r\n", b"\n"))
    received_at = NOW - timedelta(hours=25) if "old" in row["special"] else NOW
    return classify(message, IDENTITY, received_at, NOW, "own_token" in row["special"])


@pytest.mark.parametrize("line_end", ["LF", "CRLF"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("row", TABLE, ids=[row["id"] for row in TABLE])
def test_every_row_holds_in_every_form(row: dict[str, str], form: str, line_end: str) -> None:
    found = verdict(row, form, line_end)
    assert found.answerable is (row["answered"] == "Y"), found.why_not
    assert found.kind.value == row["class"]
    assert {caveat.value for caveat in found.caveats} == ({row["caveat"]} if row["caveat"] else set())
    assert bool(found.why_not) is not found.answerable


SUPPRESSORS = [row for row in TABLE if row["answered"] == "N"]


def together(first: dict[str, str], second: dict[str, str]) -> dict[str, str] | None:
    """Both rows in one mail; None where both are about its body."""
    if first["body"] and second["body"]:
        return None
    changes = " | ".join(filter(None, (first["change"], second["change"])))
    specials = " ".join(filter(None, (first["special"], second["special"])))
    return {**first, "change": changes, "body": first["body"] or second["body"], "special": specials}


PAIRS = [(pair, both) for pair in combinations(SUPPRESSORS, 2) if (both := together(*pair)) is not None]


@pytest.mark.parametrize("both", [both for _, both in PAIRS], ids=[f"{a['id']}+{b['id']}" for (a, b), _ in PAIRS])
def test_no_two_suppressors_cancel_each_other(both: dict[str, str]) -> None:
    assert not verdict(both, "plain", "CRLF").answerable


def test_the_table_has_every_row_that_depends_on_the_mail_alone() -> None:
    """45 and 46 depend on what was sent before: tests/session/test_automatic_truth.py."""
    numbers = {int(row["id"][:2]) for row in TABLE}
    assert numbers == set(range(1, 51)) - {45, 46}
