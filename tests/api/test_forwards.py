"""Forwards, notes, proposals and canned answers over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from postroom.session.state import Phase, Session
from tests.api.door import Door, open_door

ALL = b"Reply-To: eve@elsewhere.example\r\nCc: bob@x.example, help@acme.example\r\nBcc: spy@x.example\r\n"


def path_of(session: Session) -> str:
    return f"/api/v1/acme/sessions/{session.id}"


async def post_forward(
    client: httpx.AsyncClient, session: Session, more: dict[str, Any], key: str = "key-1"
) -> httpx.Response:
    assert session.assignment is not None
    body = {"token": session.assignment.token, "to": ["lab@workshop.example"], "text": "Please look."} | more
    return await client.post(f"{path_of(session)}/forward", json=body, headers={"Idempotency-Key": key} if key else {})


async def shown(client: httpx.AsyncClient, session: Session) -> Any:  # noqa: ANN401 JSON
    return (await client.get(f"/api/v1/acme/conversations/{session.conversation}")).json()


async def replies_of(door: Door, session: Session) -> int:
    return len(await door.house.read(lambda tx: list(tx.replies.of_conversation(session.conversation))))


async def test_a_forward_is_durable_once_and_the_customer_still_waits(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned()
        answers = [await post_forward(client, session, {}) for _ in range(2)]
        assert [one.status_code for one in answers] == [201, 201], answers[0].text
        assert answers[0].content == answers[1].content
        assert await replies_of(door, session) == 1
        assert (await door.house.session(session.id)).phase is Phase.ASSIGNED
        mails = (await shown(client, session))["mails"]
        assert (mails[-1]["mail_class"], mails[-1]["subject"]) == ("forward", "Fwd: It broke")
        assert "The lamp is broken." in mails[-1]["text"]


async def test_a_forward_needs_a_key_an_owner_and_recipients_within_the_caps(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client, door.client("ben") as other:
        session = await door.assigned()
        assert (await post_forward(client, session, {}, key="")).status_code == 400
        older = await post_forward(client, session, {"token": "older"})
        assert (older.status_code, "newer token" in older.json()["detail"]) == (409, True)
        assert (await post_forward(other, session, {})).status_code == 409
        many = [f"p{n}@x.example" for n in range(3)]
        answer = await post_forward(client, session, {"to": many, "bcc": many})
        assert answer.status_code == 422
        assert "max_recipients" in answer.text
        assert await replies_of(door, session) == 0


async def test_nothing_of_an_ended_session_is_passed_on(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned()
        assert session.assignment is not None
        await client.post(f"{path_of(session)}/end", json={"token": session.assignment.token})
        assert (await post_forward(client, session, {})).status_code in {403, 409}
        assert await replies_of(door, session) == 0


async def test_a_note_stands_with_the_conversation_and_is_never_mailed(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client, door.client("ben") as other:
        session = await door.assigned()
        assert session.assignment is not None
        mine = {"text": "She called.", "token": session.assignment.token}
        assert (await client.post(f"{path_of(session)}/notes", json=mine)).status_code == 201
        assert (await door.house.session(session.id)).wrote_something
        written = await other.post(f"{path_of(session)}/notes", json={"text": "I know her."})
        assert (written.status_code, written.json()["agent"]) == (201, "ben")
        found = await shown(client, session)
        assert [(one["agent"], one["text"]) for one in found["notes"]] == [
            ("anna", "She called."),
            ("ben", "I know her."),
        ]
        assert (len(found["mails"]), await replies_of(door, session)) == (1, 0)
        for bad in ({"text": ""}, {"text": "x" * 20_001}, {}):
            assert (await client.post(f"{path_of(session)}/notes", json=bad)).status_code == 422


async def test_a_note_sent_twice_under_its_key_stands_once(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned()
        for _ in range(2):
            answer = await client.post(
                f"{path_of(session)}/notes", json={"text": "Once."}, headers={"Idempotency-Key": "n"}
            )
            assert answer.status_code == 201
        assert len((await shown(client, session))["notes"]) == 1


async def test_the_server_says_whom_an_answer_would_go_to(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        raw = ALL + b"From: Carla <carla@example.com>\r\nTo: help@acme.example\r\nSubject: It broke\r\n\r\nx\r\n"
        session = await door.assigned(raw=raw)
        (mail,) = await door.mails_of(session)
        found = (await client.get(f"/api/v1/acme/mails/{mail.id}/proposals")).json()
        assert (found["reply"]["to"], found["reply"]["cc"]) == (["eve@elsewhere.example"], [])
        assert "another domain" in found["reply"]["warnings"][0]
        assert found["reply_all"]["cc"] == ["bob@x.example"]
        assert "spy@x.example" not in str(found)
        assert (await client.get("/api/v1/acme/mails/none/proposals")).status_code == 404


async def test_canned_answers_are_listed_for_a_session(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned()
        answer = await client.get(f"{path_of(session)}/canned-answers")
        assert (answer.status_code, answer.json()) == (200, {"answers": []})
        assert (await client.get("/api/v1/acme/sessions/none/canned-answers")).status_code == 404
