"""Conversations and mails as agents read them, from real bytes."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

import pytest
from msgspec.structs import replace

from postroom.ports.records import Attempt, Reply, ReplyRecipient, ReplyState
from postroom.ports.store import Tx
from postroom.session.events import RobotAnswered
from postroom.session.state import Session
from tests.api.door import PLAIN, Door, open_door
from tests.dispatch.house import ACME

ROOT = "/api/v1/acme"

EVIL_HTML = """<html><head><style>body{background:url(https://spy.example/a)}</style><script>alert(1)</script></head>
<body onload="alert(2)"><p>Hello <b>there</b></p><img src="https://spy.example/pixel.gif"><img src="cid:logo">
<img src="data:image/png;base64,iVBORw0KGgo="><img src="data:image/svg+xml,<svg onload=alert(3)>">
<a href="javascript:alert(4)">a</a><a href="data:text/html,x">b</a><a href="https://shop.example/">c</a>
<a href="/relative">d</a><form action="https://spy.example"><input name="p"></form><iframe src="https://x.example"></iframe>
<object data="x"></object><svg><script>alert(5)</script></svg><meta http-equiv="refresh" content="0;url=https://x.example">
<base href="https://x.example"><!-- comment --></body></html>"""

NEVER_SHOWN = (
    *("script", "alert", "spy.example", "onload", "javascript", "iframe", "form", "input", "svg", "x.example"),
    *("data:text", "/relative", "comment", "<style", "<base", "http-equiv"),
)


def mail_with(*files: tuple[str, str, bytes], html: str | None = None) -> bytes:
    mail = EmailMessage()
    mail["From"] = "Carla Customer <carla@example.com>"
    mail["To"] = "help@acme.example"
    mail["Subject"] = "With files"
    mail["Message-ID"] = "<files@example.com>"
    mail.set_content("See the files.")
    if html is not None:
        mail.add_alternative(html, subtype="html")
    for name, content_type, content in files:
        maintype, _, subtype = content_type.partition("/")
        mail.add_attachment(content, maintype=maintype, subtype=subtype, filename=name)
    return mail.as_bytes()


async def test_a_conversation_shows_its_mails_oldest_first_with_text_and_trace(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned()
        await door.mail_comes(PLAIN.replace(b"The lamp is broken.", b"Still broken."), into=session.conversation)
        found = (await client.get(f"{ROOT}/conversations/{session.conversation}")).json()
        assert [mail["text"].strip() for mail in found["mails"]] == ["The lamp is broken.", "Still broken."]
        first = found["mails"][0]
        assert (first["incoming"], first["mail_class"], first["from_name"]) == (True, "human", "Carla Customer")
        assert first["to"] == [{"address": "help@acme.example", "name": ""}]
        assert first["trace"][0] == {"step": "route", "verdict": "support", "evidence": "the gateway is in"}
        assert [(line["step"], line["verdict"]) for line in first["trace"][1:]] == [
            ("decision", "new -> queued"),
            ("automatic_reply", "not sent"),
        ]
        assert (await client.get(f"{ROOT}/mails/{first['id']}/trace")).json() == {"trace": first["trace"]}
        assert (found["customer"], found["channel"], found["more"]) == ("carla@example.com", "support", False)
        assert found["session"]["phase"] == "assigned"
        assert session.assignment is not None
        assert found["session"]["token"] == session.assignment.token


async def test_only_the_newest_mails_of_a_long_conversation_are_read(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned()
        for number in range(4):
            raw = PLAIN.replace(b"The lamp is broken.", b"Mail %d" % number)
            await door.mail_comes(raw, into=session.conversation)
        path = f"{ROOT}/conversations/{session.conversation}"
        found = (await client.get(path, params={"mails": 2})).json()
        assert [mail["text"].strip() for mail in found["mails"]] == ["Mail 2", "Mail 3"]
        assert found["more"] is True


async def test_a_reply_shows_each_recipient_and_an_unknown_outcome(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned()
        await a_reply_nobody_knows_of(door, session)
        (reply,) = (await client.get(f"{ROOT}/conversations/{session.conversation}")).json()["replies"]
        assert reply["outcome_unknown"] is True
        assert reply["state"] == "unknown"
        assert [(one["address"], one["state"], one["words"]) for one in reply["recipients"]] == [
            ("carla@example.com", "unknown", "no answer to the final dot"),
            ("dora@example.com", "failed", "550 no such user"),
        ]
        assert [(one["unknown"], one["words"]) for one in reply["attempts"]] == [(True, "the server said nothing")]


async def test_a_mail_whose_bytes_are_gone_is_shown_by_its_row(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        large = PLAIN + b"x" * 70 + b"\r\n" * 40_000
        session = await door.assigned(raw=large)
        for file in tmp_path.joinpath("blobs").rglob("*"):
            if file.is_file():
                file.unlink()
        (mail,) = (await client.get(f"{ROOT}/conversations/{session.conversation}")).json()["mails"]
        assert (mail["readable"], mail["subject"], mail["text"]) == (False, "It broke", "")
        for what in ("raw", "html", "attachments/0"):
            assert (await client.get(f"{ROOT}/mails/{mail['id']}/{what}")).status_code == 410, what


async def test_the_raw_mail_is_the_very_bytes_to_save(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned()
        (mail,) = await door.mails_of(session)
        answer = await client.get(f"{ROOT}/mails/{mail.id}/raw")
        assert answer.content == PLAIN
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith(f'attachment; filename="{mail.id}.eml"')


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("invoice.pdf", "application/pdf"),
        ("page.html", "text/html"),
        ("picture.svg", "image/svg+xml"),
        ("code.js", "application/javascript"),
        ("Rechnung für Zoë.pdf", "application/pdf"),
        ("../../etc/passwd", "text/plain"),
    ],
)
async def test_a_file_is_always_a_download_whatever_it_says_it_is(tmp_path: Path, name: str, content_type: str) -> None:
    content = b"<script>alert(1)</script>" * 3
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned(raw=mail_with((name, content_type, content)))
        (mail,) = (await client.get(f"{ROOT}/conversations/{session.conversation}")).json()["mails"]
        (file,) = mail["attachments"]
        answer = await client.get(f"{ROOT}/mails/{mail['id']}/attachments/{file['index']}")
        assert answer.content == content
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith("attachment; filename=")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in answer.headers["content-security-policy"]
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "/" not in answer.headers["content-disposition"].replace("attachment; ", "")


async def test_a_file_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned()
        (mail,) = await door.mails_of(session)
        for index in ("0", "7", "999999"):
            assert (await client.get(f"{ROOT}/mails/{mail.id}/attachments/{index}")).status_code == 404
        assert (await client.get(f"{ROOT}/mails/{mail.id}/html")).status_code == 404


async def test_the_html_of_a_mail_is_cleaned_and_boxed_in(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned(raw=mail_with(html=EVIL_HTML))
        (mail,) = await door.mails_of(session)
        answer = await client.get(f"{ROOT}/mails/{mail.id}/html")
        assert answer.status_code == 200
        assert "<b>there</b>" in answer.text
        assert 'href="https://shop.example/"' in answer.text
        assert "data:image/png" in answer.text
        for bad in (
            "script",
            "alert",
            "spy.example",
            "onload",
            "javascript",
            "iframe",
            "form",
            "input",
            "svg",
            "x.example",
        ):
            assert bad not in answer.text, bad
        for bad in ("data:text", "/relative", "comment", "<style", "<base", "http-equiv"):
            assert bad not in answer.text, bad
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "sandbox" in policy
        assert "allow-scripts" not in policy
        assert "allow-same-origin" not in policy


def with_pictures(html: str, *pictures: tuple[str, str, bytes]) -> bytes:
    mail = EmailMessage()
    mail["From"] = "Carla Customer <carla@example.com>"
    mail["To"] = "help@acme.example"
    mail.set_content(html, subtype="html")
    for content_id, subtype, content in pictures:
        mail.add_related(content, maintype="image", subtype=subtype, cid=f"<{content_id}>")
    return mail.as_bytes()


PICTURES = {
    "pointed to": ('<img src="cid:a@x">', ("a@x", "png", b"one"), "data:image/png;base64,b25l"),
    "pointed to in another coding": ('<img src="CID:a%40x">', ("a@x", "gif", b"one"), "data:image/gif;base64,b25l"),
    "pointed to and not there": ('<img src="cid:b@x">', ("a@x", "png", b"one"), None),
    "there and not pointed to": ("<p>hello", ("a@x", "png", b"one"), None),
    "a drawing, which can hold scripts": ('<img src="cid:a@x">', ("a@x", "svg+xml", b"<svg/>"), None),
    "too large": ('<img src="cid:a@x">', ("a@x", "png", b"x" * (4 * 1024 * 1024 + 1)), None),
    "linked instead of shown": ('<a href="cid:a@x">a</a>', ("a@x", "png", b"one"), None),
}


@pytest.mark.parametrize(("html", "picture", "shown"), PICTURES.values(), ids=PICTURES)
async def test_pictures_that_came_with_the_mail_are_in_its_html_and_nothing_else_is(
    tmp_path: Path, html: str, picture: tuple[str, str, bytes], shown: str | None
) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned(raw=with_pictures(html, picture))
        (mail,) = await door.mails_of(session)
        answer = await client.get(f"{ROOT}/mails/{mail.id}/html")
        assert answer.status_code == 200
        assert (shown in answer.text) if shown else ("data:" not in answer.text)
        assert "cid:" not in answer.text


async def test_html_with_too_many_tags_is_refused_and_the_text_stays(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned(raw=mail_with(html="<div>" * 20_000 + "deep"))
        (mail,) = await door.mails_of(session)
        answer = await client.get(f"{ROOT}/mails/{mail.id}/html")
        assert answer.status_code == 413
        assert answer.json()["type"] == "urn:postroom:problem:html-too-large"


async def test_the_newest_mails_are_listed_with_route_class_outcome_and_whose_they_are(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned()
        filed = await door.mail_is_filed()
        rows = (await client.get(f"{ROOT}/mails")).json()["mails"]
        assert {row["id"] for row in rows} == {filed.id, (await door.mails_of(session))[0].id}
        served = next(row for row in rows if row["conversation"])
        assert (served["route"], served["mail_class"], served["outcome"]) == ("support", "human", "conversation")
        assert (served["phase"], served["queue"], served["agent"]) == ("assigned", "help", "anna")
        assert len((await client.get(f"{ROOT}/mails", params={"limit": 1})).json()["mails"]) == 1


async def test_a_mail_filed_in_another_queues_channel_is_not_shown(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client, door.client("chen") as other:
        filed = await door.mail_is_filed(channel="shop")
        assert (await client.get(f"{ROOT}/mails")).json()["mails"] == []
        assert (await client.get(f"{ROOT}/mails/{filed.id}/raw")).status_code == 404
        assert (await other.get(f"{ROOT}/mails/{filed.id}/raw")).status_code == 200


async def test_a_mail_of_a_channel_that_is_gone_is_nobodys(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        filed = await door.mail_is_filed()
        house, tenant = door.house, door.house.generation.tenants[0]
        house.generation = replace(house.generation, tenants=(replace(tenant, channels=()),))
        assert (await client.get(f"{ROOT}/mails/{filed.id}/raw")).status_code == 404


async def a_reply_nobody_knows_of(door: Door, session: Session) -> None:
    house, raw = door.house, PLAIN.replace(b"broken", b"mended")
    ref = await house.offload.run("blobs", door.blobs.put, raw)
    mails = await door.mails_of(session)
    mail = replace(mails[0], id=house.ids.new(), incoming=False, sha256=ref.sha256, message_id="ours@acme.example")
    unsure = ReplyRecipient(address="carla@example.com", field="to")
    reply = Reply(
        id=house.ids.new(),
        tenant=ACME,
        channel="support",
        gateway="out",
        conversation=session.conversation,
        session=session.id,
        agent="anna",
        mail=mail.id,
        message_id="ours@acme.example",
        envelope_from="help@acme.example",
        raw=ref,
        accepted_at=house.clock.now(),
        recipients=(unsure, ReplyRecipient(address="dora@example.com", field="cc")),
    )
    attempt = Attempt(
        id=house.ids.new(), reply=reply.id, started_at=house.clock.now(), recipients=("carla@example.com",)
    )

    def unit(tx: Tx) -> None:
        tx.mails.keep_raw(ref)
        tx.mails.add(mail)
        tx.replies.add(reply)
        tx.replies.start_attempt(attempt)
        tx.replies.end_attempt(attempt.id, house.clock.now(), "the server said nothing", unknown=True)
        tx.replies.set_state(reply.id, ReplyState.UNKNOWN)
        states = (
            replace(reply.recipients[0], state=ReplyState.UNKNOWN, words="no answer to the final dot"),
            replace(reply.recipients[1], state=ReplyState.FAILED, code=550, words="550 no such user"),
        )
        tx.replies.set_recipients(reply.id, states)

    await house.write(unit)


async def test_what_a_robot_said_too_late_is_shown_as_a_note(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned()
        late = RobotAnswered(turn=1, text="Have you tried the switch?")
        await door.house.write(lambda tx: door.house.step(tx, session.id, late))
        found = (await client.get(f"{ROOT}/conversations/{session.conversation}")).json()
        assert [(one["turn"], one["text"]) for one in found["notes"]] == [(1, "Have you tried the switch?")]
        assert "its answer came too late: a note" in [line["verdict"] for line in found["mails"][0]["trace"]]


async def test_earlier_sessions_are_the_context_of_the_newest(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        first = await door.assigned()
        assert first.assignment is not None
        body = {"token": first.assignment.token, "reason": "solved"}
        await client.post(f"{ROOT}/sessions/{first.id}/end", json=body)
        second = await door.mail_comes(into=first.conversation)
        found = (await client.get(f"{ROOT}/conversations/{first.conversation}")).json()
        assert found["session"]["id"] == second.id
        assert [(one["id"], one["ended_because"], one["owner"]) for one in found["earlier"]] == [
            (first.id, "solved", "anna")
        ]
