"""Mails of another parser's tests, field by field: what it expects is what we read, but for the differences listed.

A listed difference that is none any more fails as an unlisted one does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from postroom.mail.message import Address, Message
from postroom.mail.parse import attachment_bytes, parse
from tests.mail.corpus import CORPUS, mails, needs_corpus

pytestmark = needs_corpus
FOLDER = CORPUS / "mail-parser"

Expected = dict[str, Any]

OUTER_ENDS = "an outer boundary ends the inner parts (RFC 2046 §5.1.2), so what follows it is a part of the outer one"
DIFFERENCES: dict[str, dict[str, str]] = {
    "malformed/000": {"html": "an HTML part without content is HTML all the same, and shows nothing"},
    "malformed/006": {
        "text": "the only text of a mail cut short is its text, not a file",
        "attachments": "the only text of a mail cut short is its text, not a file",
    },
    "malformed/007": {
        "text": "a part whose header has no blank line has no body but the line that looks like a boundary",
        "attachments": "the same line is no file",
    },
    "malformed/009": {"text": OUTER_ENDS, "attachments": OUTER_ENDS},
    "malformed/011": {"text": OUTER_ENDS, "attachments": OUTER_ENDS},
    "malformed/020": {
        "text": "of two Content-Types the first holds: a multipart, whose parts are read; not a text with their marks",
        "html": "the same: its HTML is a part",
    },
    "rfc/004": {
        "from": "an author without an at-sign is shown as its address: there is no name beside it",
        "to": "the same for a recipient",
    },
    "thirdparty/002": {
        "text": "broken base64 is read as far as it goes and named as a defect, not attached as it stands",
        "attachments": "the same part is no file",
    },
    "thirdparty/005": {"text": "the last line has two hyphens before and none at its start, so it is no boundary"},
}


def fields_of(expected: Expected) -> dict[str, Any]:
    """The first field of each name."""
    found: dict[str, Any] = {}
    for item in expected["parts"][0]["headers"]:
        if isinstance(item["name"], str):
            found.setdefault(item["name"], item["value"])
    return found


def people(value: object) -> list[Address]:
    listed = value.get("Address", {}) if isinstance(value, dict) else {}
    groups = listed.get("Group", [{"addresses": listed.get("List", [])}])
    return [Address(one["address"] or "", one["name"] or "") for group in groups for one in group["addresses"]]


def ids(value: object) -> list[str]:
    if not isinstance(value, dict):
        return []
    return [value["Text"]] if "Text" in value else list(value.get("TextList", []))


def moment(value: object) -> str:
    if not isinstance(value, dict) or "DateTime" not in value:
        return ""
    at = value["DateTime"]
    sign = "-" if at["tz_before_gmt"] else "+"
    day = f"{at['year']:04}-{at['month']:02}-{at['day']:02}T{at['hour']:02}:{at['minute']:02}:{at['second']:02}"
    return datetime.fromisoformat(f"{day}{sign}{at['tz_hour']:02}:{at['tz_minute']:02}").isoformat()


def squeezed(text: str) -> str:
    return "".join(text.split())


def bodies_of(expected: Expected, which: str) -> list[dict[str, Any]]:
    return [expected["parts"][index]["body"] for index in expected[which]]


def contents(expected: Expected) -> list[bytes | None]:
    """The files; None for one that is a text or a message, which the other parser decodes further than bytes."""
    found = bodies_of(expected, "attachments")
    octets = [body.get("Binary", body.get("InlineBinary")) for body in found]
    return [None if one is None else bytes(one) for one in octets]


def theirs(expected: Expected) -> dict[str, object]:
    fields = fields_of(expected)
    texts = bodies_of(expected, "text_body")
    return {
        "subject": (fields.get("subject") or {}).get("Text", ""),
        **{name: people(fields.get(name.replace("-", "_"))) for name in ("from", "sender", "reply-to", "to", "cc")},
        **{name: ids(fields.get(name.replace("-", "_"))) for name in ("message-id", "in-reply-to", "references")},
        "date": moment(fields.get("date")),
        # Where it reads HTML as the text, we render it.
        "text": squeezed("".join(text["Text"] for text in texts)) if all("Text" in text for text in texts) else None,
        "html": "".join(squeezed(body["Html"]) for body in bodies_of(expected, "html_body") if "Html" in body) or None,
        "attachments": contents(expected),
    }


def ours(raw: bytes, message: Message, beside: dict[str, object]) -> dict[str, object]:
    theirs_html = beside["html"]
    html = None if message.html is None else squeezed(message.html)
    files = [attachment_bytes(raw, one.index) for one in message.attachments]
    known = beside["attachments"]
    assert isinstance(known, list)
    if len(files) == len(known):
        files = [None if other is None else file for file, other in zip(files, known, strict=True)]
    return {
        "subject": message.subject,
        "from": list(message.from_),
        "sender": list(message.sender),
        "reply-to": list(message.reply_to),
        "to": list(message.to),
        "cc": list(message.cc),
        "message-id": [message.message_id] if message.message_id else [],
        "in-reply-to": list(message.in_reply_to),
        "references": list(message.references),
        "date": message.date.isoformat() if message.date else "",
        "text": None if beside["text"] is None else squeezed(message.text),
        # Plain texts between HTML parts are shown in ours.
        "html": theirs_html if html and isinstance(theirs_html, str) and theirs_html in html else html,
        "attachments": files,
    }


def cases() -> Iterator[tuple[str, Path]]:
    for path in mails("mail-parser"):
        yield path.relative_to(FOLDER).with_suffix("").as_posix(), path


@pytest.mark.parametrize(("name", "path"), list(cases()), ids=[name for name, _ in cases()])
def test_every_field_agrees_but_for_what_is_listed(name: str, path: Path) -> None:
    raw = path.read_bytes()
    expected = theirs(json.loads(path.with_suffix(".json").read_text("utf-8")))
    read = ours(raw, parse(raw), expected)
    differing = {field: (read[field], expected[field]) for field in expected if read[field] != expected[field]}
    assert set(differing) == set(DIFFERENCES.get(name, {})), differing


def test_what_is_listed_is_there() -> None:
    assert set(DIFFERENCES) <= {name for name, _ in cases()}
    assert len(list(cases())) >= 21
