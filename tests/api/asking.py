"""What tests of commands ask of the door: a command about a session, and its assignment's token."""

from __future__ import annotations

from typing import Any

import httpx

from postroom.ports.records import OutboxRow
from postroom.session.effects import AnyEffect
from postroom.session.state import Session
from tests.api.door import Door

ROOT = "/api/v1/acme"


def token_of_owner(session: Session) -> str:
    assert session.assignment is not None
    return session.assignment.token


async def ask(client: httpx.AsyncClient, session: Session, verb: str, **body: object) -> httpx.Response:
    return await client.post(f"{ROOT}/sessions/{session.id}/{verb}", json=body)


async def reply(client: httpx.AsyncClient, session: Session, text: str = "We send a new lamp.") -> dict[str, Any]:
    """Answer the customer; gives what the door answered."""
    headers = {"Idempotency-Key": f"{session.id}-{text}"}
    body = {"token": token_of_owner(session), "text": text}
    answer = await client.post(f"{ROOT}/sessions/{session.id}/replies", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def leased(door: Door) -> list[OutboxRow]:
    """What the relay would take out now."""
    now = door.house.clock.now()
    return await door.house.write(lambda tx: list(tx.outbox.lease("relay", now, now, 100)))


async def effects_of(door: Door, session: Session) -> list[AnyEffect]:
    entries = await door.house.read(lambda tx: tx.journal.of_conversation(session.conversation))
    return [effect for entry in entries for effect in entry.effects]
