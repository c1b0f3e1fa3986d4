"""A reader of server-sent events, as strict as a browser's (HTML §9.2.6)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True)
class Seen:
    """One event; `last_id` is the last event id after it."""

    name: str
    data: Any
    last_id: str


class Stream:
    """An open event stream."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.last_id = ""
        self._lines = answer.aiter_lines()

    async def next(self, *names: str) -> Seen:
        """The next event, or the next of these names; others are passed over."""
        async with asyncio.timeout(20):
            while True:
                seen = await self._one()
                if not names or seen.name in names:
                    return seen

    async def until_id(self, last_id: str) -> None:
        """Read on until the last event id is this one."""
        async with asyncio.timeout(20):
            while await anext(self._lines) != f"id: {last_id}":
                pass

    async def until_end(self) -> None:
        """Read on until the server ends the stream."""
        async with asyncio.timeout(20):
            async for _ in self._lines:
                pass

    async def _one(self) -> Seen:
        name, data = "", ""
        async for line in self._lines:
            if line == "":
                if data:
                    return Seen(name, json.loads(data), self.last_id)
                name = ""
                continue
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "event":
                name = value
            elif field == "data":
                data += value
            elif field == "id":
                self.last_id = value
        raise EOFError("the stream ended")


@asynccontextmanager
async def listening(client: httpx.AsyncClient, last_id: str | None = None) -> AsyncIterator[Stream]:
    """Listen to the agent's events."""
    headers = {} if last_id is None else {"Last-Event-ID": last_id}
    async with client.stream("GET", "/api/v1/acme/events", headers=headers) as answer:
        assert answer.status_code == 200
        yield Stream(answer)
