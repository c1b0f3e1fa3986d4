"""Taking a reply back: it wins only while no server can have been offered it, in either order of the two."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx

from postroom.ports.records import Attempt, OutboxRow, ReplyState
from postroom.session.state import Phase, Session
from tests.api.asking import ROOT, ask, leased, reply, token_of_owner
from tests.api.door import Door, open_door
from tests.dispatch.house import ACME


async def withdraw(client: httpx.AsyncClient, session: Session, sent: dict[str, Any], **more: str) -> httpx.Response:
    body = {"token": token_of_owner(session)} | more
    return await client.post(f"{ROOT}/sessions/{session.id}/replies/{sent['reply']}/withdraw", json=body)


async def state_of(door: Door, sent: dict[str, Any]) -> ReplyState:
    found = await door.house.read(lambda tx: tx.replies.get(sent["reply"]))
    assert found is not None
    return found.state


async def test_a_withdrawn_reply_is_never_sent_and_the_agent_has_the_word(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client:
        session = await door.assigned("anna")
        sent = await reply(client, session)
        answer = await withdraw(client, session, sent)
        assert (answer.status_code, answer.json()["state"], answer.json()["phase"]) == (200, "withdrawn", "assigned")
        assert await leased(door) == []
        found = await door.house.read(lambda tx: tx.replies.get(sent["reply"]))
        assert found is not None
        assert {found.state, *(one.state for one in found.recipients)} == {ReplyState.WITHDRAWN}
        shown = (await client.get(f"{ROOT}/conversations/{session.conversation}")).json()
        assert shown["replies"][0]["state"] == "withdrawn"
        assert [line["verdict"] for line in shown["mails"][-1]["trace"]] == ["accepted", "withdrawn"]
        who = await door.house.read(lambda tx: tx.replies.last_to_customer(ACME, "support", "carla@example.com"))
        assert who is None
        assert (await withdraw(client, session, sent)).status_code == 409
        assert (await reply(client, session, "Better so."))["state"] == "accepted"


async def test_a_reply_the_relay_has_in_hand_cannot_be_withdrawn(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client:
        session = await door.assigned("anna")
        sent = await reply(client, session)
        assert [row.id for row in await leased(door)] == [sent["reply"]]
        answer = await withdraw(client, session, sent)
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:postroom:problem:already-offered")
        assert (await door.house.session(session.id)).phase is Phase.AWAITING_CUSTOMER
        assert await state_of(door, sent) is ReplyState.ACCEPTED


async def test_a_reply_a_dead_process_began_to_hand_over_cannot_be_withdrawn(tmp_path: Path) -> None:
    """The row is free again after the restart; the attempt that was begun stays."""
    async with open_door(tmp_path) as door, door.client("anna") as client:
        session = await door.assigned("anna")
        sent = await reply(client, session)
        await leased(door)
        begun = Attempt(id="a", reply=sent["reply"], started_at=door.house.clock.now(), recipients=("carla",))
        await door.house.write(lambda tx: tx.replies.start_attempt(begun))
        await door.house.write(lambda tx: tx.outbox.reclaim())
        assert (await withdraw(client, session, sent)).status_code == 409
        assert [row.id for row in await leased(door)] == [sent["reply"]]


async def test_of_relay_and_withdrawal_at_once_exactly_one_wins(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client:
        await door.house.stand("anna")
        for number in range(12):
            session = await door.assigned("anna")
            sent = await reply(client, session, f"Answer {number}")
            answer, taken = await _race(client, door, session, sent, relay_first=bool(number % 2))
            assert (answer.status_code == 200) is not (sent["reply"] in [row.id for row in taken])
            phase = (await door.house.session(session.id)).phase
            assert phase is (Phase.ASSIGNED if answer.status_code == 200 else Phase.AWAITING_CUSTOMER)
            await ask(client, session, "end", token=token_of_owner(session))


async def _race(
    client: httpx.AsyncClient, door: Door, session: Session, sent: dict[str, Any], *, relay_first: bool
) -> tuple[httpx.Response, list[OutboxRow]]:
    async with asyncio.TaskGroup() as group:
        if relay_first:
            relay = group.create_task(leased(door))
            withdrawal = group.create_task(withdraw(client, session, sent))
        else:
            withdrawal = group.create_task(withdraw(client, session, sent))
            relay = group.create_task(leased(door))
    return withdrawal.result(), relay.result()


async def test_only_the_owner_withdraws_and_only_what_was_sent_in_his_session(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client, door.client("ben") as other:
        session, another = await door.assigned("anna"), await door.assigned("anna")
        sent = await reply(client, session)
        assert (await withdraw(other, session, sent)).status_code == 409
        assert (await withdraw(client, session, sent, token="older")).status_code == 409
        assert (await withdraw(client, another, sent)).status_code == 404
        assert (await withdraw(client, session, {"reply": "none"})).status_code == 404
        assert await state_of(door, sent) is ReplyState.ACCEPTED


async def test_withdrawing_with_a_key_is_answered_the_same(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client:
        session = await door.assigned("anna")
        sent = await reply(client, session)
        client.headers["Idempotency-Key"] = "w"
        answers = [await withdraw(client, session, sent) for _ in range(2)]
        assert [one.status_code for one in answers] == [200, 200]
