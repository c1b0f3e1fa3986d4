"""Drafts hold all that a reply does, and one window does not write over what another one wrote."""

from __future__ import annotations

import base64
from pathlib import Path

import httpx
import pytest

from postroom.session.state import Session
from tests.api.asking import ROOT, token_of_owner
from tests.api.door import open_door


async def save(
    client: httpx.AsyncClient, session: Session, *, headers: dict[str, str], **said: object
) -> httpx.Response:
    body = said | {"token": token_of_owner(session)}
    return await client.put(f"{ROOT}/sessions/{session.id}/draft", json=body, headers=headers)


async def test_a_draft_holds_all_that_a_reply_does_and_becomes_one(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned()
        file = {"name": "a.txt", "content_type": "text/plain", "content": base64.b64encode(b"hello").decode()}
        said = {
            "text": "Dear Carla",
            "html": "<p>Dear Carla</p>",
            "subject": "Lamp",
            "to": ["carla@example.com"],
            "cc": ["d@example.com"],
            "bcc": [],
            "from": "channel",
            "quote": True,
            "canned": "",
            "language": "de",
        }
        answer = await save(client, session, headers={}, **said, attachments=[file])
        assert answer.status_code == 200, answer.text
        (shown,) = (await client.get(f"{ROOT}/sessions/{session.id}/drafts")).json()["drafts"]
        assert shown == answer.json()
        assert shown | said == shown
        body = {name: shown[name] for name in (*said, "attachments")} | {"token": token_of_owner(session)}
        headers = {"Idempotency-Key": "k"}
        sent = await client.post(f"{ROOT}/sessions/{session.id}/replies", json=body, headers=headers)
        assert sent.status_code == 201, sent.text
        raw = (await client.get(f"{ROOT}/mails/{sent.json()['mail']}/raw")).content
        assert b"a.txt" in raw
        assert b"The lamp is broken." in raw


async def test_a_draft_that_another_window_changed_is_not_written_over(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned()
        first = await save(client, session, headers={"If-None-Match": "*"}, text="Dear")
        tag = first.headers["ETag"]
        assert tag == first.json()["etag"]
        again = await save(client, session, headers={"If-None-Match": "*"}, text="from another window")
        second = await save(client, session, headers={"If-Match": tag}, text="Dear Carla")
        stale = await save(client, session, headers={"If-Match": tag}, text="from another window")
        weak = await save(client, session, headers={"If-Match": f"W/{second.headers['ETag']}"}, text="x")
        gone = await client.delete(f"{ROOT}/sessions/{session.id}/draft", headers={"If-Match": tag})
        assert [one.status_code for one in (again, second, stale, weak, gone)] == [412, 200, 412, 412, 412]
        assert stale.json()["type"] == "urn:postroom:problem:changed-meanwhile"
        (kept,) = (await client.get(f"{ROOT}/sessions/{session.id}/drafts")).json()["drafts"]
        assert kept["text"] == "Dear Carla"
        assert (await save(client, session, headers={"If-Match": "*"}, text="any")).status_code == 200
        assert (await client.delete(f"{ROOT}/sessions/{session.id}/draft")).status_code == 204
        assert (await save(client, session, headers={"If-Match": "*"}, text="none")).status_code == 412


async def test_the_same_save_again_under_its_key_is_answered_as_before(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned()
        tag = (await save(client, session, headers={}, text="Dear")).headers["ETag"]
        headers = {"If-Match": tag, "Idempotency-Key": "k"}
        first, again = [await save(client, session, headers=headers, text="Dear Carla") for _ in range(2)]
        assert (first.status_code, first.content) == (again.status_code, again.content)


@pytest.mark.parametrize("given", ["no tag", '"', "", '"a", "b"'])
async def test_what_is_no_tag_of_the_draft_changes_nothing(tmp_path: Path, given: str) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned()
        await save(client, session, headers={}, text="Dear")
        assert (await save(client, session, headers={"If-Match": given}, text="x")).status_code == 412
