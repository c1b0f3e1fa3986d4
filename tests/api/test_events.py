"""The event stream over a real socket, with the real store behind it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from postroom.api import events as events_module
from postroom.api.feed import BUFFER
from postroom.ports.happenings import read_batch
from postroom.ports.telling import events_for
from postroom.session.events import MessageAttached
from postroom.session.state import Phase
from tests.api.asking import reply, token_of_owner
from tests.api.door import open_door, served
from tests.api.overseen import oversee
from tests.api.sse import Stream, listening
from tests.dispatch.house import ACME

ROOT = "/api/v1/acme"


async def test_an_offer_reaches_a_ready_agent_who_accepts_it(tmp_path: Path) -> None:
    async with served(tmp_path) as (door, url), door.client("anna", url) as client, asyncio.TaskGroup() as group:
        finding = group.create_task(door.house.queues().run())
        async with listening(client) as stream:
            beginning = await stream.next()
            assert (beginning.name, any(beginning.data.values())) == ("work", False)
            await client.put(f"{ROOT}/me/state", json={"state": "ready"})
            session = await door.mail_comes()
            offer = await stream.next("offer")
            assert (offer.data["session"], offer.data["customer"]) == (session.id, "carla@example.com")
            body = {"token": offer.data["token"]}
            answer = await client.post(f"{ROOT}/sessions/{session.id}/accept", json=body)
            assert answer.status_code == 200
            assert (await stream.next("assigned")).data["token"] == body["token"]
        finding.cancel()


async def test_a_stream_begins_with_the_work_as_it_stands(tmp_path: Path) -> None:
    async with served(tmp_path) as (door, url), door.client("anna", url) as client:
        session = await door.offered()
        async with listening(client) as stream:
            work = (await stream.next()).data
            assert [one["session"] for one in work["offers"]] == [session.id]
            queues = (await stream.next()).data["queues"]
            assert [(one["queue"], one["waiting"]) for one in queues] == [("help", 0)]


async def test_a_stream_resumes_after_the_last_event_it_had(tmp_path: Path) -> None:
    async with served(tmp_path) as (door, url), door.client("anna", url) as client:
        await door.house.stand("anna")
        async with listening(client) as stream:
            first = await door.mail_comes()
            await door.house.queues().assign_all()
            assert (await stream.next("offer")).data["session"] == first.id
            last_id = stream.last_id
        missed = await door.mail_comes()
        await door.house.queues().assign_all()
        await door.mail_comes(into=first.conversation)
        async with listening(client, last_id) as stream:
            seen = await stream.next()
            assert (seen.name, seen.data["session"]) == ("offer", missed.id)
            seen = await stream.next("notice", "mail")
            assert (seen.data["session"], seen.data["what"]) == (first.id, "customer_wrote")
            live = await door.mail_comes(into=missed.conversation)
            assert (await stream.next("mail")).data["session"] == first.id
            assert (await stream.next("mail")).data["session"] == live.id


async def test_nothing_is_told_twice_to_a_stream_that_stays(tmp_path: Path) -> None:
    async with served(tmp_path) as (door, url), door.client("anna", url) as client:
        session = await door.assigned()
        async with listening(client) as stream:
            await stream.next("work")
            mails = [(await door.mail_comes(into=session.conversation), number)[1] for number in range(30)]
            seen = [await stream.next("mail") for _ in mails]
            assert len({one.data["mail"] for one in seen}) == len(mails)
            numbers = [int(one.last_id) for one in seen]
            assert numbers == sorted(numbers)


async def test_an_unknown_or_future_id_begins_with_the_work(tmp_path: Path) -> None:
    async with served(tmp_path) as (door, url), door.client("anna", url) as client:
        await door.offered()
        for last_id in ("999999", "-1", "nonsense", "٣"):
            headers = {b"Last-Event-ID": last_id.encode()}
            async with client.stream("GET", f"{ROOT}/events", headers=headers) as answer:
                assert (await Stream(answer).next()).name == "work", last_id


async def test_an_agent_hears_nothing_of_others(tmp_path: Path) -> None:
    async with served(tmp_path) as (door, url), door.client("chen", url) as client, listening(client) as stream:
        await stream.next("queues")
        session = await door.assigned("anna")
        await door.mail_comes(into=session.conversation)
        await door.house.stand("chen")
        await door.house.customer_writes("An order", "shop")
        await door.house.queues().assign_all()
        seen = [await stream.next(), await stream.next()]
        assert [one.name for one in seen] == ["queues", "offer"]
        assert seen[1].data["subject"] == "An order"
        assert {one["queue"] for one in seen[0].data["queues"]} == {"orders"}


async def test_a_queues_length_is_told_when_it_changes(tmp_path: Path) -> None:
    async with served(tmp_path) as (door, url), door.client("anna", url) as client, listening(client) as stream:
        await stream.next("queues")
        await door.mail_comes()
        assert (await stream.next("queues")).data["queues"][0]["waiting"] == 1
        await door.house.stand("ben")
        await door.house.queues().assign_all()
        assert (await stream.next("queues")).data["queues"][0]["waiting"] == 0


async def test_a_withdrawn_offer_and_a_note_are_told(tmp_path: Path) -> None:
    async with served(tmp_path) as (door, url), door.client("anna", url) as client, listening(client) as stream:
        session = await door.offered()
        note = MessageAttached(mail="m", mail_class="dsn")
        await door.house.write(lambda tx: door.house.step(tx, session.id, note))
        assert (await stream.next("notice")).data["what"] == "note:dsn"
        await client.put(f"{ROOT}/me/state", json={"state": "not_ready", "reason": "lunch"})
        withdrawn = await stream.next("offer_withdrawn")
        assert (withdrawn.data["session"], withdrawn.data["reason"]) == (session.id, "agent_left")


async def test_an_open_stream_is_a_sign_of_life(tmp_path: Path) -> None:
    async with served(tmp_path) as (door, url), door.client("anna", url) as client:
        async with listening(client) as stream:
            await stream.next("work")
            assert door.house.presence.sight(ACME, "anna").streams == 1
        async with asyncio.timeout(20):
            while door.house.presence.sight(ACME, "anna").streams:  # noqa: ASYNC110 the server learns of it by itself
                await asyncio.sleep(0.01)


async def test_a_quiet_stream_has_heartbeats_that_move_its_id_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events_module, "HEARTBEAT", 0.05)
    async with served(tmp_path) as (door, url), door.client("chen", url) as client, listening(client) as stream:
        await stream.next("queues")
        session = await door.assigned("anna")  # nothing chen hears of, but the journal grew
        last = await door.house.read(lambda tx: tx.journal.last(ACME))
        assert session.phase is Phase.ASSIGNED
        await stream.until_id(str(last))


async def test_a_stream_ends_when_its_token_is_taken_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events_module, "HEARTBEAT", 0.05)
    async with served(tmp_path) as (door, url), door.client("anna", url) as client, listening(client) as stream:
        await stream.next("work")
        tenant = door.house.generation.tenants[0]
        agents = tuple(replace(one, token_sha256=()) for one in tenant.agents)
        door.house.generation = replace(door.house.generation, tenants=(replace(tenant, agents=agents),))
        await stream.until_end()


async def test_streams_end_when_the_server_stops(tmp_path: Path) -> None:
    async with served(tmp_path) as (door, url), door.client("anna", url) as client, listening(client) as stream:
        await stream.next("work")
        door.parts.feed.close()
        await stream.until_end()


async def test_a_listener_that_does_not_read_is_dropped_and_holds_nothing(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door:
        session = await door.assigned()
        batch = await door.house.read(lambda tx: read_batch(tx, ACME, 0))
        feed = door.parts.feed
        with feed.listen(ACME) as slow, feed.listen(ACME) as quick:
            for _ in range(BUFFER // len(batch.happenings) + 1):
                for listener in (slow, quick):
                    listener.put(batch)
                assert await quick.next(door.house.clock, 1) == batch
            assert slow.is_over
            assert await slow.next(door.house.clock, 1) is None
            assert not quick.is_over
        assert session.phase is Phase.ASSIGNED


async def test_a_transferred_session_leaves_one_stream_and_comes_to_the_other(tmp_path: Path) -> None:
    async with served(tmp_path) as (door, url), door.client("anna", url) as client, door.client("ben", url) as other:
        session = await door.assigned("anna")
        await door.house.stand("ben")
        async with listening(client) as hers, listening(other) as his:
            body = {"token": token_of_owner(session), "agent": "ben"}
            assert (await client.post(f"{ROOT}/sessions/{session.id}/transfer", json=body)).status_code == 200
            assert (await hers.next("transferred")).data["session"] == session.id
            await door.house.queues().assign_all()
            offer = await his.next("offer")
            assert offer.data["session"] == session.id
            body = {"token": offer.data["token"]}
            await other.post(f"{ROOT}/sessions/{session.id}/accept", json=body)
            assert (await his.next("assigned")).data["token"] == body["token"]
            await door.mail_comes(into=session.conversation)
            assert (await his.next("mail")).data["session"] == session.id
            await client.put(f"{ROOT}/me/state", json={"state": "not_ready"})
            await other.post(f"{ROOT}/sessions/{session.id}/end", json=body)
            assert (await his.next("ended")).data["reason"] == "ended_by_agent"
            await door.mail_comes()
            told = await hers.next("queues")
            assert told.data["queues"][0]["waiting"] == 1
        seen = await door.house.read(lambda tx: read_batch(tx, ACME, 0))
        told_to_her = [one.name for each in seen.happenings for one in events_for("anna", each)]
        assert told_to_her[-1] == "transferred"


async def test_what_a_supervisor_does_reaches_both_agents(tmp_path: Path) -> None:
    async with served(tmp_path) as (door, url), door.client("anna", url) as client, door.client("ben", url) as other:
        await oversee(door)
        session = await door.assigned("anna")
        await door.house.stand("ben")
        async with listening(client) as hers, listening(other) as his, door.client("nils", url) as boss:
            await boss.post(f"{ROOT}/sessions/{session.id}/assign", json={"agent": "ben"})
            assert (await hers.next("notice")).data["what"] == "taken_away"
            assigned = await his.next("assigned")
            assert (await his.next("notice")).data["what"] == "assigned"
            body = {"token": assigned.data["token"]}
            assert (await other.post(f"{ROOT}/sessions/{session.id}/park", json=body)).status_code == 200
            assert (await his.next("parked")).data["session"] == session.id
            assert (await other.post(f"{ROOT}/sessions/{session.id}/unpark", json=body)).status_code == 200
            assert (await his.next("notice")).data["what"] == "park_ended"
            await boss.post(f"{ROOT}/sessions/{session.id}/file", json={"reason": "spam"})
            assert (await his.next("notice")).data["what"] == "taken_away"
            assert (await his.next("ended")).data["reason"] == "spam"


async def test_a_withdrawn_reply_is_told_and_one_too_late_is_not(tmp_path: Path) -> None:
    async with served(tmp_path) as (door, url), door.client("anna", url) as client:
        session = await door.assigned("anna")
        async with listening(client) as stream:
            sent = await reply(client, session)
            path, body = f"{ROOT}/sessions/{session.id}/replies/{sent['reply']}/withdraw", {"token": "older"}
            assert (await client.post(path, json=body)).status_code == 409
            assert (await client.post(path, json={"token": token_of_owner(session)})).status_code == 200
            said = [(await stream.next("reply")).data["what"] for _ in range(2)]
            assert said == ["accepted", "withdrawn"]
