"""Drafts over HTTP: kept, shown with their author to whoever has the session next, and never lost by a late press."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from postroom.session.state import Session
from tests.api.asking import ROOT, ask, reply, token_of_owner
from tests.api.door import open_door


async def save(client: httpx.AsyncClient, session: Session, token: str, text: str, **more: object) -> httpx.Response:
    return await client.put(f"{ROOT}/sessions/{session.id}/draft", json={"token": token, "text": text} | more)


async def drafts(client: httpx.AsyncClient, session: Session) -> list[Any]:
    answer = await client.get(f"{ROOT}/sessions/{session.id}/drafts")
    assert answer.status_code == 200
    found: list[Any] = answer.json()["drafts"]
    return found


async def test_the_newest_draft_is_kept_whole(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client:
        session = await door.assigned("anna")
        token = token_of_owner(session)
        await save(client, session, token, "Dear")
        said = {"html": "<p>Dear Carla</p>", "subject": "Lamp", "to": ["carla@example.com", "not yet an addr"]}
        answer = await save(client, session, token, "Dear Carla", **said)
        assert answer.status_code == 200
        assert await drafts(client, session) == [answer.json()]
        assert answer.json() | said | {"text": "Dear Carla", "mine": True, "agent_name": "Anna Auer"} == answer.json()


async def test_saving_a_draft_restarts_the_agents_time_once(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client:
        session = await door.assigned("anna")
        door.house.clock.passed += 100
        await save(client, session, token_of_owner(session), "Dear")
        saved = await door.house.session(session.id)
        assert saved.answer_due_since == door.house.clock.now()
        door.house.clock.passed += 100
        await save(client, session, token_of_owner(session), "Dear Carla")
        assert (await door.house.session(session.id)).answer_due_since == saved.answer_due_since


async def test_a_draft_outlives_a_transfer_and_is_its_authors_for_ever(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client, door.client("ben") as other:
        session = await door.assigned("anna")
        await save(client, session, token_of_owner(session), "Dear Carla")
        await door.house.stand("ben")
        await ask(client, session, "transfer", token=token_of_owner(session), agent="ben")
        await door.house.queues().assign_all()
        (offer,) = (await other.get(f"{ROOT}/work")).json()["offers"]
        await ask(other, session, "accept", token=offer["token"])
        await save(other, session, offer["token"], "Hello Carla")
        shown = (await other.get(f"{ROOT}/conversations/{session.conversation}")).json()["drafts"]
        assert [(one["agent_name"], one["text"], one["mine"]) for one in shown] == [
            ("Anna Auer", "Dear Carla", False),
            ("Ben Bright", "Hello Carla", True),
        ]


async def test_a_draft_or_reply_that_comes_too_late_is_kept_where_the_session_was_his(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client, door.client("ben") as other:
        session = await door.assigned("anna")
        token = token_of_owner(session)
        await ask(client, session, "transfer", token=token, queue="help")
        late = await save(client, session, token, "Dear Carla")
        assert (late.status_code, late.json()["type"]) == (409, "urn:postroom:problem:stale")
        assert [one["text"] for one in await drafts(other, session)] == ["Dear Carla"]
        headers = {"Idempotency-Key": "late"}
        body = {"token": token, "text": "Dear Carla, it is on its way."}
        sent = await client.post(f"{ROOT}/sessions/{session.id}/replies", json=body, headers=headers)
        assert sent.status_code == 409
        assert [one["text"] for one in await drafts(other, session)] == ["Dear Carla, it is on its way."]


async def test_who_never_had_the_session_leaves_nothing_in_it(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client, door.client("ben") as other:
        session = await door.assigned("anna")
        for token in (token_of_owner(session), "guessed"):
            assert (await save(other, session, token, "mine now")).status_code == 409
        assert await drafts(client, session) == []


async def test_a_draft_that_was_sent_is_gone_and_one_may_follow(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client:
        session = await door.assigned("anna")
        await save(client, session, token_of_owner(session), "We send")
        await reply(client, session)
        assert await drafts(client, session) == []
        assert (await save(client, session, token_of_owner(session), "And one more thing")).status_code == 200
        assert len(await drafts(client, session)) == 1
        gone = await client.delete(f"{ROOT}/sessions/{session.id}/draft")
        assert (gone.status_code, gone.content) == (204, b"")
        assert await drafts(client, session) == []


async def test_nothing_is_drafted_in_what_is_over(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client:
        session = await door.assigned("anna")
        await ask(client, session, "end", token=token_of_owner(session))
        assert (await save(client, session, token_of_owner(session), "Too late")).status_code == 409
