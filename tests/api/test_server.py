"""The server on real sockets: its limits, its deadlines, and its end."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from postroom.api import connection, limits
from postroom.api.limits import HEADER_LIMIT
from postroom.api.server import HttpServer
from postroom.errors import ConfigurationError
from tests.api.door import open_door, served
from tests.dispatch.house import token_of

CLOSE = "Connection: close\r\n"


async def raw_request(url: str, request: bytes) -> bytes:
    """Send these bytes and read until the server is gone."""
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    answer = b""
    try:
        async with asyncio.timeout(20):
            writer.write(request)
            while chunk := await reader.read(65_536):
                answer += chunk
    except ConnectionError:
        pass  # it does not read what it refused: the answer, if any, came before the reset
    finally:
        writer.transport.abort()
    return answer


async def test_a_caller_who_never_finishes_his_header_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection.BoundedConnection, "header_within", 0.1)
    async with served(tmp_path) as (_door, url):
        for begun in (b"", b"GET /api/v1/acme/me HTTP/1.1\r\nHost: x\r\nX-Slow: "):
            assert await raw_request(url, begun) == b""


async def test_a_caller_who_stops_in_his_body_is_told_so_and_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BODY_WITHIN", 0.1)
    head = (
        f"PUT /api/v1/acme/me/state HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token_of('anna')}\r\n"
        'Content-Type: application/json\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{"state"'
    )
    async with served(tmp_path) as (_door, url):
        answer = await raw_request(url, head.encode())
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"application/problem+json" in answer


@pytest.mark.parametrize("size", [HEADER_LIMIT, 40 * HEADER_LIMIT])
async def test_a_header_over_the_limit_is_refused(tmp_path: Path, size: int) -> None:
    head = (
        f"GET /api/v1/acme/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token_of('anna')}\r\n"
    )
    async with served(tmp_path) as (_door, url):
        answer = await raw_request(url, head.encode() + b"X-Long: " + b"x" * size + b"\r\n\r\n")
        assert answer[:13] in {b"HTTP/1.1 431 ", b"HTTP/1.1 400 ", b""}
        assert b"anna" not in answer


async def test_a_caller_who_does_not_read_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection.BoundedConnection, "progress_within", 0.2)
    large = b"From: a@example.com\r\n\r\n" + b"x" * 30_000_000
    async with served(tmp_path) as (door, url):
        session = await door.assigned(raw=large)
        (mail,) = await door.mails_of(session)
        path, signed = f"/api/v1/acme/mails/{mail.id}/raw", f"Authorization: Bearer {token_of('anna')}\r\n"
        with slow_caller(url) as caller:
            await asyncio.get_running_loop().sock_sendall(
                caller, f"GET {path} HTTP/1.1\r\nHost: x\r\n{CLOSE}{signed}\r\n".encode()
            )
            await asyncio.sleep(1.5)  # what is tested is a real wait on a real socket
            assert await received(caller) < len(large)


@contextmanager
def slow_caller(url: str) -> Iterator[socket.socket]:
    """A caller with as small a window as the system lets him have."""
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.socket() as caller:
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        caller.connect((host, int(port)))
        caller.setblocking(False)
        yield caller


async def received(caller: socket.socket) -> int:
    """How much comes until the server's end of the connection is gone."""
    total = 0
    async with asyncio.timeout(20):
        while True:
            try:
                chunk = await asyncio.get_running_loop().sock_recv(caller, 65_536)
            except ConnectionError:
                return total
            if not chunk:
                return total
            total += len(chunk)


async def test_a_request_in_hand_is_answered_before_the_server_ends(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as _client:
        server = HttpServer(door.app, "127.0.0.1", 0, before_stop=door.parts.feed.close)
        server.bind()
        url = f"http://127.0.0.1:{server.port}"
        async with asyncio.TaskGroup() as group, door.client("anna", url) as client:
            running = group.create_task(server.run())
            assert (await client.get("/api/v1/acme/me")).status_code == 200
            assert server.is_serving
            asked = [group.create_task(client.get("/api/v1/acme/work")) for _ in range(5)]
            await asyncio.gather(*asked)
            server.stop()
            async with asyncio.timeout(20):
                await running
        with pytest.raises(httpx.ConnectError):
            async with door.client("anna", url) as client:
                await client.get("/api/v1/acme/me")


async def test_an_answer_does_not_wait_for_its_header_to_be_acknowledged(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door:
        server = HttpServer(door.app, "127.0.0.1", 0, before_stop=door.parts.feed.close)
        server.bind()
        assert server._socket is not None
        listening: socket.socket = server._socket
        with listening, socket.create_connection(listening.getsockname()), listening.accept()[0] as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_an_address_in_use_is_named(tmp_path: Path) -> None:
    async with served(tmp_path) as (door, url):
        port = int(url.rpartition(":")[2])
        second = HttpServer(door.app, "127.0.0.1", port, before_stop=door.parts.feed.close)
        with pytest.raises(ConfigurationError, match=f"http.listen: cannot listen on 127.0.0.1:{port}"):
            second.bind()


async def test_the_server_says_nothing_of_what_it_is_made_of(tmp_path: Path) -> None:
    async with served(tmp_path) as (door, url), door.client("anna", url) as client:
        for path in ("/api/v1/acme/me", "/nothing"):
            headers = (await client.get(path)).headers
            assert "server" not in headers
            assert "x-powered-by" not in headers
