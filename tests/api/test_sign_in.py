"""People sign in with a browser; programs have tokens that end; what is done is written down."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from postroom.api.passwords import hashed
from postroom.api.rates import Buckets
from postroom.ports.people import Role, User
from tests.api.door import Door, open_door
from tests.dispatch.house import ACME

ROOT = "/api/v1/acme"
PASSWORD = "correct horse battery"
PAGE = {"X-Postroom": "1"}


async def hire(door: Door, account: str = "ada", role: Role = Role.ADMINISTRATOR) -> None:
    now = door.parts.clock.now()
    kept = await hashed(PASSWORD, door.parts.offload)
    user = User(tenant=ACME, account=account, name="", role=role, password=kept, created_at=now, changed_at=now)
    assert await door.house.write(lambda tx: tx.people.add(user))


@asynccontextmanager
async def signed_in(folder: Path) -> AsyncIterator[tuple[Door, httpx.AsyncClient]]:
    async with open_door(folder) as door, door.client(None, url="http://postroom") as client:
        await hire(door)
        client.cookies.clear()
        answer = await sign_in(client)
        assert answer.status_code == 200, answer.text
        client.headers["Cookie"] = answer.headers["set-cookie"].partition(";")[0]
        client.headers.update(PAGE)
        yield door, client


async def sign_in(client: httpx.AsyncClient, account: str = "ada", password: str = PASSWORD) -> httpx.Response:
    return await client.post(f"{ROOT}/sign-in", json={"account": account, "password": password})


async def test_the_cookie_cannot_be_read_by_a_script_sent_in_the_clear_or_used_by_another_site(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client(None) as client:
        await hire(door)
        fields = (await sign_in(client)).headers["set-cookie"].lower()
        for wanted in ("__host-postroom=", "httponly", "secure", "samesite=strict", "path=/"):
            assert wanted in fields
        assert "domain" not in fields


async def test_who_signed_in_reads_and_is_signed_out_by_signing_out(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (_, client):
        me = await client.get(f"{ROOT}/me")
        assert (me.status_code, me.json()["role"]) == (200, "administrator")
        assert (await client.post(f"{ROOT}/sign-out")).status_code == 204
        assert (await client.get(f"{ROOT}/me")).status_code == 401


@pytest.mark.parametrize(("account", "password"), [("ada", "wrong"), ("nobody", PASSWORD), ("anna", PASSWORD)])
async def test_wrong_password_and_unknown_account_are_answered_the_same(
    tmp_path: Path, account: str, password: str
) -> None:
    async with open_door(tmp_path) as door, door.client(None) as client:
        await hire(door)
        answer = await sign_in(client, account, password)
        assert answer.status_code == 401
        assert answer.json()["detail"] == "Account or password are wrong."
        assert "set-cookie" not in answer.headers


async def test_guesses_at_a_password_are_slowed_down_for_the_account_and_the_address(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client(None) as client:
        answers = [await sign_in(client, "ada", f"guess {number}") for number in range(11)]
        assert [one.status_code for one in answers] == [401] * 10 + [429]
        assert int(answers[-1].headers["retry-after"]) >= 1
        door.house.clock.passed += 7
        assert (await sign_in(client, "ada", "guess")).status_code == 401


@pytest.mark.parametrize("fields", [{"X-Postroom": ""}, {"Origin": "https://evil.example"}, {"Origin": "null"}])
async def test_a_write_with_the_cookie_from_another_sites_page_is_refused(
    tmp_path: Path, fields: dict[str, str]
) -> None:
    async with signed_in(tmp_path) as (_, client):
        if "X-Postroom" in fields:
            del client.headers["X-Postroom"]
            fields = {}
        answer = await client.post(f"{ROOT}/sign-out", headers=fields)
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:postroom:problem:foreign-page")
        assert (await client.get(f"{ROOT}/me")).status_code == 200


async def test_a_changed_password_ends_every_sign_in_and_the_old_one_opens_nothing(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (_, client):
        body = {"present": PASSWORD, "new": "another horse battery"}
        wrong = await client.put(f"{ROOT}/me/password", json={**body, "present": "wrong"})
        assert wrong.status_code == 403
        assert (await client.put(f"{ROOT}/me/password", json=body)).status_code == 204
        assert (await client.get(f"{ROOT}/me")).status_code == 401
        assert (await sign_in(client)).status_code == 401
        assert (await sign_in(client, password=body["new"])).status_code == 200


async def test_a_user_who_is_disabled_is_out_at_once_and_stays_out(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (_, client):
        body = {"account": "olga", "password": PASSWORD, "role": "operator"}
        assert (await client.post(f"{ROOT}/users", json=body)).status_code == 201
        assert (await client.post(f"{ROOT}/users", json=body)).status_code == 409
        assert (await sign_in(client, "olga")).status_code == 200
        assert (await client.post(f"{ROOT}/users/olga/disable")).status_code == 204
        assert (await sign_in(client, "olga")).status_code == 401
        assert (await client.post(f"{ROOT}/users/ada/disable")).status_code == 409
        accounts = (await client.get(f"{ROOT}/users")).json()["users"]
        assert [(one["account"], one["disabled"]) for one in accounts] == [("ada", False), ("olga", True)]
        assert PASSWORD not in str(accounts)


async def test_a_token_is_shown_once_opens_the_door_and_ends_when_it_is_revoked(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (door, client):
        body, key = {"account": "wallboard", "role": "robot", "queues": ["help"]}, {"Idempotency-Key": "once"}
        made = (await client.post(f"{ROOT}/tokens", json=body, headers=key)).json()
        again = (await client.post(f"{ROOT}/tokens", json=body, headers=key)).json()
        assert again == {**made, "token": None}
        async with door.client(None) as program:
            program.headers["Authorization"] = f"Bearer {made['token']}"
            assert (await program.get(f"{ROOT}/me")).json()["account"] == "wallboard"
            (listed,) = (await client.get(f"{ROOT}/tokens")).json()["tokens"]
            assert (listed["prefix"], listed["last_used_at"] is None) == (made["token"][:8], False)
            assert (await client.post(f"{ROOT}/tokens/{made['id']}/revoke")).status_code == 204
            assert (await program.get(f"{ROOT}/me")).status_code == 401


async def test_a_user_or_token_that_does_not_fit_the_settings_is_refused_with_every_reason(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (_, client):
        body = {"account": "nobody", "role": "agent", "ou": "moon", "queues": ["none"]}
        answer = await client.post(f"{ROOT}/tokens", json=body)
        assert (answer.status_code, len(answer.json()["problems"])) == (422, 4)


async def test_the_audit_log_says_who_did_what_and_how_it_went_the_newest_first(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (_, client):
        await client.post(f"{ROOT}/tokens/{'x' * 26}/revoke")
        await sign_in(client, password="wrong")
        acts = (await client.get(f"{ROOT}/audit", params={"limit": 2})).json()
        assert [(one["actor"], one["act"], one["result"]) for one in acts["acts"]] == [
            ("ada", "POST /sign-in", "Account or password are wrong."),
            ("ada", "POST /tokens/{token_id}/revoke", "There is nothing here that you may see."),
        ]
        rest = (await client.get(f"{ROOT}/audit", params={"before": acts["next"]})).json()
        assert [(one["act"], one["result"]) for one in rest["acts"]] == [("POST /sign-in", "done")]


def test_a_bucket_gives_its_burst_then_its_rate_and_memory_is_bounded() -> None:
    buckets = Buckets(most=3)
    assert [buckets.take("a", 2.0, 2, now=0.0) for _ in range(3)] == [0.0, 0.0, 0.5]
    assert buckets.take("a", 2.0, 2, now=0.5) == 0.0
    for name in "bcdef":
        buckets.take(name, 1.0, 1, now=1.0)
    assert len(buckets) == 3
