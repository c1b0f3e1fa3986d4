"""Every route, walked by every role with a token that is good, of another tenant, expired, revoked, or none."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, get_type_hints

import httpx
import msgspec
import pytest
from msgspec.structs import replace

from postroom.api.app import RESOURCES
from postroom.api.credentials import digest_of
from postroom.api.policy import POLICY, WITHOUT_SIGN_IN
from postroom.ports.people import DESK, Role, Scope, Token
from postroom.ports.store import Tx
from postroom.session.state import Session
from postroom.settings.schema import Generation
from postroom.store.database import FILE
from tests.api.asking import reply
from tests.api.bodies import WRITES, about, bodies
from tests.api.door import Door, open_door
from tests.api.overseen import oversee
from tests.api.waiting import quarantined
from tests.api.walk import asked, names
from tests.dispatch.house import ACME, GLOBEX

PEOPLE = {Role.AGENT: "anna", Role.SUPERVISOR: "nils"}
"""Who of the settings has that role; programs have the names of their roles."""

OF_ONESELF = {"GET /me", "PUT /me/state", "PUT /me/password", "POST /sign-out", "POST /uploads"}
STREAMS = {"GET /events"}


async def give(door: Door, role: Role, *, days: float = 1, tenant: str = ACME, scope: Scope | None = None) -> str:
    """A token of that role, good for so many days."""
    secret, now = door.parts.ids.secret(), door.parts.clock.now()
    token = Token(
        id=door.parts.ids.new(),
        tenant=tenant,
        account=PEOPLE.get(role, role.value),
        role=role,
        digest=digest_of(secret.encode()),
        prefix=secret[:8],
        created_at=now,
        created_by="the test",
        expires_at=now + timedelta(days=days),
        scope=scope or Scope(),
    )
    await door.house.write(lambda tx: tx.people.add_token(token))
    return secret


async def revoked(door: Door, secret: str) -> None:
    def unit(tx: Tx) -> None:
        token = tx.people.token(digest_of(secret.encode()))
        assert token is not None
        assert tx.people.revoke(ACME, token.id, door.parts.clock.now())

    await door.house.write(unit)


@contextmanager
def with_token(client: httpx.AsyncClient, secret: str) -> Iterator[None]:
    client.headers["Authorization"] = f"Bearer {secret}"
    yield
    del client.headers["Authorization"]


async def status_of(
    client: httpx.AsyncClient, name: str, named: Mapping[str, str] | None = None, body: object = None
) -> tuple[int, str]:
    """What the route answers, and the kind of its problem; without another, the body is one that it takes."""
    method, path = asked(name, named)
    sent = bodies().get(name) if body is None else body
    answer = await client.request(method, path, json=sent, headers=WRITES if method != "GET" else None)
    kind = str(answer.json().get("type", "")) if answer.headers.get("content-type", "").endswith("json") else ""
    return answer.status_code, kind


def test_every_body_is_one_that_its_route_takes() -> None:
    taken = {}
    for handler in RESOURCES:
        if "data" in (hints := get_type_hints(handler.fn)):
            for method in handler.http_methods:
                path = next(iter(handler.paths)).replace(":str", "").replace(":int", "")
                taken[f"{method} {path}"] = hints["data"]
    assert taken.keys() == bodies().keys()
    for name, body in bodies().items():
        msgspec.convert(body, taken[name])


async def test_every_route_stands_in_the_policy_and_the_policy_names_no_other(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door:
        assert sorted(names(door)) == sorted(POLICY)
        assert {"POST /sign-in"} == WITHOUT_SIGN_IN


@pytest.mark.parametrize("role", Role)
async def test_a_role_is_let_in_where_the_policy_says_so_and_nowhere_else(tmp_path: Path, role: Role) -> None:
    async with open_door(tmp_path) as door, door.client(None) as client:
        await oversee(door)
        for name in set(names(door)) - {"GET /events"}:
            with with_token(client, await give(door, role)):
                status, kind = await status_of(client, name)
            is_shut_out = (status, kind) == (403, "urn:postroom:problem:role")
            assert is_shut_out == (role not in POLICY[name]), (name, status, kind)
            assert status not in {401, 500}, name


@pytest.mark.parametrize("role", Role)
async def test_what_is_expired_revoked_or_another_tenants_opens_nothing(tmp_path: Path, role: Role) -> None:
    async with open_door(tmp_path) as door, door.client(None) as client:
        await oversee(door)
        expired, gone = await give(door, role, days=0), await give(door, role)
        await revoked(door, gone)
        elsewhere = await give(door, role, tenant=GLOBEX) if role not in DESK else ""
        tried = [(secret, wanted) for secret, wanted in ((expired, 401), (gone, 401), (elsewhere, 404)) if secret]
        before: dict[str, list[Any]] = {}
        for name in ("GET /me", *names(door)):
            for secret, wanted in tried:
                with with_token(client, secret):
                    assert (await status_of(client, name))[0] == wanted, (name, wanted)
            # The first time a token is seen is written down.
            before = before or rows(tmp_path)
        assert rows(tmp_path) == before


@pytest.mark.parametrize("role", Role)
async def test_what_is_outside_a_roles_reach_is_not_there_and_nothing_of_it_changes(tmp_path: Path, role: Role) -> None:
    async with open_door(tmp_path) as door, door.client(None) as client:
        await oversee(door)
        named, said = await about(door, await replied(door))
        named |= {"{receipt_id}": (await quarantined(door)).id, "{name}": "support"}
        with with_token(client, await give(door, role, scope=Scope(queues=("orders",)))):
            await client.get(f"/api/v1/{ACME}/me")
            door.house.generation = _moved(door)
            before = rows(tmp_path)
            for name in names(door):
                if role in POLICY[name] and name not in OF_ONESELF | STREAMS:
                    answer = await status_of(client, name, named, said.get(name))
                    assert is_refused(name, answer), (name, answer)
        assert rows(tmp_path) == before


async def test_what_is_refused_for_its_reach_is_done_or_comes_too_late_in_it(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("ben") as ben:
        named, said = await about(door, await replied(door))
        walked = [name for name in names(door) if Role.AGENT in POLICY[name] and name in said and "{" in name]
        assert len(walked) >= 15
        answers = {name: (await status_of(ben, name, named, said[name]))[0] for name in walked}
        assert set(answers.values()) <= {200, 201, 409}, answers


def is_refused(name: str, answer: tuple[int, str]) -> bool:
    """Whether that says no more than that there is nothing, or nothing for him; lists show what is in reach."""
    if POLICY[name] == {Role.ADMINISTRATOR} or name.startswith("POST /waiting-mails/"):
        return answer == (403, "urn:postroom:problem:reach")
    if name.startswith("GET ") and ("{" not in name or name == "GET /settings/{section_name}"):
        return answer[0] in {200, 403}
    return answer == (422, "urn:postroom:problem:invalid") if name == "POST /conversations" else answer[0] == 404


async def replied(door: Door) -> Session:
    """A session of ben's in which he answered, and has the word again."""
    session = await door.assigned("ben")
    async with door.client("ben") as ben:
        await reply(ben, session)
    await door.mail_comes(into=session.conversation)
    return await door.house.session(session.id)


def rows(folder: Path) -> dict[str, list[Any]]:
    """Everything the store holds, but for the audit log: a refusal leaves its line there."""
    with closing(sqlite3.connect(f"file:{folder / FILE}?mode=ro", uri=True)) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        tables = [name for name in tables if not name.startswith("audit")]
        return {name: sorted(map(repr, db.execute(f'SELECT * FROM "{name}"'))) for name in tables}


def _moved(door: Door) -> Generation:
    """The settings in which its queue has no members, and others oversee it."""
    tenant, *others = door.house.generation.tenants
    agents = tuple(replace(one, ou="south") for one in tenant.agents)
    queues = tuple(replace(one, members=()) for one in tenant.queues)
    return replace(door.house.generation, number=3, tenants=(replace(tenant, agents=agents, queues=queues), *others))
