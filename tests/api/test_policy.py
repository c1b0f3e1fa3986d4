"""Every route, walked by every role with a token that is good, of another tenant, expired, revoked, or none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace

from postroom.api.credentials import digest_of
from postroom.api.policy import POLICY, WITHOUT_SIGN_IN
from postroom.ports.people import DESK, Role, Scope, Token
from postroom.ports.store import Tx
from postroom.settings.schema import Generation
from tests.api.door import Door, open_door
from tests.api.overseen import oversee
from tests.api.walk import asked, names
from tests.dispatch.house import ACME, GLOBEX

PEOPLE = {Role.AGENT: "anna", Role.SUPERVISOR: "nils"}
"""Who of the settings has that role; programs have the names of their roles."""


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


async def status_of(client: httpx.AsyncClient, name: str, named: dict[str, str] | None = None) -> tuple[int, str]:
    method, path = asked(name, named)
    answer = await client.request(method, path, json={} if method != "GET" else None)
    kind = str(answer.json().get("type", "")) if answer.headers.get("content-type", "").endswith("json") else ""
    return answer.status_code, kind


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
        for name in names(door):
            for secret, wanted in ((expired, 401), (gone, 401), (elsewhere, 404)):
                if secret:
                    with with_token(client, secret):
                        assert (await status_of(client, name))[0] == wanted, (name, wanted)


@pytest.mark.parametrize("role", Role)
async def test_what_is_outside_a_roles_reach_is_not_there(tmp_path: Path, role: Role) -> None:
    async with open_door(tmp_path) as door, door.client(None) as client:
        await oversee(door)
        session = await door.assigned("ben")
        (mail,) = await door.mails_of(session)
        named = {"{session_id}": session.id, "{conversation_id}": session.conversation, "{mail_id}": mail.id}
        scope = Scope(queues=("orders",))
        narrow = await give(door, role, scope=scope)
        door.house.generation = _moved(door)
        for name in (name for name in names(door) if any(one in name for one in named)):
            if role in POLICY[name]:
                with with_token(client, narrow):
                    status, _ = await status_of(client, name, named)
                assert status in {404, 422}, (name, status)


def _moved(door: Door) -> Generation:
    """The settings in which its queue has no members, and others oversee it."""
    tenant, *others = door.house.generation.tenants
    agents = tuple(replace(one, ou="south") for one in tenant.agents)
    queues = tuple(replace(one, members=()) for one in tenant.queues)
    return replace(door.house.generation, number=3, tenants=(replace(tenant, agents=agents, queues=queues), *others))
