"""The operator's door holds back and lets go, and says what is held back."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace

from tests.api.operator_door import open_operator_door

NINE = "2026-03-02T09:00:00Z"


async def done(client: httpx.AsyncClient, path: str) -> list[tuple[str, str, str, str | None]]:
    answer = (await client.post(path)).raise_for_status()
    assert answer.status_code == 200
    assert answer.json() == (await client.get("/paused")).json()
    return [(one["what"], one["tenant"], one["by"], one["since"]) for one in answer.json()["paused"]]


async def test_what_is_paused_is_listed_until_it_is_resumed(tmp_path: Path) -> None:
    async with open_operator_door(tmp_path) as door, door.client() as client:
        assert await done(client, "/paused/intake/acme") == [("intake", "acme", "operator", NINE)]
        both = [("intake", "acme", "operator", NINE), ("sending", "", "operator", NINE)]
        assert await done(client, "/paused/sending") == both
        gateways = (await client.get("/gateways")).json()["gateways"]
        assert [one["paused"] for one in gateways] == [True, True]
        assert await done(client, "/resumed/sending") == both[:1]
        assert await done(client, "/resumed/intake/acme") == []
        assert await done(client, "/resumed/automatic") == []


async def test_what_settings_hold_is_listed_and_stays(tmp_path: Path) -> None:
    async with open_operator_door(tmp_path) as door, door.client() as client:
        house = door.ward.house
        acme, globex = house.generation.tenants
        house.generation = replace(house.generation, tenants=(acme, replace(globex, sending="hold")))
        assert await done(client, "/resumed/sending/globex") == [("sending", "globex", "settings", None)]


@pytest.mark.parametrize("path", ["/paused/lunch", "/resumed/lunch", "/paused/sending/gone", "/paused/Sending"])
async def test_what_cannot_be_paused_is_not_found(tmp_path: Path, path: str) -> None:
    async with open_operator_door(tmp_path) as door, door.client() as client:
        assert (await client.post(path)).status_code == 404
        assert (await client.get("/paused")).json() == {"paused": []}


async def test_one_tenant_is_not_let_go_while_all_are_held(tmp_path: Path) -> None:
    async with open_operator_door(tmp_path) as door, door.client() as client:
        await done(client, "/paused/intake")
        refused = await client.post("/resumed/intake/acme")
        assert (refused.status_code, "paused for every tenant" in refused.json()["detail"]) == (409, True)


@pytest.mark.parametrize("path", ["/paused/intake", "/resumed/sending"])
async def test_what_cannot_be_kept_is_not_done(tmp_path: Path, path: str) -> None:
    async with open_operator_door(tmp_path) as door, door.client() as client:
        before = await done(client, "/paused/sending")
        kept = next(door.folder.rglob("paused"))
        kept.rename(kept.with_name("before"))
        (kept.parent / "paused~").mkdir()
        assert (await client.post(path)).status_code == 503
        assert len((await client.get("/paused")).json()["paused"]) == len(before)
