"""The description of the MQTT door."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from postroom.ports import topics
from tests.api.door import open_door


async def described(folder: Path) -> dict[str, Any]:
    async with open_door(folder) as door, door.client(None) as client:
        answer = await client.get("/schema/asyncapi.json")
        assert answer.headers["content-type"].startswith("application/json")
        found: dict[str, Any] = answer.json()
        return found


async def test_every_topic_is_described_as_it_is(tmp_path: Path) -> None:
    addresses = {channel["address"] for channel in (await described(tmp_path))["channels"].values()}
    t, x = "{tenant}", "{x}"
    made = [
        topics.offers(t, x),
        topics.inbox(t, x),
        topics.conversation(t, x),
        topics.robot_requests(t, x),
        topics.gateway_status(t, x),
        topics.queue_command(t, x, "accept"),
        topics.queue_command(t, x, "decline"),
    ]
    shape = {re.sub(r"\{[^}]*\}", "*", address) for address in addresses}
    assert {re.sub(r"%7B[^/]*%7D", "*", address) for address in made} < shape


async def test_every_reference_leads_somewhere(tmp_path: Path) -> None:
    found = await described(tmp_path)
    assert found["asyncapi"] == "3.0.0"
    for reference in re.findall(r"'\$ref': '#/([^']*)'", str(found)):
        at: Any = found
        for step in reference.split("/"):
            at = at[step]


async def test_the_openapi_document_still_stands_beside_it(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client(None) as client:
        assert (await client.get("/schema/openapi.json")).json()["openapi"].startswith("3.1")
