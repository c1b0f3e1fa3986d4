"""Ready, offers, work, picks and endings over HTTP."""

from __future__ import annotations

import asyncio
from pathlib import Path

from msgspec.structs import replace

from postroom.routing.agents import AgentState
from postroom.session.state import Phase
from tests.api.door import Door, open_door
from tests.dispatch.house import ACME

ROOT = "/api/v1/acme"


async def test_an_agent_says_ready_and_is_seen_so(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        assert (await client.get(f"{ROOT}/me")).json()["state"] == "offline"
        answer = await client.put(f"{ROOT}/me/state", json={"state": "ready"})
        assert answer.json() == (await client.get(f"{ROOT}/me")).json()
        assert (
            answer.json() | {"state": "ready", "name": "Anna Auer", "queues": ["help"], "capacity": 2} == answer.json()
        )


async def test_a_reason_is_kept_for_a_break_and_forgotten_by_ready(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        await client.put(f"{ROOT}/me/state", json={"state": "not_ready", "reason": "lunch"})
        assert (await client.get(f"{ROOT}/me")).json()["reason"] == "lunch"
        await client.put(f"{ROOT}/me/state", json={"state": "ready", "reason": "lunch"})
        assert (await client.get(f"{ROOT}/me")).json()["reason"] == ""


async def test_work_shows_the_offer_with_its_customer_token_and_ages(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.offered()
        door.house.clock.passed += 10
        (offer,) = (await client.get(f"{ROOT}/work")).json()["offers"]
        assert session.offer is not None
        assert (offer["session"], offer["token"]) == (session.id, session.offer.token)
        assert (offer["customer"], offer["subject"], offer["queue"]) == ("carla@example.com", "It broke", "help")
        assert offer["expires_at"] is not None
        assert offer["age"] == offer["unanswered_for"] == 10


async def test_an_accepted_offer_is_work(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.offered()
        answer = await client.post(f"{ROOT}/sessions/{session.id}/accept", json={"token": token(session)})
        assert (answer.status_code, answer.json()["phase"]) == (200, "assigned")
        work = (await client.get(f"{ROOT}/work")).json()
        assert [one["session"] for one in work["assigned"]] == [session.id]
        assert work["offers"] == []


async def test_pressing_accept_twice_is_answered_twice(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.offered()
        path, body = f"{ROOT}/sessions/{session.id}/accept", {"token": token(session)}
        answers = await asyncio.gather(*(client.post(path, json=body) for _ in range(5)))
        assert [one.status_code for one in answers] == [200] * 5


async def test_a_declined_offer_goes_back_and_cannot_be_accepted_any_more(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.offered()
        body = {"token": token(session)}
        answer = await client.post(f"{ROOT}/sessions/{session.id}/decline", json=body | {"reason": "not my field"})
        assert (answer.status_code, answer.json()["phase"]) == (200, "queued")
        late = await client.post(f"{ROOT}/sessions/{session.id}/accept", json=body)
        assert late.status_code == 409
        assert (await door.house.agent("anna")).load == 0


async def test_a_stale_token_is_refused_and_says_with_whom_the_session_is(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client, door.client("ben") as other:
        session = await door.offered("anna")
        await other.put(f"{ROOT}/me/state", json={"state": "ready"})
        await client.post(f"{ROOT}/sessions/{session.id}/decline", json={"token": token(session)})
        await door.house.queues().assign_all()
        (offer,) = (await other.get(f"{ROOT}/work")).json()["offers"]
        await other.post(f"{ROOT}/sessions/{session.id}/accept", json={"token": offer["token"]})
        for verb in ("accept", "end"):
            answer = await client.post(f"{ROOT}/sessions/{session.id}/{verb}", json={"token": token(session)})
            assert answer.status_code == 409
            assert answer.json()["type"] == "urn:postroom:problem:stale"
            assert answer.json()["holder"] == "Ben Bright"
            assert "now with Ben Bright" in answer.json()["detail"]


async def test_a_command_that_comes_too_late_is_on_the_journal(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.offered()
        await client.post(f"{ROOT}/sessions/{session.id}/accept", json={"token": "an older token"})
        entries = await door.house.read(lambda tx: list(tx.journal.of_conversation(session.conversation)))
        assert [type(effect).__name__ for effect in entries[-1].effects] == ["Ignore"]


async def test_the_owner_ends_a_session_and_his_place_is_free(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned()
        assert session.assignment is not None
        body = {"token": session.assignment.token, "reason": "solved"}
        answer = await client.post(f"{ROOT}/sessions/{session.id}/end", json=body)
        assert (answer.status_code, answer.json()["phase"]) == (200, "ended")
        assert (await door.house.session(session.id)).ended_because == "solved"
        assert (await door.house.agent("anna")).load == 0


async def test_a_write_with_the_same_key_is_done_once_and_answered_the_same(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned()
        assert session.assignment is not None
        path, body = f"{ROOT}/sessions/{session.id}/end", {"token": session.assignment.token}
        first = await client.post(path, json=body, headers={"Idempotency-Key": "end-1"})
        again = await client.post(path, json=body, headers={"Idempotency-Key": "end-1"})
        assert (again.status_code, again.content) == (first.status_code, first.content) == (200, first.content)
        without = await client.post(path, json=body)
        assert without.status_code == 409


async def test_a_key_used_for_another_request_is_refused(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        headers = {"Idempotency-Key": "k"}
        await client.put(f"{ROOT}/me/state", json={"state": "ready"}, headers=headers)
        answer = await client.put(f"{ROOT}/me/state", json={"state": "offline"}, headers=headers)
        assert answer.status_code == 409
        assert (await door.house.agent("anna")).state is AgentState.READY


async def test_keys_are_each_agents_own(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client, door.client("ben") as other:
        headers = {"Idempotency-Key": "k"}
        await client.put(f"{ROOT}/me/state", json={"state": "ready"}, headers=headers)
        answer = await other.put(f"{ROOT}/me/state", json={"state": "ready"}, headers=headers)
        assert answer.json()["account"] == "ben"


async def test_the_length_of_a_queue_and_its_oldest_are_shown_to_its_members(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client, door.client("chen") as other:
        await door.mail_comes()
        await door.mail_comes()
        door.house.clock.passed += 30
        (mine,) = (await client.get(f"{ROOT}/queues")).json()["queues"]
        assert (mine["queue"], mine["waiting"], mine["oldest_for"], mine["pick"]) == ("help", 2, 31.0, True)
        (others,) = (await other.get(f"{ROOT}/queues")).json()["queues"]
        assert (others["queue"], others["waiting"]) == ("orders", 0)


async def test_an_agent_picks_the_oldest_session(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        oldest = await door.mail_comes()
        await door.mail_comes()
        await door.house.stand("anna")
        answer = await client.post(f"{ROOT}/queues/help/pick")
        assert (answer.status_code, answer.json()["session"]) == (200, oldest.id)
        assert (await door.house.session(oldest.id)).phase is Phase.ASSIGNED


async def test_a_pick_out_of_an_empty_queue_gives_nothing(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        await door.house.stand("anna")
        answer = await client.post(f"{ROOT}/queues/help/pick")
        assert (answer.status_code, answer.content) == (204, b"")


async def test_who_is_not_ready_or_full_picks_nothing(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        for _ in range(3):
            await door.mail_comes()
        assert (await client.post(f"{ROOT}/queues/help/pick")).status_code == 409
        await door.house.stand("anna")
        answers = [(await client.post(f"{ROOT}/queues/help/pick")).status_code for _ in range(3)]
        assert answers == [200, 200, 409]
        assert (await door.house.agent("anna")).load == 2


async def test_agents_who_pick_at_once_never_get_the_same_session(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client, door.client("ben") as other:
        for _ in range(3):
            await door.mail_comes()
        for name in ("anna", "ben"):
            await door.house.stand(name)
        answers = await asyncio.gather(*(one.post(f"{ROOT}/queues/help/pick") for one in (client, other) * 2))
        picked = [one.json()["session"] for one in answers if one.status_code == 200]
        assert len(picked) == len(set(picked)) == 3


async def test_a_queue_that_forbids_it_cannot_be_picked_from(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("chen") as client:
        assert (await client.post(f"{ROOT}/queues/orders/pick")).status_code == 403
        assert (await client.post(f"{ROOT}/queues/help/pick")).status_code == 404
        assert (await client.post(f"{ROOT}/queues/none/pick")).status_code == 404


async def test_a_pick_with_a_key_is_done_once(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        for _ in range(2):
            await door.mail_comes()
        await door.house.stand("anna")
        answers = await asyncio.gather(
            *(client.post(f"{ROOT}/queues/help/pick", headers={"Idempotency-Key": "p"}) for _ in range(4))
        )
        assert {one.status_code for one in answers} == {200}
        assert len({one.content for one in answers}) == 1
        assert len(await held(door)) == 1


async def held(door: Door) -> list[str]:
    return await door.house.read(lambda tx: [one.id for one in tx.sessions.held_by(ACME, "anna")])


def token(session: object) -> str:
    offer = getattr(session, "offer", None)
    assert offer is not None
    found: str = offer.token
    return found


async def test_a_tenant_that_lists_reasons_takes_no_other(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        acme, *others = door.house.generation.tenants
        listing = replace(acme, not_ready_reasons=("lunch", "training"))
        door.house.generation = replace(door.house.generation, tenants=(listing, *others))
        refused = await client.put(f"{ROOT}/me/state", json={"state": "not_ready", "reason": "tired"})
        assert refused.status_code == 422
        assert "it is one of lunch, training" in refused.text
        taken = await client.put(f"{ROOT}/me/state", json={"state": "not_ready", "reason": "lunch"})
        assert taken.json()["reason"] == "lunch"


async def test_a_queue_shows_the_code_it_is_called_by(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        acme, *others = door.house.generation.tenants
        queues = (replace(acme.queues[0], access_code="4711"), *acme.queues[1:])
        door.house.generation = replace(door.house.generation, tenants=(replace(acme, queues=queues), *others))
        (queue,) = (await client.get(f"{ROOT}/queues")).json()["queues"]
        assert queue["access_code"] == "4711"


async def test_a_code_that_neither_queue_nor_tenant_lists_is_refused(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.offered()
        acme, *others = door.house.generation.tenants
        queues = (replace(acme.queues[0], wrap_up_codes=("refund",)), *acme.queues[1:])
        for tenant, words in (
            (replace(acme, wrap_up_codes=("solved", "spam")), "it is one of solved, spam"),
            (replace(acme, wrap_up_codes=("solved",), queues=queues), "it is one of refund"),
        ):
            door.house.generation = replace(door.house.generation, tenants=(tenant, *others))
            body = {"token": token(session), "code": "other"}
            refused = await client.post(f"{ROOT}/sessions/{session.id}/wrap-up", json=body)
            assert (refused.status_code, words in refused.text) == (422, True)
