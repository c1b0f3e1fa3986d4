"""The operator's list of gateways over HTTP."""

from __future__ import annotations

from pathlib import Path

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
        }
        assert (relay["name"], relay["kind"], relay["status"], relay["mails_left"]) == ("out", "smtp", None, None)
