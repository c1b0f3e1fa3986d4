"""Replies over HTTP: taken in once, durable at the 201, refused with every reason."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

import httpx

from postroom.ports.records import OutboxRow
from postroom.session.state import Phase, Session
from tests.api.door import Door, open_door


def body_for(session: Session, **more: object) -> dict[str, object]:
    assert session.assignment is not None
    return {"token": session.assignment.token, "text": "We send a new lamp."} | more


async def post(client: httpx.AsyncClient, session: Session, body: object, key: str | None = "key-1") -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return await client.post(f"/api/v1/acme/sessions/{session.id}/replies", json=body, headers=headers)


async def rows(door: Door, session: Session) -> tuple[list[Any], list[OutboxRow]]:
    """The replies of the session's conversation, and every outbox row."""
    now = door.house.clock.now()
    replies = await door.house.read(lambda tx: list(tx.replies.of_conversation(session.conversation)))
    outbox = await door.house.write(lambda tx: list(tx.outbox.lease("look", now, now, 100)))
    return replies, outbox


async def test_a_reply_is_durable_when_it_is_answered(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned()
        answer = await post(client, session, body_for(session, html="<p>We send a new lamp.</p>"))
        assert answer.status_code == 201, answer.text
        accepted = answer.json()
        assert [one["address"] for one in accepted["recipients"]] == ["carla@example.com"]
        replies, outbox = await rows(door, session)
        assert [one.id for one in replies] == [accepted["reply"]]
        assert [row.id for row in outbox] == [accepted["reply"]]
        assert (await door.house.session(session.id)).phase is Phase.AWAITING_CUSTOMER
        raw = (await client.get(f"/api/v1/acme/mails/{accepted['mail']}/raw")).content
        assert b"In-Reply-To: <first@example.com>" in raw
        shown = (await client.get(f"/api/v1/acme/conversations/{session.conversation}")).json()
        assert [mail["incoming"] for mail in shown["mails"]] == [True, False]
        assert shown["replies"][0]["state"] == "accepted"


async def test_a_reply_without_a_key_is_refused(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned()
        answer = await post(client, session, body_for(session), key=None)
        assert answer.status_code == 400
        assert answer.json()["type"] == "urn:postroom:problem:idempotency-key-missing"
        assert await rows(door, session) == ([], [])


async def test_the_same_reply_again_is_answered_the_same_and_sent_once(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned()
        answers = [await post(client, session, body_for(session)) for _ in range(3)]
        assert [one.status_code for one in answers] == [201] * 3
        assert len({one.content for one in answers}) == 1
        replies, outbox = await rows(door, session)
        assert (len(replies), len(outbox)) == (1, 1)


async def test_the_same_reply_posted_at_once_many_times_is_sent_once(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned()
        answers = await asyncio.gather(*(post(client, session, body_for(session)) for _ in range(40)))
        assert {one.status_code for one in answers} == {201}
        assert len({one.content for one in answers}) == 1
        replies, outbox = await rows(door, session)
        assert (len(replies), len(outbox)) == (1, 1)


async def test_another_reply_under_the_same_key_is_refused(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned()
        assert (await post(client, session, body_for(session))).status_code == 201
        answer = await post(client, session, body_for(session, text="Something else."))
        assert answer.status_code == 409
        assert answer.json()["type"] == "urn:postroom:problem:idempotency-key-reused"
        assert len((await rows(door, session))[0]) == 1


async def test_two_different_replies_under_one_key_at_once_send_one(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned()
        bodies = [body_for(session, text=f"Answer {number}") for number in range(6)]
        answers = await asyncio.gather(*(post(client, session, body) for body in bodies))
        assert sorted(one.status_code for one in answers) == [201] + [409] * 5
        assert len((await rows(door, session))[0]) == 1


async def test_a_key_is_found_again_by_a_new_process(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned()
        first = await post(client, session, body_for(session))
    async with open_door(tmp_path) as door, door.client() as client:
        again = await post(client, session, body_for(session))
        assert (again.status_code, again.content) == (201, first.content)


async def test_a_refused_reply_names_every_problem_and_may_be_mended_under_its_key(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned()
        many = [f"person{number}@example.com" for number in range(3)]
        answer = await post(client, session, body_for(session, text=" ", to=many, cc=["no address", *many], bcc=many))
        assert answer.status_code == 422
        problems = " ".join(answer.json()["problems"])
        assert len(answer.json()["problems"]) >= 3
        for named in ("no address", "max_recipients", "empty"):
            assert named in problems, problems
        assert await rows(door, session) == ([], [])
        assert (await post(client, session, body_for(session))).status_code == 201


async def test_a_reply_under_a_stale_token_is_refused_before_it_is_rendered(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client, door.client("ben") as other:
        session = await door.assigned("anna")
        stale = await post(client, session, body_for(session) | {"token": "an older one"})
        assert (stale.status_code, stale.json()["holder"]) == (409, "Anna Auer")
        foreign = await post(other, session, body_for(session))
        assert foreign.status_code == 409
        assert "now with Anna Auer" in foreign.json()["detail"]
        assert await rows(door, session) == ([], [])
        assert (await door.house.session(session.id)).phase is Phase.ASSIGNED


async def test_a_reply_to_an_ended_session_is_refused(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned()
        body = body_for(session)
        await client.post(f"/api/v1/acme/sessions/{session.id}/end", json={"token": body["token"]})
        assert (await post(client, session, body)).status_code == 409
        assert await rows(door, session) == ([], [])


async def test_a_session_that_changes_hands_while_a_reply_is_rendered_sends_nothing(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned()
        body = body_for(session)
        ending = client.post(f"/api/v1/acme/sessions/{session.id}/end", json={"token": body["token"]})
        answers = await asyncio.gather(ending, *(post(client, session, body, f"key-{n}") for n in range(6)))
        refused = [one for one in answers[1:] if one.status_code == 409]
        replies, outbox = await rows(door, session)
        assert len(replies) == len(outbox) == 6 - len(refused)
        assert answers[0].status_code == 200


async def test_files_arrive_as_they_were_sent(tmp_path: Path) -> None:
    content = bytes(range(256)) * 8_000  # 2 MB: more than other requests may have
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned()
        file = {"name": "lamp.bin", "content_type": "application/x-lamp", "content": base64.b64encode(content).decode()}
        answer = await post(client, session, body_for(session, attachments=[file]))
        assert answer.status_code == 201, answer.text
        shown = (await client.get(f"/api/v1/acme/conversations/{session.conversation}")).json()
        (view,) = shown["mails"][-1]["attachments"]
        path = f"/api/v1/acme/mails/{answer.json()['mail']}/attachments/{view['index']}"
        assert (await client.get(path)).content == content


async def test_files_that_are_no_base64_or_too_many_are_refused(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned()
        file = {"name": "a", "content": "AAAA"}
        for bad in ([file | {"content": "***"}], [file | {"header": "x"}], [file] * 101):
            answer = await post(client, session, body_for(session, attachments=bad))
            assert answer.status_code == 422, answer.text


async def test_files_over_the_limit_are_refused(tmp_path: Path) -> None:
    half = base64.b64encode(b"x" * 2_200_000).decode()
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned()
        files = [{"name": f"half {number}", "content": half} for number in range(2)]
        answer = await post(client, session, body_for(session, attachments=files))
        assert answer.status_code == 413
        assert answer.json()["type"] == "urn:postroom:problem:attachments-too-large"
        whole = await post(client, session, body_for(session, attachments=[{"name": "a", "content": half * 4}]))
        assert (whole.status_code, "POST /uploads" in whole.json()["detail"]) == (413, True)
        assert await rows(door, session) == ([], [])


async def test_nothing_in_a_reply_can_add_a_header(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned()
        for bad in (
            {"subject": "Hello\r\nBcc: spy@example.com"},
            {"to": ["carla@example.com\r\nBcc: spy@example.com"]},
            {"headers": {"Bcc": "spy@example.com"}},
            {"from": "boss@acme.example"},
        ):
            answer = await post(client, session, body_for(session, **bad), key=str(bad)[:60].replace("\\", ""))
            assert answer.status_code == 422, (bad, answer.text)
        assert await rows(door, session) == ([], [])
