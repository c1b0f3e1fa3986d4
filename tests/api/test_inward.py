"""Requests from inside are an agent's like any other, and nothing that comes through a socket can pretend to be one."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from postroom.api.inward import InwardDoor
from postroom.dispatch.mqtt.commands import Asked
from tests.api.door import open_door, served
from tests.dispatch.house import ACME


async def test_an_agent_is_answered_from_inside_as_over_http(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client:
        inside = InwardDoor(door.app)
        state = Asked(method="PUT", path="me/state", body=b'{"state": "ready"}', key="k1")
        first, again = await inside(ACME, "anna", state), await inside(ACME, "anna", state)
        assert (first, first[0]) == (again, 200)
        assert (
            msgspec.json.decode((await inside(ACME, "anna", Asked(method="GET", path="me")))[1])
            == (await client.get("/api/v1/acme/me")).json()
        )
        status, content = await inside(ACME, "anna", Asked(method="POST", path="sessions/a%2Fb/accept", body=b"{}"))
        assert status in {404, 422}
        assert msgspec.json.decode(content)["status"] == status


@pytest.mark.parametrize("name", ["postroom.signed_in", "x-postroom-signed-in", "extensions"])
async def test_no_header_field_signs_anybody_in(tmp_path: Path, name: str) -> None:
    async with served(tmp_path) as (door, url), door.client(None, url) as client:
        assert (await client.get("/api/v1/acme/me", headers={name: "anna"})).status_code == 401
