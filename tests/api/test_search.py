"""Conversations are found by what people remember of them, a page at a time, and by nobody who may not see them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.door import Door, open_door
from tests.api.overseen import oversee

LIST = "/api/v1/acme/conversations"


async def subjects(client: httpx.AsyncClient, **query: object) -> list[str]:
    answer = await client.get(LIST, params={name: str(value) for name, value in query.items()})
    assert answer.status_code == 200, answer.text
    return [one["subject"] for one in answer.json()["conversations"]]


async def mails_come(door: Door) -> None:
    for subject in ("The green lamp is broken", "Invoice 4711", "A lamp, again"):
        await door.house.customer_writes(subject)
    await door.house.customer_writes("An order of a lamp", "shop")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["A lamp, again", "Invoice 4711", "The green lamp is broken"]),
        ({"subject": "LAMP"}, ["A lamp, again", "The green lamp is broken"]),
        ({"subject": "lamp green"}, ["The green lamp is broken"]),
        ({"subject": "lam"}, []),
        ({"customer": "CARLA@example.com", "subject": "4711"}, ["Invoice 4711"]),
        ({"customer": "carl@example.com"}, []),
        ({"channel": "support", "limit": 1}, ["A lamp, again"]),
        ({"channel": "shop"}, []),
        ({"phase": "queued", "queue": "help", "subject": "invoice"}, ["Invoice 4711"]),
        ({"phase": "ended"}, []),
        ({"owner": "anna"}, []),
        ({"since": "2026-03-02T09:00:02Z", "until": "2026-03-02T09:00:03Z"}, ["Invoice 4711"]),
        ({"reference": "<nobody@example.com>"}, []),
        ({"subject": "' OR 1=1 --"}, []),
    ],
)
async def test_a_conversation_is_found_by_what_is_known_of_it(
    tmp_path: Path, query: dict[str, Any], found: list[str]
) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client:
        await mails_come(door)
        assert await subjects(client, **query) == found


@pytest.mark.parametrize("said", ["", "0", "20260302", "2026-03-02", "2026-03-02T09:00:02", "null", "yesterday"])
async def test_what_is_no_time_with_its_zone_is_no_time_to_search_by(tmp_path: Path, said: str) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client:
        for name in ("since", "until"):
            assert (await client.get(LIST, params={name: said})).status_code == 422


async def test_a_conversation_is_found_by_its_id_and_by_nobody_of_another_queue(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as anna, door.client("chen") as chen:
        session = await door.house.customer_writes("It broke")
        assert await subjects(anna, reference=session.conversation) == ["It broke"]
        assert await subjects(chen, reference=session.conversation) == []
        assert await subjects(chen) == []


async def test_a_supervisor_finds_what_he_oversees(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("sven") as south, door.client("all") as everything:
        await oversee(door)
        await mails_come(door)
        assert await subjects(south) == ["An order of a lamp"]
        assert len(await subjects(everything)) == 4


async def test_pages_hold_each_once_whatever_comes_in_between(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client:
        await mails_come(door)
        seen: list[str] = []
        query: dict[str, str] = {"limit": "1"}
        while query.get("after") != "end":
            page = (await client.get(LIST, params=query)).json()
            seen += [one["subject"] for one in page["conversations"]]
            await door.house.customer_writes("Newer")
            query["after"] = page["next"] or "end"
        assert seen == ["A lamp, again", "Invoice 4711", "The green lamp is broken"]


@pytest.mark.parametrize("query", [{"after": "x"}, {"after": "!!"}, {"since": "2026-03-02T09:00:00"}])
async def test_a_cursor_of_nobodys_and_a_time_without_a_zone_are_refused(tmp_path: Path, query: dict[str, str]) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client:
        assert (await client.get(LIST, params=query)).status_code == 422
