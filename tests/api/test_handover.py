"""Transfer, park, file and write up over HTTP, by the agent whose session it is."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from postroom.routing.agents import AgentState
from postroom.session.effects import ArmTimer
from postroom.session.policy import Policy
from postroom.session.state import Phase, TimerKind
from tests.api.asking import ROOT, ask, effects_of, reply, token_of_owner
from tests.api.door import open_door
from tests.dispatch.house import House


async def test_a_session_is_transferred_to_a_queue_with_its_age(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client, door.client("chen") as other:
        session = await door.assigned("anna")
        answer = await ask(client, session, "transfer", token=token_of_owner(session), queue="orders")
        assert (answer.status_code, answer.json()["phase"], answer.json()["queue"]) == (200, "queued", "orders")
        moved = await door.house.session(session.id)
        assert moved.queued_at == session.queued_at
        assert (await door.house.agent("anna")).load == 0
        assert (await client.get(f"{ROOT}/conversations/{session.conversation}")).status_code == 404
        assert (await other.get(f"{ROOT}/conversations/{session.conversation}")).status_code == 200


async def test_a_session_is_transferred_to_an_agent_who_is_offered_it(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client, door.client("chen") as other:
        session = await door.assigned("anna")
        await door.house.stand("chen", AgentState.NOT_READY, "lunch")
        answer = await ask(client, session, "transfer", token=token_of_owner(session), agent="chen")
        assert (answer.status_code, answer.json()["phase"], answer.json()["kept_for"]) == (200, "queued", "chen")
        (kept,) = (await other.get(f"{ROOT}/work")).json()["kept"]
        assert (kept["session"], kept["token"]) == (session.id, "")
        await door.house.stand("chen")
        await door.house.queues().assign_all()
        (offer,) = (await other.get(f"{ROOT}/work")).json()["offers"]
        taken = await ask(other, session, "accept", token=offer["token"])
        assert taken.json()["phase"] == "assigned"
        late = await ask(client, session, "transfer", token=token_of_owner(session), queue="help")
        assert (late.status_code, late.json()["holder"]) == (409, "Chen Chu")
        assert late.json()["type"] == "urn:postroom:problem:stale"


async def test_a_transfer_to_who_is_signed_out_says_that_it_waits_for_anybody(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client:
        session = await door.assigned("anna")
        answer = await ask(client, session, "transfer", token=token_of_owner(session), agent="chen")
        assert (answer.status_code, answer.json()["phase"], answer.json()["kept_for"]) == (200, "queued", "")


async def test_a_transfer_that_names_nobody_both_or_strangers_is_refused(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client:
        session = await door.assigned("anna")
        token = token_of_owner(session)
        for body in ({}, {"queue": "orders", "agent": "ben"}, {"queue": "none"}, {"agent": "zoe"}, {"agent": ""}):
            answer = await ask(client, session, "transfer", token=token, **body)
            assert answer.status_code == 422, body
        himself = await ask(client, session, "transfer", token=token, agent="anna")
        assert (himself.status_code, himself.json()["type"]) == (409, "urn:postroom:problem:not-possible")
        assert (await door.house.session(session.id)).owner == "anna"


async def test_a_colleague_or_an_old_token_transfers_nothing(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client, door.client("ben") as other:
        session = await door.assigned("anna")
        for who, token in ((other, token_of_owner(session)), (client, "an older one"), (client, None)):
            answer = await ask(who, session, "transfer", token=token, queue="orders")
            assert (answer.status_code, answer.json()["holder"]) == (409, "Anna Auer")
        assert (await door.house.session(session.id)).owner == "anna"


async def test_a_parked_session_takes_no_place_until_its_time_or_its_agent_comes(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client:
        session = await door.assigned("anna")
        token, until = token_of_owner(session), door.house.clock.now() + timedelta(hours=2)
        answer = await ask(client, session, "park", token=token, until=until.isoformat())
        assert (answer.status_code, answer.json()["phase"]) == (200, "assigned")
        assert (await door.house.agent("anna")).load == 0
        work = (await client.get(f"{ROOT}/work")).json()
        assert (work["assigned"], [one["session"] for one in work["parked"]]) == ([], [session.id])
        timers = [one for one in await effects_of(door, session) if isinstance(one, ArmTimer)]
        assert [one.due_at for one in timers if one.kind is TimerKind.PARK] == [until]
        answer = await ask(client, session, "unpark", token=token)
        assert (answer.status_code, answer.json()["parked_until"]) == (200, None)
        assert (await door.house.agent("anna")).load == 1
        again = await ask(client, session, "unpark", token=token)
        assert (again.status_code, again.json()["detail"]) == (409, "the session is not put aside")
        stale = await ask(client, session, "unpark", token="older")
        assert (stale.status_code, stale.json()["holder"]) == (409, "Anna Auer")


async def test_a_session_is_parked_without_a_time_and_not_into_the_past(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client:
        session = await door.assigned("anna")
        token, now = token_of_owner(session), door.house.clock.now()
        for bad in (now.isoformat(), (now + timedelta(days=400)).isoformat(), "2026-03-02T10:00:00", "tomorrow"):
            assert (await ask(client, session, "park", token=token, until=bad)).status_code == 422, bad
        assert (await ask(client, session, "park", token=token)).status_code == 200
        await door.mail_comes(into=session.conversation)
        assert (await door.house.agent("anna")).load == 1


@pytest.mark.parametrize("reason", ["spam", "no_answer_needed"])
async def test_whoever_serves_the_queue_files_what_waits_in_it(tmp_path: Path, reason: str) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client, door.client("chen") as other:
        session = await door.mail_comes()
        assert (await ask(other, session, "file", reason=reason)).status_code == 404
        assert (await ask(client, session, "file", reason="boring")).status_code == 422
        answer = await ask(client, session, "file", reason=reason)
        assert (answer.status_code, answer.json()["phase"]) == (200, "ended")
        assert (await door.house.session(session.id)).ended_because == reason


async def test_what_an_agent_has_or_is_offered_he_alone_files(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client, door.client("ben") as other:
        session = await door.offered("anna")
        refused = await ask(other, session, "file", reason="spam")
        assert (refused.status_code, refused.json()["holder"]) == (409, "Anna Auer")
        assert session.offer is not None
        await ask(client, session, "accept", token=session.offer.token)
        for who, token in ((other, session.offer.token), (client, "older"), (client, None)):
            assert (await ask(who, session, "file", reason="spam", token=token)).status_code == 409
        answer = await ask(client, session, "file", reason="spam", token=session.offer.token)
        assert answer.json()["phase"] == "ended"
        assert (await door.house.agent("anna")).load == 0


async def test_what_was_served_is_written_up_with_its_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = House.policy

    def with_wrap_up(house: House, tenant: str, channel: str) -> Policy:
        return replace(usual(house, tenant, channel), wrap_up=60.0)

    monkeypatch.setattr(House, "policy", with_wrap_up)
    async with open_door(tmp_path) as door, door.client("anna") as client:
        session = await door.assigned("anna")
        token = token_of_owner(session)
        early = await ask(client, session, "wrap-up", token=token, code="solved")
        assert (early.status_code, early.json()["detail"]) == (409, "the service is not over")
        assert (await ask(client, session, "end", token=token)).json()["phase"] == "wrap_up"
        assert [one["session"] for one in (await client.get(f"{ROOT}/work")).json()["wrap_up"]] == [session.id]
        assert (await ask(client, session, "wrap-up", token="older", code="x")).status_code == 409
        answer = await ask(client, session, "wrap-up", token=token, code="solved")
        assert answer.json()["phase"] == "ended"
        shown = (await client.get(f"{ROOT}/conversations/{session.conversation}")).json()["session"]
        assert (shown["wrap_up_code"], shown["owner"]) == ("solved", "anna")


async def test_a_session_that_awaits_the_customer_is_transferred_too(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client, door.client("ben") as other:
        session = await door.assigned("anna")
        await reply(client, session)
        answer = await ask(client, session, "transfer", token=token_of_owner(session), agent="ben")
        assert (answer.status_code, answer.json()["owner"]) == (200, "ben")
        (his,) = (await other.get(f"{ROOT}/work")).json()["awaiting"]
        assert his["token"] not in {"", token_of_owner(session)}
        assert (await door.house.session(session.id)).phase is Phase.AWAITING_CUSTOMER
