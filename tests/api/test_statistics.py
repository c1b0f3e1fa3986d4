"""Figures over a span: what was done is counted once, and nobody is told of work that he does not oversee."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from postroom.api.spans import pieces_of
from postroom.ports.people import Role, Scope
from postroom.ports.statistics import Span
from postroom.session.events import ReplySent
from tests.api.asking import ROOT, ask, reply, token_of_owner
from tests.api.door import Door, open_door
from tests.api.operator_door import open_operator_door
from tests.api.overseen import oversee
from tests.api.test_policy import give
from tests.dispatch.house import NINE

EMPTY = {"p50": None, "p90": None, "p99": None}


async def figures(client: httpx.AsyncClient, **query: str) -> dict[str, Any]:
    answer = await client.get(f"{ROOT}/statistics", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def answered(door: Door, account: str = "anna") -> None:
    """A customer's mail is answered a minute after the agent took it, and the reply leaves at once."""
    session = await door.assigned(account)
    door.house.clock.passed += 60
    async with door.client(account) as client:
        name = (await reply(client, session))["reply"]
        sent = ReplySent(reply=name, sent_at=door.house.clock.now())
        await door.house.write(lambda tx: door.house.step(tx, session.id, sent))
        assert (await ask(client, session, "end", token=token_of_owner(session))).status_code == 200
    door.house.clock.passed += 1


def row(found: dict[str, Any], kind: str, name: str) -> dict[str, Any]:
    one: dict[str, Any] = next(one for one in found[f"{kind}s"] if one[kind] == name)
    return one


async def test_an_answered_mail_is_in_the_figures_of_its_channel_its_queue_and_its_agent(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("all") as client:
        await oversee(door)
        await answered(door)
        await door.house.customer_writes("An order", "shop")
        door.house.clock.passed += 1
        found = await figures(client)
        service = {
            "answered": 1,
            "first_response": {"p50": 60.0, "p90": 60.0, "p99": 60.0},
            "in_time": 1.0,
            "transfers": 0,
            "missed_offers": 0,
            "handled": 1,
            "handling_time": 60.0,
        }
        support, help_ = row(found, "channel", "support"), row(found, "queue", "help")
        anna, ben = row(found, "agent", "anna"), row(found, "agent", "ben")
        assert support["service"] == help_["service"] == anna["service"] == service
        assert (support["mails"], support["sessions"], support["replies"], support["automatic"]) == (1, 1, 1, 0)
        assert (help_["sessions"], help_["within"], help_["target"], help_["waiting"]) == (1, 14400.0, 0.8, 0)
        assert (anna["name"], anna["replies"], anna["open"]) == ("Anna Auer", 1, 0)
        assert (ben["replies"], ben["service"]["first_response"], ben["service"]["in_time"]) == (0, EMPTY, None)
        orders = row(found, "queue", "orders")
        assert (orders["waiting"], row(found, "channel", "shop")["waiting"]) == (1, 1)
        assert orders["oldest_at"] is not None


async def test_a_span_has_what_happened_in_it_and_nothing_else(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("all") as client:
        await oversee(door)
        await answered(door)
        end = NINE + timedelta(hours=1)
        long = await figures(client, since=(end - timedelta(days=92)).isoformat(), until=end.isoformat())
        assert row(long, "agent", "anna")["service"]["answered"] == 1
        none = await figures(client, since=end.isoformat(), until=(end + timedelta(seconds=1)).isoformat())
        assert row(none, "agent", "anna")["service"]["handled"] == row(none, "channel", "support")["mails"] == 0


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"since": "2026-03-02T09:00:00"}, "zone"),
        ({"since": "2026-03-02T09:00:00Z", "until": "2026-03-02T09:00:00Z"}, "before `until`"),
        ({"since": "2026-03-03T09:00:00Z", "until": "2026-03-02T09:00:00Z"}, "before `until`"),
        ({"since": "2026-01-01T00:00:00Z", "until": "2026-04-03T00:00:01Z"}, "at most 92 days"),
        ({"since": "0001-01-01T00:00:00Z"}, "at most 92 days"),
        ({"until": "0001-01-01T00:00:00Z"}, "no such span"),
        ({"since": "yesterday"}, "since"),
    ],
)
async def test_a_span_that_is_none_is_refused_in_words(tmp_path: Path, query: dict[str, str], says: str) -> None:
    async with open_door(tmp_path) as door, door.client("all") as client:
        await oversee(door)
        answer = await client.get(f"{ROOT}/statistics", params=query)
        assert answer.status_code == 422
        assert says in answer.text


def names(found: dict[str, Any]) -> dict[str, set[str]]:
    return {f"{kind}s": {one[kind] for one in found[f"{kind}s"]} for kind in ("channel", "queue", "agent")}


async def test_a_supervisor_is_told_of_what_he_oversees_and_an_agent_of_himself(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door:
        await oversee(door)
        await answered(door)
        async with door.client("nils") as client:
            found = await figures(client)
            assert names(found) == {"channels": {"support"}, "queues": {"help"}, "agents": {"anna", "ben", "nils"}}
            assert row(found, "agent", "anna")["service"]["answered"] == 1
        async with door.client("sven") as client:
            assert names(await figures(client)) == {
                "channels": {"shop"}, "queues": {"orders"}, "agents": {"chen", "sven"},
            }  # fmt: skip
        async with door.client("anna") as client:
            found = await figures(client)
            assert names(found) == {"channels": set(), "queues": set(), "agents": {"anna"}}
            assert row(found, "agent", "anna")["service"]["handling_time"] == 60.0
        async with door.client("ben") as client:
            assert row(await figures(client), "agent", "ben")["service"]["handled"] == 0


async def test_work_in_a_queue_that_is_not_overseen_is_in_no_sum(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client(None) as client:
        await oversee(door)
        await answered(door)
        token = await give(door, Role.ADMINISTRATOR, scope=Scope(queues=("orders",)))
        client.headers["Authorization"] = f"Bearer {token}"
        found = await figures(client)
        assert names(found)["queues"] == {"orders"}
        assert {one["service"]["handled"] for one in found["agents"]} == {0}
        assert {one["replies"] for one in found["agents"]} == {0}


def test_the_pieces_of_a_span_are_the_span() -> None:
    span = Span(since=NINE, until=NINE + timedelta(hours=13))
    pieces = pieces_of(span)
    assert [one.until - one.since for one in pieces] == [timedelta(hours=6), timedelta(hours=6), timedelta(hours=1)]
    assert [one.since for one in pieces[1:]] == [one.until for one in pieces[:-1]]


async def test_the_operator_sees_all_of_one_tenant_and_has_to_name_it(tmp_path: Path) -> None:
    async with open_operator_door(tmp_path) as door, door.client() as client:
        await door.ward.house.customer_writes()
        found = await client.get("/statistics", params={"tenant": "acme"})
        assert (found.status_code, row(found.json(), "queue", "help")["waiting"]) == (200, 1)
        assert (await client.get("/statistics")).status_code == 422
        assert (await client.get("/statistics", params={"tenant": "none"})).status_code == 404
