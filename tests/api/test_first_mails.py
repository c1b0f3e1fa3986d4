"""An agent writes first: the conversation, its session and the mail are durable together, or nothing is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from postroom.session.effects import SendReply
from postroom.session.state import ConversationId, Phase
from tests.api.asking import ROOT, effects_of, leased
from tests.api.door import Door, open_door

MAIL = {"channel": "support", "to": ["Dora@example.com"], "subject": "Your lamp", "text": "It is ready."}


async def write(client: httpx.AsyncClient, key: str = "first", **more: object) -> httpx.Response:
    return await client.post(f"{ROOT}/conversations", json=MAIL | more, headers={"Idempotency-Key": key})


async def test_a_first_mail_begins_a_conversation_that_is_his(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client:
        answer = await write(client, cc=["eve@example.com"], bcc=["spy@example.com"])
        assert answer.status_code == 201, answer.text
        accepted, token = answer.json()["reply"], answer.json()["token"]
        session = await door.house.session(accepted["session"])
        assert (session.phase, session.owner) == (Phase.AWAITING_CUSTOMER, "anna")
        assert [row.id for row in await leased(door)] == [accepted["reply"]]
        (item,) = (await client.get(f"{ROOT}/work")).json()["awaiting"]
        assert (item["token"], item["customer"], item["subject"]) == (token, "Dora@example.com", "Your lamp")
        conversation = await door.house.read(lambda tx: tx.conversations.get(session.conversation))
        assert conversation is not None
        assert conversation.participants == ("dora@example.com", "eve@example.com")
        raw = (await client.get(f"{ROOT}/mails/{accepted['mail']}/raw")).content
        assert b"Subject: Your lamp" in raw
        assert b"spy@" not in raw
        assert [one for one in await effects_of(door, session) if isinstance(one, SendReply)]


async def test_the_same_first_mail_again_is_one_conversation(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client:
        answers = [await write(client) for _ in range(3)]
        assert len({one.content for one in answers}) == 1
        assert len(await leased(door)) == 1


async def test_the_customers_answer_comes_to_who_wrote_first(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client:
        accepted = (await write(client)).json()["reply"]
        await door.house.stand("anna")
        session = await door.mail_comes(into=ConversationId(accepted["conversation"]))
        assert (session.id, session.phase, session.owner) == (accepted["session"], Phase.ASSIGNED, "anna")


BAD: list[dict[str, Any]] = [
    {"to": []},
    {"to": ["nobody"]},
    {"to": ["a@example.com", "b@example.com", "c@example.com"]},
    {"subject": ""},
    {"subject": "x\r\nBcc: spy@example.com"},
    {"text": " "},
    {"channel": "shop"},
    {"channel": "none"},
    {"from": "boss@acme.example"},
]


@pytest.mark.parametrize("bad", BAD, ids=str)
async def test_what_may_not_be_sent_begins_nothing(tmp_path: Path, bad: dict[str, Any]) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client:
        assert (await write(client, **bad)).status_code == 422
        assert not any((await client.get(f"{ROOT}/work")).json().values())
        assert await leased(door) == []


async def test_a_first_mail_without_a_key_is_refused(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client:
        answer = await client.post(f"{ROOT}/conversations", json=MAIL)
        assert answer.json()["type"] == "urn:postroom:problem:idempotency-key-missing"
        assert await leased(door) == []


@pytest.mark.parametrize("how", [{"retired": True}, {"mode": "shadow"}], ids=str)
async def test_a_channel_that_is_retired_or_in_shadow_begins_nothing(tmp_path: Path, how: dict[str, Any]) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client:
        await _change_channels(door, how)
        assert (await write(client)).status_code == 409
        assert await leased(door) == []


async def _change_channels(door: Door, how: dict[str, Any]) -> None:
    acme, *others = door.house.generation.tenants
    acme = replace(acme, channels=tuple(replace(one, **how) for one in acme.channels))
    door.house.generation = replace(door.house.generation, number=2, tenants=(acme, *others))
