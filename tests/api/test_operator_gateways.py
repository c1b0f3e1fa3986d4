"""The operator's list of gateways over HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest

from postroom.ports.gateways import GatewayStatus
from tests.api.operator_door import open_operator_door
from tests.engine.quarantined import rules


async def test_every_gateway_of_the_settings_is_listed_with_what_is_known_of_it(tmp_path: Path) -> None:
    async with open_operator_door(tmp_path) as door, door.client() as client:
        door.board.status(rules(), GatewayStatus.AUTH_FAILED, "the server does not know this password")
        door.board.polled(rules(), 1.0, 3)
        box, relay = (await client.get("/gateways")).raise_for_status().json()["gateways"]
        assert box == {
            "tenant": "acme",
            "name": "in",
            "kind": "pop3",
            "status": "auth_failed",
            "since": "2026-03-02T09:00:00Z",
            "last_success_at": "2026-03-02T09:00:00Z",
            "last_error": "the server does not know this password",
            "last_error_at": "2026-03-02T09:00:00Z",
            "mails_left": 3,
            "paused": False,
        }
        assert (relay["name"], relay["kind"], relay["status"], relay["mails_left"]) == ("out", "smtp", None, None)


@pytest.mark.parametrize(("verb", "status"), [("rebuild", "connection_succeeded"), ("disconnect", "disconnected")])
async def test_a_gateway_is_turned_and_shown_as_it_is_then(tmp_path: Path, verb: str, status: str) -> None:
    async with open_operator_door(tmp_path) as door, door.client() as client:
        answer = (await client.post(f"/gateways/acme/out/{verb}")).raise_for_status()
        assert (answer.status_code, answer.json()["name"], answer.json()["status"]) == (200, "out", status)
        door.operations.full = True
        refused = await client.post(f"/gateways/acme/out/{verb}")
        assert (refused.status_code, refused.json()["detail"]) == (503, "the disk is full")


async def test_a_gateway_is_tried_out_and_its_status_stays(tmp_path: Path) -> None:
    async with open_operator_door(tmp_path) as door, door.client() as client:
        tried = (await client.post("/gateways/acme/in/test")).raise_for_status().json()
        assert tried == {"gateway": "acme/in", "kind": "pop3", "status": "locked", "words": "acme/in is in use"}
        assert (await client.get("/gateways")).json()["gateways"][0]["status"] is None


@pytest.mark.parametrize("verb", ["rebuild", "disconnect", "test"])
@pytest.mark.parametrize("place", ["acme/gone", "gone/in", "globex/in", "acme/..%2Fin"])
async def test_a_gateway_that_is_not_there_is_not_found(tmp_path: Path, verb: str, place: str) -> None:
    async with open_operator_door(tmp_path) as door, door.client() as client:
        assert (await client.post(f"/gateways/{place}/{verb}")).status_code == 404
