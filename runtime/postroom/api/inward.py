"""The HTTP door from inside: a request of an agent whom another door has made sure of, carried out like any other."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol, cast
from urllib.parse import unquote

from litestar import Litestar

from postroom.api.auth import SIGNED_IN, Caller


class Request(Protocol):
    """What is asked: `path` is below the tenant's own, `key` is the Idempotency-Key or empty."""

    @property
    def method(self) -> str:
        """GET, POST, PUT."""
        ...

    @property
    def path(self) -> str:
        """Its segments percent-encoded."""
        ...

    @property
    def body(self) -> bytes:
        """JSON, or nothing."""
        ...

    @property
    def key(self) -> str:
        """The same for the same request."""
        ...


class InwardDoor:
    """Carries requests out without a socket."""

    def __init__(self, app: Litestar) -> None:
        self._app = app

    async def __call__(self, tenant: str, account: str, asked: Request) -> tuple[int, bytes]:
        """Carry out a request of that agent, who is one of the settings in force; gives status and body."""
        answer = _Answer(asked.body)
        caller = Caller(tenant=tenant, account=account, digest="")
        await self._app(cast("Any", _scope(caller, asked)), cast("Any", answer.receive), cast("Any", answer.send))
        return answer.status, b"".join(answer.body)


class _Answer:
    def __init__(self, content: bytes) -> None:
        self._content: bytes | None = content
        self._is_whole = asyncio.Event()
        self.status = 500
        self.body: list[bytes] = []

    async def receive(self) -> dict[str, object]:
        if self._content is None:
            # Who asks on wants to hear of a caller who hangs up: this one waits for his answer.
            await self._is_whole.wait()
            return {"type": "http.disconnect"}
        content, self._content = self._content, None
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif message["type"] == "http.response.body":
            self.body.append(message.get("body", b""))
            if not message.get("more_body", False):
                self._is_whole.set()


def _scope(caller: Caller, asked: Request) -> dict[str, object]:
    raw = f"/api/v1/{caller.tenant}/{asked.path}".encode()
    headers = [(b"host", b"postroom"), (b"content-type", b"application/json")]
    headers.append((b"content-length", b"%d" % len(asked.body)))
    if asked.key:
        headers.append((b"idempotency-key", asked.key.encode()))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": asked.method,
        "scheme": "http",
        "path": unquote(raw.decode()),
        "raw_path": raw,
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": None,
        "server": None,
        "extensions": {SIGNED_IN: caller},
    }
