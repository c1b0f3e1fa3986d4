"""Administrators see and turn gateways, and list certificates; supervisors settle mails that wait for a person."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from postroom.ports.people import Role, Scope
from postroom.ports.records import Receipt
from postroom.ports.store import Tx
from postroom.routing.outcome import Outcome
from postroom.settings.certificates import Certificate
from postroom.settings.schema import Pop3Gateway
from tests.api.door import Door, open_door
from tests.api.overseen import oversee
from tests.api.test_policy import give
from tests.api.waiting import quarantined
from tests.dispatch.house import GLOBEX

ROOT = "/api/v1/acme"


async def unrouted(door: Door) -> Receipt:
    """A mail that no route matched, as intake leaves it."""
    receipt = await quarantined(door)
    mail = replace(await door.mail_is_filed(channel=""), outcome=Outcome.UNROUTED, id=door.house.ids.new())

    def unit(tx: Tx) -> Receipt:
        tx.mails.add(mail)
        tx.ledger.reopen(receipt.id)
        tx.ledger.settle(receipt.id, Outcome.UNROUTED, "no notification route matches", mail.id)
        found = tx.ledger.get(receipt.id)
        assert found is not None
        return found

    return await door.house.write(unit)


def with_gateway(door: Door, certificate: Certificate | None = None) -> None:
    tenant, *others = door.house.generation.tenants
    gateway = Pop3Gateway(name="in", host="pop.example.com", user="help")
    tenant = replace(tenant, gateways=(gateway,), certificates=(certificate,) if certificate else ())
    door.house.generation = replace(door.house.generation, number=9, tenants=(tenant, *others))


async def test_an_administrator_turns_a_gateway_and_the_log_says_so(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client(None) as client:
        with_gateway(door)
        client.headers["Authorization"] = f"Bearer {await give(door, Role.ADMINISTRATOR)}"
        assert (await client.post(f"{ROOT}/gateways/in/disconnect")).json()["status"] == "disconnected"
        assert (await client.post(f"{ROOT}/gateways/in/test")).json()["words"] == "acme/in is in use"
        assert (await client.post(f"{ROOT}/gateways/in/rebuild")).status_code == 200
        assert (await client.post(f"{ROOT}/gateways/none/rebuild")).status_code == 404
        (listed,) = (await client.get(f"{ROOT}/gateways")).json()["gateways"]
        assert (listed["name"], listed["status"]) == ("in", "connection_succeeded")
        acts = (await client.get(f"{ROOT}/audit")).json()["acts"]
        assert [one["act"].rpartition("/")[2] for one in acts] == ["rebuild", "test", "disconnect"]
        assert {(one["actor"], one["object"], one["result"]) for one in acts} == {("administrator", "in", "done")}


async def test_a_certificate_whose_file_is_gone_is_named(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client(None) as client:
        with_gateway(door, Certificate(name="own", file=str(tmp_path / "gone.pem")))
        client.headers["Authorization"] = f"Bearer {await give(door, Role.OPERATOR)}"
        found = (await client.get(f"{ROOT}/certificates")).json()
        assert found == {"certificates": [], "unreadable": ["own"]}


async def test_a_supervisor_of_everything_settles_a_mail_in_quarantine(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("all") as client:
        await oversee(door)
        receipt = await quarantined(door)
        (listed,) = (await client.get(f"{ROOT}/waiting-mails")).json()["mails"]
        assert (listed["id"], listed["reason"]) == (receipt.id, "three readers died")
        ended = await client.post(f"{ROOT}/waiting-mails/{receipt.id}/retry")
        assert (ended.status_code, ended.json()["outcome"]) == (200, "conversation")
        again = await client.post(f"{ROOT}/waiting-mails/{receipt.id}/release")
        assert again.status_code == 409
        assert (await client.get(f"{ROOT}/waiting-mails")).json() == {"mails": [], "more": False}


async def test_a_mail_of_another_tenant_is_not_there_and_part_of_a_tenant_is_not_enough(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("all") as client, door.client(None) as narrow:
        await oversee(door)
        foreign = await quarantined(door, GLOBEX)
        assert (await client.post(f"{ROOT}/waiting-mails/{foreign.id}/retry")).status_code == 404
        token = await give(door, Role.ADMINISTRATOR, scope=Scope(queues=("help",)))
        narrow.headers["Authorization"] = f"Bearer {token}"
        assert (await narrow.get(f"{ROOT}/waiting-mails")).status_code == 403


async def test_who_administers_a_part_makes_nobody_who_administers_more(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client(None) as client:
        scope = Scope(queues=("help",))
        client.headers["Authorization"] = f"Bearer {await give(door, Role.ADMINISTRATOR, scope=scope)}"
        ada = {"account": "ada", "role": "administrator"}
        refusals = [
            await client.post(f"{ROOT}/tokens", json=ada),
            await client.post(f"{ROOT}/users", json=ada | {"password": "correct horse battery"}),
            await client.put(f"{ROOT}/users/ada/password", json={"password": "correct horse battery"}),
        ]
        assert [one.json()["type"] for one in refusals] == ["urn:postroom:problem:reach"] * 3


async def test_a_supervisor_of_a_channel_gives_it_a_mail_that_no_route_matched_and_only_once(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("nils") as client, door.client("all") as boss:
        await oversee(door)
        receipt = await unrouted(door)
        path, key = f"{ROOT}/waiting-mails/{receipt.id}/route", {"Idempotency-Key": "one"}
        given = await client.post(path, json={"channel": "support"}, headers=key)
        assert (given.status_code, given.json()["outcome"], given.json()["mail"]) == (200, "conversation", receipt.mail)
        again = await client.post(path, json={"channel": "support"}, headers=key)
        assert (again.status_code, again.json()) == (200, given.json())
        late = await boss.post(path, json={"channel": "support"})
        assert (late.status_code, late.json()["type"]) == (409, "urn:postroom:problem:not-done")
        assert late.json()["detail"] == "this mail is not unrouted: its outcome is conversation."
        (waiting,) = (await client.get(f"{ROOT}/sessions")).json()["sessions"]
        assert (waiting["channel"], waiting["phase"]) == ("support", "queued")
        boss.headers["Authorization"] = f"Bearer {await give(door, Role.ADMINISTRATOR)}"
        acts = (await boss.get(f"{ROOT}/audit")).json()["acts"]
        assert [(one["actor"], one["object"], one["result"]) for one in acts] == [("nils", receipt.id, "done")]


async def test_a_mail_goes_to_no_channel_that_is_not_there_or_not_overseen(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("nils") as client, door.client("all") as boss:
        await oversee(door)
        receipt = await unrouted(door)
        path = f"{ROOT}/waiting-mails/{receipt.id}/route"
        foreign = await client.post(path, json={"channel": "shop"})
        assert (foreign.status_code, foreign.json()["type"]) == (403, "urn:postroom:problem:reach")
        nowhere = await boss.post(path, json={"channel": "nowhere"})
        assert (nowhere.status_code, nowhere.json()["problems"]) == (422, ["channel: there is no channel 'nowhere'"])
        for body in ({}, {"channel": ""}, {"channel": "support", "queue": "help"}):
            assert (await boss.post(path, json=body)).status_code == 422
        for held in ((await quarantined(door, GLOBEX)).id, "0" * 26):
            assert (
                await boss.post(f"{ROOT}/waiting-mails/{held}/route", json={"channel": "support"})
            ).status_code == 404
        assert (await boss.get(f"{ROOT}/waiting-mails", params={"outcome": "unrouted"})).json()["mails"] != []
