"""What a walk over the whole description finds behind the door: a session, a mail, a user, all that paths name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from msgspec.structs import replace

from postroom.dispatch.agents import ensure_agents
from postroom.session.state import Session
from tests.api.asking import ROOT, reply, token_of_owner
from tests.api.door import Door, on_socket
from tests.api.settings_door import settings_door
from tests.api.waiting import quarantined

LONG_AFTER = 3_600.0
"""Seconds between two requests: nobody is too fast."""
LETTER = (
    b"From: Carla Customer <carla@example.com>\r\nTo: help@acme.example\r\nSubject: It broke\r\n"
    b"Message-ID: <first@example.com>\r\nDate: Mon, 2 Mar 2026 08:59:00 +0000\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/html\r\n\r\n<p>The lamp is broken.</p>\r\n"
    b'--b\r\nContent-Type: image/png\r\nContent-Disposition: attachment; filename="lamp.png"\r\n\r\npng\r\n--b--\r\n'
)
LAMP = "2"
"""Which part of the letter the picture is."""
UNIT = {"name": "north"}
USER = {"account": "ursel", "password": "correct horse battery", "role": "operator"}
PROGRAM = {"account": "crm", "role": "robot"}

KNOWN: dict[str, Any] = {
    "to": ["carla@example.com"],
    "cc": [],
    "bcc": [],
    "canned": "",
    "channel": "support",
    "queue": "orders",
    "queues": ["help"],
    "names": ["support"],
    "agent": "anna",
    "account": "crm",
    "role": "robot",
    "code": "",
}
"""What bodies name that is there, or may be anew."""


@dataclass(frozen=True)
class Stage:
    """What is there for one request."""

    key: str
    """An Idempotency-Key nobody had."""
    named: dict[str, str]
    """What paths name."""
    token: str
    """Of who has the session."""
    known: dict[str, Any]
    """What bodies name."""
    whole: dict[str, Any]
    """What a body needs that is described by the settings."""


@dataclass
class Scene:
    """A door on a socket; what is asked of it comes from another thread."""

    door: Door
    url: str
    portal: BlockingPortal
    beyond: dict[str, str]
    """What paths name that is there all the time."""

    def passes(self) -> None:
        """Time goes by."""
        self.door.house.clock.passed += LONG_AFTER

    def set_for(self, operation: str) -> Stage:
        """Put in place what that operation is about; it is named as the policy names it."""
        return self.portal.call(self._set_for, operation)

    async def _set_for(self, operation: str) -> Stage:
        named, key = {"tenant": "acme", **self.beyond}, self.door.house.ids.new()
        if "/settings/" in operation:
            return await self._settings(operation, named, key)
        if not any(one in operation for one in ("/sessions/", "/conversations/", "/mails/")):
            return Stage(key, named, "", dict(KNOWN), {})
        session, token = await self._session(operation)
        (mail, *_) = await self.door.mails_of(session)
        known = {**KNOWN, "mail": mail.id}
        named |= {"session_id": session.id, "conversation_id": session.conversation, "mail_id": mail.id, "index": LAMP}
        if operation.endswith("/withdraw"):
            async with self.door.client() as anna:
                named["reply_id"] = (await reply(anna, session))["reply"]
        if operation.endswith("/merge"):
            known["other"] = (await self.door.mail_comes(LETTER)).conversation
        return Stage(key, named, token, known, {})

    async def _settings(self, operation: str, named: dict[str, str], key: str) -> Stage:
        await self._add("ada", "settings/ous", UNIT)
        in_order = operation.startswith("PUT") and operation.endswith("{section_name}")
        return Stage(key, named, "", {}, {"order": [UNIT["name"]]} if in_order else {"name": f"unit-{key}"})

    async def _session(self, operation: str) -> tuple[Session, str]:
        if operation.endswith(("/accept", "/decline")):
            session = await self.door.offered(raw=LETTER)
            assert session.offer is not None
            return session, session.offer.token
        session = await self.door.assigned(raw=LETTER)
        return session, token_of_owner(session)

    async def _add(self, account: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Add it, or find it there already."""
        async with self.door.client(account) as client:
            answer = await client.post(f"{ROOT}/{path}", json=body)
        assert answer.status_code in {201, 202, 409, 422}, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def prepare(self) -> None:
        """Put in place what stays."""
        await self._add("ada", "users", USER)
        self.beyond = {
            "queue_name": "help",
            "account": USER["account"],
            "gateway": "in",
            "number": "1",
            "section_name": "ous",
            "name": UNIT["name"],
            "receipt_id": (await quarantined(self.door)).id,
            "token_id": (await self._add("ada", "tokens", PROGRAM))["id"],
            "export_id": (await self._add("ada", "exports", {"what": "channels"}))["id"],
        }


@contextmanager
def scene(folder: Path) -> Iterator[Scene]:
    """A scene whose door lives in a thread of its own: the walk is no coroutine."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(_door(folder)) as (door, url):
        found = Scene(door, url, portal, {})
        portal.call(found.prepare)
        yield found


@asynccontextmanager
async def _door(folder: Path) -> AsyncIterator[tuple[Door, str]]:
    async with settings_door(folder) as opened, on_socket(opened.door) as url:
        door, house = opened.door, opened.door.house
        acme = opened.force.generation.require("acme")
        # Places enough for every session of the walk.
        acme = replace(acme, parameters=replace(acme.parameters, max_concurrent=1_000_000))
        house.generation = replace(opened.force.generation, tenants=(acme,))
        await house.write(lambda tx: ensure_agents(tx, house.generation))
        yield door, url


def document_of(url: str) -> dict[str, Any]:
    """The description as the door serves it."""
    answer = httpx.get(f"{url}/schema/openapi.json", trust_env=False)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found
