"""Who may do what: denied by default, for every route there is."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from postroom.api.policy import WITHOUT_SIGN_IN
from postroom.session.state import Phase, SessionId
from tests.api.door import Door, open_door
from tests.api.walk import routes
from tests.dispatch.house import ACME, token_of


async def test_every_route_without_a_token_is_refused(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client(None) as client:
        walked = routes(door)
        assert len(walked) >= 15
        for method, path in walked:
            answer = await client.request(method, path)
            assert answer.status_code == 401, (method, path)
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert answer.headers["content-type"] == "application/problem+json"


async def test_every_route_of_another_tenant_is_not_there(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client:
        for method, path in routes(door):
            answer = await client.request(method, path.replace(ACME, "globex"))
            assert answer.status_code == 404, (method, path)


@pytest.mark.parametrize(
    "credentials",
    ["", "Bearer", "Bearer ", "Bearer wrong", "Basic YW5uYTphbm5h", "bearer\ttoken", "Bearer " + "x" * 600, "Bearer é"],
)
async def test_what_is_no_known_token_is_refused(tmp_path: Path, credentials: str) -> None:
    async with open_door(tmp_path) as door, door.client(None) as client:
        answer = await client.get("/api/v1/acme/me", headers={b"Authorization": credentials.encode()})
        assert answer.status_code == 401


async def test_the_hash_of_a_token_is_no_token(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client(None) as client:
        tenant = door.house.generation.tenant(ACME)
        assert tenant is not None
        digest = tenant.agents[0].token_sha256[0]
        answer = await client.get("/api/v1/acme/me", headers={"Authorization": f"Bearer {digest}"})
        assert answer.status_code == 401


async def test_two_authorization_fields_are_refused(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client(None) as client:
        fields = [("Authorization", f"Bearer {token_of(name)}") for name in ("anna", "ben")]
        assert (await client.get("/api/v1/acme/me", headers=fields)).status_code == 401


async def test_a_token_taken_out_of_the_settings_no_longer_signs_in(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client:
        assert (await client.get("/api/v1/acme/me")).status_code == 200
        tenant = door.house.generation.tenants[0]
        agents = tuple(replace(one, token_sha256=()) for one in tenant.agents)
        door.house.generation = replace(door.house.generation, tenants=(replace(tenant, agents=agents),))
        assert (await client.get("/api/v1/acme/me")).status_code == 401


async def test_a_request_is_a_sign_of_life_and_a_refused_one_is_not(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client:
        door.house.clock.passed += 500
        await client.get("/api/v1/globex/me")
        assert door.house.presence.sight(ACME, "anna").silent_for == 500
        await client.get("/api/v1/acme/me")
        assert door.house.presence.sight(ACME, "anna").silent_for == 0


async def test_an_agent_of_another_queue_sees_nothing_of_a_session(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("chen") as client:
        session = await door.assigned("anna")
        (mail,) = await door.mails_of(session)
        token = session.assignment.token if session.assignment else ""
        for method, path, body in foreign(session.id, session.conversation, mail.id, token):
            headers = {"Idempotency-Key": "k"}
            answer = await client.request(method, f"/api/v1/acme/{path}", json=body, headers=headers)
            assert answer.status_code == 404, (method, path, answer.text)
            assert "carla" not in answer.text
        assert (await client.get("/api/v1/acme/mails")).json() == {"mails": []}
        assert not any((await client.get("/api/v1/acme/work")).json().values())
        assert await is_assigned(door, session.id)


async def test_a_colleague_of_the_queue_reads_a_session_and_cannot_command_it(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("ben") as client:
        session = await door.assigned("anna")
        token = session.assignment.token if session.assignment else ""
        read = await client.get(f"/api/v1/acme/conversations/{session.conversation}")
        assert read.status_code == 200
        assert read.json()["session"]["token"] is None
        for verb in ("accept", "decline", "end"):
            answer = await client.post(f"/api/v1/acme/sessions/{session.id}/{verb}", json={"token": token})
            assert answer.status_code == 409, verb
        assert await is_assigned(door, session.id)


def foreign(session: str, conversation: str, mail: str, token: str) -> list[tuple[str, str, object]]:
    return [
        ("GET", f"conversations/{conversation}", None),
        ("GET", f"mails/{mail}/raw", None),
        ("GET", f"mails/{mail}/html", None),
        ("GET", f"mails/{mail}/attachments/0", None),
        ("POST", f"sessions/{session}/accept", {"token": token}),
        ("POST", f"sessions/{session}/decline", {"token": token}),
        ("POST", f"sessions/{session}/end", {"token": token}),
        ("POST", f"sessions/{session}/replies", {"token": token, "text": "hello"}),
        ("POST", "queues/help/pick", None),
    ]


async def is_assigned(door: Door, session: SessionId) -> bool:
    return (await door.house.session(session)).phase is Phase.ASSIGNED


async def test_every_operation_says_what_it_does(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client(None) as client:
        paths = (await client.get("/schema/openapi.json")).json()["paths"]
        operations = [(path, method, one) for path, each in paths.items() for method, one in each.items()]
        assert len(operations) == len(routes(door)) + len(WITHOUT_SIGN_IN)
        summaries = [one["summary"] for _, _, one in operations]
        assert len(set(summaries)) == len(summaries)
        assert not [(path, method) for path, method, one in operations if not one.get("description")]
