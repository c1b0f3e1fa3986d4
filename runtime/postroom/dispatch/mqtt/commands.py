"""Commands that come over the broker: an agent's are those of the HTTP door, a queue's are about its offers.

Whose command it is, the topic says, and the broker's ACL who may publish there; nothing in a message can name another.
What is malformed, unknown or too late is answered with a problem, and nothing is done.
"""

from __future__ import annotations

import asyncio
import hashlib
import zlib
from collections.abc import Callable
from typing import Protocol
from urllib.parse import quote

import msgspec
import structlog

from postroom.dispatch.mqtt import acd, cloud_events
from postroom.dispatch.mqtt.answers import Answer, Refusal
from postroom.errors import TemporaryError
from postroom.ports.broker import Broker, Incoming, Outgoing
from postroom.ports.broker_messages import Accept, Answered, Decline
from postroom.ports.step import Step
from postroom.ports.store import Store
from postroom.ports.topics import Addressed, may_be_answered_at
from postroom.ports.world import Clock
from postroom.settings.schema import Generation, Tenant

log = structlog.get_logger(__name__)

STATES = frozenset({"ready", "not_ready", "offline"})
OF_A_SESSION = {
    verb: verb.replace("_", "-")
    for verb in ("accept", "decline", "park", "unpark", "end", "wrap_up", "transfer", "file")
} | {"reply": "replies"}
"""An agent's verbs about a session, and what they are called in the HTTP door."""
HERE = "here"
"""Says nothing but that the agent is there, which a ready agent has to within each heartbeat."""
PICK = "pick"
LANES = 8
UNHANDLED_AT_MOST = 200


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request: `path` is below the tenant's own; `key` makes it repeatable, where there is one."""

    method: str
    path: str
    body: bytes = b""
    key: str = ""


class Door(Protocol):
    """The HTTP door from inside: the same resources, policy and answers."""

    async def __call__(self, tenant: str, account: str, asked: Asked) -> tuple[int, bytes]:
        """Carry out a request of that agent; gives status and body."""
        ...


class Commands:
    """Carries commands out, those of one agent or queue in their order."""

    def __init__(self, store: Store, step: Step, clock: Clock, current: Callable[[], Generation], door: Door) -> None:
        self._store = store
        self._step = step
        self._clock = clock
        self._current = current
        self._door = door
        self._lanes: list[asyncio.Queue[tuple[Addressed, Incoming]]] = [
            asyncio.Queue(UNHANDLED_AT_MOST) for _ in range(LANES)
        ]

    async def put(self, whose: Addressed, message: Incoming) -> None:
        """Take a command; waits where there are too many."""
        lane = zlib.crc32(f"{whose.tenant}/{whose.kind}/{whose.name}".encode()) % LANES
        await self._lanes[lane].put((whose, message))

    async def run(self, broker: Broker) -> None:
        """Carry commands out until cancelled."""
        async with asyncio.TaskGroup() as group:
            for lane in self._lanes:
                group.create_task(self._serve(lane, broker))

    async def _serve(self, lane: asyncio.Queue[tuple[Addressed, Incoming]], broker: Broker) -> None:
        while True:
            whose, message = await lane.get()
            answer = await self._answer(whose, message)
            try:
                await broker.publish(list(_messages(whose, message, answer)))
            except TemporaryError as error:
                # What was done stays done: he repeats the command with its id, and gets the same answer.
                log.warning("mqtt_answer_not_published", why=str(error))

    async def _answer(self, whose: Addressed, message: Incoming) -> Answer:
        try:
            if message.response_topic and not may_be_answered_at(whose, message.response_topic):
                raise Refusal(422, "invalid", f"the response topic must lie below {whose.prefix}/replies")
            return await self._carry_out(whose, message)
        except Refusal as refusal:
            return refusal.answer
        except TemporaryError as error:
            log.warning("mqtt_command_not_served", why=str(error))
            return Refusal(503, "", "This cannot be done right now; try again in a moment.").answer
        except Exception:
            log.exception("mqtt_command_failed", verb=whose.verb[:50])
            return Refusal(500, "", "Something went wrong here; it was written to the log.").answer

    async def _carry_out(self, whose: Addressed, message: Incoming) -> Answer:
        tenant = self._current().tenant(whose.tenant)
        if tenant is None:
            raise Refusal(404, "", "There is nothing here that you may see.")
        try:
            command = cloud_events.command(message.payload)
        except ValueError as error:
            raise Refusal(422, "invalid", str(error)) from error
        if whose.kind == "queues":
            return await self._of_queue(tenant, whose, command)
        if tenant.agent(whose.name) is None:
            raise Refusal(404, "", "There is nothing here that you may see.")
        status, body = await self._door(tenant.name, whose.name, asked(whose.verb, command))
        return Answer(status=status, body=body)

    async def _of_queue(self, tenant: Tenant, whose: Addressed, command: cloud_events.Command) -> Answer:
        queue, now = tenant.queue(whose.name), self._clock.now()
        if queue is None or queue.served_by != "mqtt":
            raise Refusal(404, "", "There is no such queue that is served from outside.")
        try:
            if whose.verb == "accept":
                taken = msgspec.convert(command.data, Accept)
                return await self._store.write(lambda tx: acd.accept(tx, self._step, tenant, queue.name, taken, now))
            if whose.verb == "decline":
                left = msgspec.convert(command.data, Decline)
                return await self._store.write(lambda tx: acd.decline(tx, tenant, queue.name, left, now))
        except msgspec.ValidationError as error:
            raise Refusal(422, "invalid", f"data: {error}"[:300]) from error
        raise _unknown()


def asked(verb: str, command: cloud_events.Command) -> Asked:
    """An agent's command as a request to the HTTP door. Raises Refusal for one there is not."""
    data = dict(command.data)
    if verb in STATES:
        return Asked(method="PUT", path="me/state", body=msgspec.json.encode({**data, "state": verb}), key=command.id)
    if verb == HERE:
        return Asked(method="GET", path="me")
    if verb == PICK:
        return Asked(method="POST", path=f"queues/{_segment(data, 'queue')}/pick", key=command.id)
    if verb not in OF_A_SESSION:
        raise _unknown()
    path = f"sessions/{_segment(data, 'session')}/{OF_A_SESSION[verb]}"
    return Asked(method="POST", path=path, body=msgspec.json.encode(data), key=command.id)


def _segment(data: dict[str, object], key: str) -> str:
    """Take a name out of the data, as one segment of a path."""
    name = data.pop(key, None)
    if not isinstance(name, str) or not name or set(name) <= {"."}:
        raise Refusal(422, "invalid", f"data.{key}: it is missing, or no name")
    return quote(name, safe="")


def _unknown() -> Refusal:
    return Refusal(404, "unknown-command", "There is no such command.")


def _messages(whose: Addressed, message: Incoming, answer: Answer) -> list[Outgoing]:
    if not message.response_topic or not may_be_answered_at(whose, message.response_topic):
        return []
    data = Answered(status=answer.status, body=msgspec.Raw(answer.body or b"null"))
    digest = hashlib.sha256(b"%d." % len(message.correlation) + message.correlation + message.payload).hexdigest()
    event_id = f"answer.{digest[:32]}"
    payload = cloud_events.encoded(event_id, whose.tenant, "command.answer", data)
    return [Outgoing(topic=message.response_topic, payload=payload, correlation=message.correlation)]
