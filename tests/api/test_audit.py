"""What was refused is written down too, whatever was rolled back with it; and the operator's acts as they went."""

from __future__ import annotations

from pathlib import Path

from postroom.api.operator.users import NOBODY, TAKEN
from postroom.ports.audit import AuditEntry
from postroom.ports.store import Tx
from tests.api.asking import ROOT, ask, reply, token_of_owner
from tests.api.door import Door, open_door
from tests.api.operator_door import open_operator_door
from tests.api.settings_door import settings_door, tag_of
from tests.dispatch.house import ACME, House


async def acts(house: House) -> list[AuditEntry]:
    """What the log says, oldest first."""
    return list(await house.read(lambda tx: tx.audit.after(ACME, 0, 100)))


async def results(door: Door) -> list[tuple[str, str]]:
    return [(one.act.rpartition("/")[2], one.result) for one in await acts(door.house)]


async def test_a_refusal_inside_a_unit_leaves_its_line(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client, door.client("chen") as stranger:
        session = await door.assigned("anna")
        assert (await ask(stranger, session, "unpark", token="x")).status_code == 404
        sent = await reply(client, session)
        now = door.house.clock.now()
        await door.house.write(lambda tx: tx.outbox.lease("relay", now, now, 9))
        path = f"{ROOT}/sessions/{session.id}/replies/{sent['reply']}/withdraw"
        assert (await client.post(path, json={"token": token_of_owner(session)})).status_code == 409
        assert await results(door) == [
            ("unpark", "There is nothing here that you may see."),
            ("replies", "done"),
            ("withdraw", "A server was offered this reply already, or is being offered it."),
        ]
        assert (await acts(door.house))[0].actor == "chen"


async def test_what_is_refused_before_its_unit_leaves_its_line(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned()
        path = f"{ROOT}/sessions/{session.id}/replies"
        headers = {"Idempotency-Key": "k"}
        for body in ({"token": "older", "text": "x"}, {"token": token_of_owner(session), "text": " "}):
            assert (await client.post(path, json=body, headers=headers)).status_code in {409, 422}
        first = {"channel": "nowhere", "to": ["a@example.com"], "subject": "x", "text": "x"}
        assert (await client.post(f"{ROOT}/conversations", json=first, headers=headers)).status_code == 422
        assert await results(door) == [
            ("replies", "the session is not yours to answer"),
            ("replies", "text: the reply is empty"),
            ("conversations", "The request is not as it must be."),
        ]


async def test_a_key_used_for_another_request_leaves_its_line(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        headers = {"Idempotency-Key": "k"}
        for state in ("ready", "not_ready"):
            await client.put(f"{ROOT}/me/state", json={"state": state}, headers=headers)
        assert [one for _, one in await results(door)] == [
            "done",
            "This Idempotency-Key was already used for another request.",
        ]


async def test_the_operators_refused_acts_are_not_said_to_be_done(tmp_path: Path) -> None:
    async with open_operator_door(tmp_path) as door, door.client() as client:
        body = {"account": "ada", "password": "a long enough one", "role": "administrator"}
        for status in (200, 409):
            assert (await client.post("/users/acme", json=body)).status_code == status
        for verb in ("password", "disable", "revoke"):
            answer = await client.post(f"/users/acme/nobody/{verb}", json={"password": body["password"]})
            assert (answer.status_code, answer.json()["detail"]) == (404, NOBODY)
        assert (await client.post("/users/nowhere/ada/revoke")).status_code == 404
        assert (await client.post("/users/acme/ada/revoke")).status_code == 200
        found = [(one.act, one.object, one.result) for one in await acts(door.ward.house)]
        assert found == [
            ("add user", "ada", "done"),
            ("add user", "ada", TAKEN),
            ("set password", "nobody", NOBODY),
            ("disable user", "nobody", NOBODY),
            ("revoke user", "nobody", NOBODY),
            ("revoke user", "ada", "done"),
        ]


async def test_the_operator_is_told_whether_the_log_is_what_was_written(tmp_path: Path) -> None:
    async with open_operator_door(tmp_path) as door, door.client() as client:
        at = door.ward.house.clock.now()

        def unit(tx: Tx) -> None:
            for tenant in ("acme", "gone"):
                tx.audit.add(AuditEntry(at=at, tenant=tenant, actor="a", role="", act="b", object="c", result="done"))

        await door.ward.house.write(unit)
        found = (await client.get("/audit/verify")).json()["tenants"]
        assert [(one["tenant"], one["acts"], one["why"]) for one in found] == [("acme", 1, ""), ("gone", 1, "")]
        one = (await client.get("/audit/verify", params={"tenant": "acme"})).json()["tenants"]
        assert one == found[:1]


async def test_changes_to_settings_are_acts_and_trials_are_none(tmp_path: Path) -> None:
    async with settings_door(tmp_path) as there, there.client() as client:
        path = f"{ROOT}/settings/canned_answers"
        answer = {"name": "thanks", "text": "Thank you."}
        assert (await client.post(path, json=answer, params={"dry_run": True})).status_code == 200
        assert (await client.post(path, json=answer)).status_code == 201
        assert (await client.post(path, json=answer, params={"dry_run": True})).status_code == 422
        assert (await client.post(path, json=answer)).status_code == 422
        stale = await client.put(f"{path}/thanks", json=answer, headers={"If-Match": '"older"'})
        assert stale.status_code == 412
        assert (
            await client.delete(f"{path}/thanks", headers=await tag_of(client, "/canned_answers/thanks"))
        ).is_success
        assert [(one.act, one.object, one.result) for one in await acts(there.door.house)] == [
            ("POST /settings/{section_name}", "canned_answers", "done"),
            ("POST /settings/{section_name}", "canned_answers", "Nothing was changed: rules are broken."),
            (
                "PUT /settings/{section_name}/{name}",
                "canned_answers/thanks",
                "It was changed meanwhile: read it again.",
            ),
            ("DELETE /settings/{section_name}/{name}", "canned_answers/thanks", "done"),
        ]
