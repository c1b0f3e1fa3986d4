"""The MQTT door against a real Mosquitto that is killed, restarted and made to forget."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from postroom.dispatch.mqtt import offers
from postroom.dispatch.robots.mqtt import MqttRobot
from postroom.errors import TemporaryError
from postroom.ports.broker import Outgoing
from postroom.ports.robots import RobotAnswer
from postroom.routing.agents import AgentState
from postroom.session.events import SessionAssigned, SessionFiled
from postroom.session.state import Phase
from postroom.settings.mqtt import MqttSettings
from postroom.settings.process import Process
from tests.dispatch.house import ACME
from tests.dispatch.mqtt.doors import T, mqtt_door
from tests.dispatch.mqtt.stranger import Stranger, a_stranger, until
from tests.support.mosquitto import running_mosquitto
from tests.support.robots import a_question

pytestmark = pytest.mark.server

ANNA = f"{T}/agents/anna"
HELP = f"{T}/queues/help"


def kind(wanted: str) -> Callable[[dict[str, Any]], bool]:
    return lambda event: event["type"] == f"com.postroom.{wanted}"


def about(session: str) -> Callable[[dict[str, Any]], bool]:
    """Whether it is an offer of that session."""
    return lambda event: kind("queue.offer")(event) and event["data"]["session"] == session


async def answer(client: Stranger, count: int) -> dict[str, Any]:
    """The data of the answer with that number, from one on."""
    await until(lambda: len(client.events("/replies")) >= count)
    data: dict[str, Any] = client.events("/replies")[count - 1]["data"]
    return data


async def test_an_agent_works_over_the_broker_alone(tmp_path: Path) -> None:
    with running_mosquitto() as broker, a_stranger(broker, f"{T}/#") as anna:
        async with mqtt_door(tmp_path, broker) as (door, _):
            anna.publish(f"{ANNA}/commands/ready", {"id": "1"}, f"{ANNA}/replies")
            assert (await answer(anna, 1))["body"]["state"] == "ready"
            session = await door.house.customer_writes()
            await door.house.queues().assign_all()
            offer = await anna.hears(kind("agent.offer"), "/inbox")
            assert (offer["specversion"], offer["data"]["session"]) == ("1.0", session.id)
            said = {"id": "2", "data": {"session": session.id, "token": offer["data"]["token"]}}
            for count in (2, 3):  # said twice, answered twice, done once
                anna.publish(f"{ANNA}/commands/accept", said, f"{ANNA}/replies")
                assert (await answer(anna, count))["status"] == 200
            await anna.hears(kind("agent.assigned"), "/inbox")
            accepted = await anna.hears(kind("session.offer_accepted"), "/events")
            assert (accepted["data"]["owner"], accepted["data"]["after"]) == ("anna", "assigned")
            assert (await door.house.session(session.id)).phase is Phase.ASSIGNED
            ids = [[event["id"] for event in anna.events(end)] for end in ("/inbox", "/events")]
            assert [len(set(one)) for one in ids] == [len(one) for one in ids]


@pytest.mark.parametrize(
    ("verb", "content", "status"),
    [
        ("ready", b"\xff", 422),
        ("ready", b"[" * 50_000, 422),
        ("ready", {"specversion": "0.3"}, 422),
        ("ready", {"data": {"state": "offline"}}, 200),
        ("explode", {}, 404),
        ("accept", {"data": {}}, 422),
        ("accept", {"data": {"session": "../../me", "token": "x"}}, 404),
        ("accept", {"data": {"session": "s", "token": "x", "agent": "ben"}}, 422),
        ("end", {"data": {"session": "nobody", "token": "x"}}, 404),
        ("pick", {"data": {"queue": "orders"}}, 404),
    ],
)
async def test_what_is_malformed_unknown_or_not_his_is_a_problem_and_does_nothing(
    tmp_path: Path, verb: str, content: object, status: int
) -> None:
    with running_mosquitto() as broker, a_stranger(broker, f"{T}/#") as anna:
        async with mqtt_door(tmp_path, broker) as (door, _):
            anna.publish(f"{ANNA}/commands/{verb}", content, f"{ANNA}/replies")
            assert (await answer(anna, 1))["status"] == status
            wanted = AgentState.READY if status == 200 else AgentState.OFFLINE
            assert (await door.house.agent("anna")).state is wanted


async def test_an_answer_is_never_published_where_its_asker_may_not(tmp_path: Path) -> None:
    with running_mosquitto() as broker, a_stranger(broker, "#") as anna:
        async with mqtt_door(tmp_path, broker) as (door, _):
            for topic in (f"{T}/agents/ben/commands/ready", f"{ANNA}/repliesx", "$SYS/x", f"{T}/agents/anna"):
                anna.publish(f"{ANNA}/commands/ready", {}, topic)
            anna.publish(f"{ANNA}/commands/here", {}, f"{ANNA}/replies")
            assert (await answer(anna, 1))["status"] == 200
            assert not [m for m in anna.messages if m.topic.endswith(("ben/commands/ready", "repliesx", "anna"))]
            assert (await door.house.agent("anna")).state is AgentState.OFFLINE


async def test_gateways_statuses_are_the_only_retained_messages(tmp_path: Path) -> None:
    with running_mosquitto() as broker:
        async with mqtt_door(tmp_path, broker) as (door, _):
            with a_stranger(broker, f"{T}/#") as early:
                await door.house.customer_writes()
                await early.hears(kind("session.message_received"))
            with a_stranger(broker, "#") as late:
                assert (await late.hears(kind("gateway.status")))["data"]["status"] == "connection_succeeded"
                assert [message.topic for message in late.messages] == [f"{T}/gateways/in/status"]
            broker.kill()
            broker.forget()
            broker.start()
            with a_stranger(broker, f"{T}/gateways/+/status") as later:
                await later.hears(kind("gateway.status"))


async def test_nothing_is_lost_by_a_broker_killed_restarted_and_wiped(tmp_path: Path) -> None:
    with running_mosquitto() as broker:
        async with mqtt_door(tmp_path, broker) as (door, _):
            with a_stranger(broker, f"{T}/conversations/#") as first:
                written = [await door.house.customer_writes() for _ in range(20)]
                await first.hears(lambda event: event["data"]["session"] == written[-1].id)
            broker.kill()
            broker.forget()
            away = [await door.house.customer_writes() for _ in range(50)]
            door.house.clock.passed += 2 * 3600
            away += [await door.house.customer_writes() for _ in range(50)]
            broker.start()
            with a_stranger(broker, f"{T}/conversations/#") as second:
                await second.hears(lambda event: event["data"]["session"] == away[-1].id)
            heard = [event["data"]["session"] for event in second.events("/events")]
            assert list(dict.fromkeys(one for one in heard if one in {s.id for s in away})) == [s.id for s in away]


async def test_somebody_outside_serves_a_queue(tmp_path: Path) -> None:
    with running_mosquitto() as broker, a_stranger(broker, f"$share/acd/{HELP}/offers", f"{HELP}/replies") as acd:
        async with mqtt_door(tmp_path, broker, outside=True) as (door, _):
            house = door.house
            await house.stand("ben")
            session = await house.customer_writes()
            assert await house.queues().assign_all() == 0
            offer = (await acd.hears(kind("queue.offer"), "/offers"))["data"]
            assert (offer["session"], offer["subject"]) == (session.id, "It broke")
            taken = {"data": {"session": session.id, "token": offer["token"], "agent": "ben"}}
            for count, wrong in enumerate(({"token": "x"}, {"agent": "nobody"}, {"agent": "anna"}), 1):
                acd.publish(f"{HELP}/commands/accept", {"data": {**taken["data"], **wrong}}, f"{HELP}/replies")
                assert (await answer(acd, count))["status"] in {409, 422}
            assert (await house.session(session.id)).phase is Phase.QUEUED
            for count in (4, 5):
                acd.publish(f"{HELP}/commands/accept", taken, f"{HELP}/replies")
                assert (await answer(acd, count))["body"]["owner"] == "ben"
            assert (await house.agent("ben")).load == 1


async def test_a_consumer_that_dies_with_an_offer_leaves_it_to_the_next(tmp_path: Path) -> None:
    shared = f"$share/acd/{HELP}/offers"
    with running_mosquitto() as broker:
        async with mqtt_door(tmp_path, broker, outside=True, offer_for=30.0) as (door, _):
            house = door.house
            await house.stand("ben")
            with a_stranger(broker, shared) as dies:
                session = await house.customer_writes()
                first = (await dies.hears(kind("queue.offer")))["data"]
            with a_stranger(broker, shared, f"{HELP}/replies") as lives:
                house.clock.passed += 31
                await house.customer_writes("Another")
                over = (await lives.hears(kind("queue.offer_withdrawn")))["data"]
                assert (over["offer"], over["reason"]) == (first["offer"], "expired")
                again = (await lives.hears(about(session.id)))["data"]
                assert again["token"] != first["token"]
                old = {"session": session.id, "token": first["token"], "agent": "ben"}
                lives.publish(f"{HELP}/commands/accept", {"data": old}, f"{HELP}/replies")
                assert (await answer(lives, 1))["status"] == 409
                new = {**old, "token": again["token"]}
                lives.publish(f"{HELP}/commands/accept", {"data": new}, f"{HELP}/replies")
                assert (await answer(lives, 2))["status"] == 200


async def test_a_declined_offer_comes_again_a_little_later(tmp_path: Path) -> None:
    with running_mosquitto() as broker, a_stranger(broker, f"{HELP}/#") as acd:
        async with mqtt_door(tmp_path, broker, outside=True) as (door, _):
            session = await door.house.customer_writes()
            offer = (await acd.hears(kind("queue.offer"), "/offers"))["data"]
            said = {"data": {"session": session.id, "token": offer["token"]}}
            acd.publish(f"{HELP}/commands/decline", said, f"{HELP}/replies")
            assert (await answer(acd, 1))["status"] == 200
            over = await acd.hears(kind("queue.offer_withdrawn"), "/offers")
            assert (over["data"]["offer"], over["data"]["reason"]) == (offer["offer"], "declined")
            assert len(acd.events("/offers")) == 2
            door.house.clock.passed += 11
            await door.house.customer_writes("Another")
            await acd.hears(lambda event: event["data"].get("token") not in {None, offer["token"]}, "/offers")


@pytest.mark.parametrize("ways", [(), ("mqtt",), ("console", "mqtt"), ("console",)])
async def test_an_agent_is_told_in_his_inbox_unless_he_is_told_elsewhere(tmp_path: Path, ways: tuple[str, ...]) -> None:
    with running_mosquitto() as broker, a_stranger(broker, f"{T}/#") as anna:
        async with mqtt_door(tmp_path, broker) as (door, _):
            house = door.house
            acme, *others = house.generation.tenants
            agents = tuple(replace(one, notices=ways if one.account == "anna" else ()) for one in acme.agents)
            house.generation = replace(house.generation, tenants=(replace(acme, agents=agents), *others))
            await house.stand("anna")
            await house.customer_writes()
            await house.queues().assign_all()
            await anna.hears(kind("session.agent_reserved"), "/events")
            await house.customer_writes("Another")
            await anna.hears(lambda event: event["data"].get("event") == "message_received", "/events")
            await until(lambda: len(anna.events("/events")) >= 3)
            assert bool(anna.events("/inbox")) == (ways != ("console",))


@pytest.mark.parametrize("way", ["accept", "assign", "file", "expire"])
async def test_who_was_told_of_an_offer_is_told_when_it_is_over(tmp_path: Path, way: str) -> None:
    reasons = {"accept": "taken", "assign": "taken", "file": "taken_back", "expire": "expired"}
    with running_mosquitto() as broker, a_stranger(broker, f"{HELP}/#") as acd:
        async with mqtt_door(tmp_path, broker, outside=True, offer_for=30.0) as (door, _):
            house = door.house
            await house.stand("ben")
            session = await house.customer_writes()
            offer = (await acd.hears(kind("queue.offer"), "/offers"))["data"]
            if way == "accept":
                said = {"data": {"session": session.id, "token": offer["token"], "agent": "ben"}}
                acd.publish(f"{HELP}/commands/accept", said, f"{HELP}/replies")
            elif way == "assign":
                given = SessionAssigned(agent="ben", token="t", by="boss")
                await house.write(lambda tx: house.step(tx, session.id, given))
            elif way == "file":
                filed = SessionFiled(by="boss", reason="spam", by_supervisor=True)
                await house.write(lambda tx: house.step(tx, session.id, filed))
            house.clock.passed += 31 if way == "expire" else 1
            await house.customer_writes("Another")
            over = await acd.hears(kind("queue.offer_withdrawn"), "/offers")
            assert over["data"] == {
                "offer": offer["offer"], "session": session.id, "queue": "help", "reason": reasons[way],
            }  # fmt: skip
            assert [one["data"] for one in acd.events("/offers") if kind("queue.offer_withdrawn")(one)] == [
                over["data"]
            ]


async def test_what_is_held_out_or_declined_in_front_hides_nothing_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offers, "AT_ONCE", 2)
    with running_mosquitto() as broker, a_stranger(broker, f"{HELP}/#") as acd:
        async with mqtt_door(tmp_path, broker, outside=True) as (door, _):
            written = [(await door.house.customer_writes()).id for _ in range(3)]
            for number, session in enumerate(written, 1):
                offer = (await acd.hears(about(session), "/offers"))["data"]
                said = {"data": {"session": session, "token": offer["token"]}}
                acd.publish(f"{HELP}/commands/decline", said, f"{HELP}/replies")
                assert (await answer(acd, number))["status"] == 200
            # Three are declined, and of those that come now nobody answers for any.
            later = [(await door.house.customer_writes()).id for _ in range(5)]
            await acd.hears(about(later[-1]), "/offers")
            heard = [event["data"]["session"] for event in acd.events("/offers") if kind("queue.offer")(event)]
            assert heard == [*written, *later]


async def test_commands_to_a_service_that_is_away_wait_for_it(tmp_path: Path) -> None:
    with running_mosquitto() as broker, a_stranger(broker, f"{ANNA}/replies") as anna:
        async with mqtt_door(tmp_path, broker):
            pass
        anna.publish(f"{ANNA}/commands/ready", {"id": "1"}, f"{ANNA}/replies")
        async with mqtt_door(tmp_path, broker) as (door, _):
            assert (await answer(anna, 1))["status"] == 200
            assert (await door.house.agent("anna")).state is AgentState.READY


async def test_another_broker_in_the_settings_is_gone_to(tmp_path: Path) -> None:
    with running_mosquitto() as broker, running_mosquitto() as other:
        async with mqtt_door(tmp_path, broker) as (door, mqtt):
            house = door.house
            there = MqttSettings(host=other.host, port=other.port, tls=False)
            house.generation = replace(house.generation, number=9, process=Process(mqtt=there))
            mqtt.follow()
            with a_stranger(other, f"{T}/gateways/+/status") as listener:
                await listener.hears(kind("gateway.status"))
            house.generation = replace(house.generation, number=10, process=Process())
            mqtt.follow()
            await until(lambda: not mqtt.is_open)
            with pytest.raises(TemporaryError):
                await mqtt.publish(Outgoing(topic="t", payload=b""))


async def test_a_robot_is_asked_and_answers_over_the_broker(tmp_path: Path) -> None:
    with running_mosquitto() as broker, a_stranger(broker, f"{T}/robots/helper/requests") as robot:
        async with mqtt_door(tmp_path, broker, outside=True) as (_, mqtt):
            asking = asyncio.ensure_future(
                MqttRobot(mqtt.wire(ACME), mqtt.answers, "helper").ask(a_question("Where is it?"), 20.0)
            )
            request = await robot.hears(kind("robot.request"))
            assert request["data"]["dialogue"][-1]["text"] == "Where is it?"
            properties: Any = robot.messages[0].properties
            said = {"action": "reply", "text": "Here."}
            robot.publish(properties.ResponseTopic, {**said, "text": "forged"}, "x", b"guessed")
            robot.publish(properties.ResponseTopic, said, "x", properties.CorrelationData)
            assert await asking == RobotAnswer(text="Here.")
