"""Every error is problem details (RFC 9457), and none says what went on inside."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from postroom.errors import TemporaryError
from postroom.mail.message import Message
from postroom.ports.desk import (
    FirstRequest,
    ForwardRequest,
    PreparedFirst,
    PreparedForward,
    PreparedReply,
    Proposals,
    ReadyAnswer,
    Refused,
    ReplyRequest,
)
from postroom.ports.records import Reply, StoredMail
from postroom.ports.store import Tx
from postroom.session.state import SessionId
from tests.api.door import Door, open_door

ME = "/api/v1/acme/me"
STATE = "/api/v1/acme/me/state"


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    found: dict[str, Any] = answer.json()
    assert found["status"] == status
    assert found["title"]
    return found


async def test_what_is_not_there_is_a_problem(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        for path in ("/", "/nothing", "/api/v1/acme", "/api/v1/acme/nothing", "/api/v1/acme/mails/x/attachments/first"):
            problem(await client.get(path), 404)


async def test_a_method_that_is_not_there_is_a_problem_that_says_which_are(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        answer = await client.delete(ME)
        problem(answer, 405)
        assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b'{"state": "ready"', b"[" * 100_000, b'{"a":' * 100_000])
async def test_a_body_that_is_no_json_is_a_problem(tmp_path: Path, body: bytes) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        found = problem(await client.put(STATE, content=body), 400)
        assert "JSON" in found["detail"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"", "body"),
        (b"{}", "state"),
        (b"[]", "object"),
        (b'{"state": "happy"}', "happy"),
        (b'{"state": "ready", "capacity": 99}', "capacity"),
        (b'{"state": "not_ready", "reason": 7}', "reason"),
    ],
)
async def test_a_body_of_the_wrong_shape_is_a_problem_that_names_the_place(
    tmp_path: Path, body: bytes, named: str
) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        found = problem(await client.put(STATE, content=body), 422)
        assert any(named in one for one in found["problems"]), found
        assert not any("tenant" in one for one in found["problems"])


async def test_a_parameter_out_of_range_is_a_problem_that_names_it(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        for limit in ("0", "201", "many", "-1"):
            found = problem(await client.get("/api/v1/acme/mails", params={"limit": limit}), 422)
            assert "limit" in found["problems"][0]


async def test_a_body_over_the_limit_is_a_problem(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        problem(await client.put(STATE, content=b" " * 1_000_001), 413)


async def test_a_body_over_the_limit_that_comes_in_chunks_is_a_problem(tmp_path: Path) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 100_000

    async with open_door(tmp_path) as door, door.client() as client:
        problem(await client.put(STATE, content=chunks()), 413)


async def test_a_fault_inside_is_a_problem_that_says_nothing_of_it(tmp_path: Path) -> None:
    async with open_door(tmp_path, desk=Broken(KeyError("the password is hunter2"))) as door, door.client() as client:
        found = problem(await reply(door, client), 500)
        assert "hunter2" not in str(found)
        assert "KeyError" not in str(found)


async def test_a_store_that_is_away_is_a_problem_that_says_try_again(tmp_path: Path) -> None:
    fault = TemporaryError("/var/lib/postroom: no space left on device")
    async with open_door(tmp_path, desk=Broken(fault)) as door, door.client() as client:
        answer = await reply(door, client)
        found = problem(answer, 503)
        assert answer.headers["retry-after"] == "5"
        assert "/var/lib" not in str(found)


async def test_a_reply_that_cannot_be_sent_is_a_problem_with_every_reason(tmp_path: Path) -> None:
    async with open_door(tmp_path, desk=Broken(Refused(("To: two", "Cc: three")))) as door, door.client() as client:
        found = problem(await reply(door, client), 422)
        assert found["problems"] == ["To: two", "Cc: three"]


async def test_the_description_is_served_without_a_token_and_fetches_nothing(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client(None) as client:
        for path in ("/schema", "/schema/openapi.json"):
            answer = await client.get(path)
            assert answer.status_code == 200
            described = answer.json()
            assert described["openapi"].startswith("3.1")
            assert "https://" not in answer.text
        assert len(described["paths"]) >= 15
        assert all(
            operation.get("security") == [{"token": []}, {"cookie": []}]
            for name, path in described["paths"].items()
            if not name.endswith("/sign-in")
            for operation in path.values()
        )


class Broken:
    """A desk at which something goes wrong."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def prepare(self, request: ReplyRequest) -> PreparedReply:  # noqa: ARG002 the port's signature
        raise self._error

    def submit(self, tx: Tx, prepared: PreparedReply) -> Reply:  # noqa: ARG002 the port's signature
        raise AssertionError("nothing was prepared")

    async def prepare_first(self, request: FirstRequest) -> PreparedFirst:  # noqa: ARG002 the port's signature
        raise self._error

    async def prepare_forward(self, request: ForwardRequest) -> PreparedForward:  # noqa: ARG002 the port's signature
        raise self._error

    def submit_forward(self, tx: Tx, prepared: PreparedForward) -> Reply:  # noqa: ARG002 the port's signature
        raise AssertionError("nothing was prepared")

    def proposals(self, mail: StoredMail, message: Message) -> Proposals:  # noqa: ARG002 the port's signature
        raise self._error

    async def ready_answers(self, tenant: str, agent: str, session: SessionId) -> tuple[ReadyAnswer, ...]:  # noqa: ARG002 the port's signature
        raise self._error

    def submit_first(self, tx: Tx, prepared: PreparedFirst) -> Reply:  # noqa: ARG002 the port's signature
        raise AssertionError("nothing was prepared")


async def reply(door: Door, client: httpx.AsyncClient) -> httpx.Response:
    session = await door.assigned()
    assert session.assignment is not None
    return await client.post(
        f"/api/v1/acme/sessions/{session.id}/replies",
        json={"token": session.assignment.token, "text": "hello"},
        headers={"Idempotency-Key": "one"},
    )
