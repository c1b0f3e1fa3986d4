"""Where requests go: to the address that was judged, under the name that is configured, and never elsewhere."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from postroom.dispatch.robots.post import Poster, Target
from postroom.errors import PermanentError, TemporaryError
from tests.support.certificates import Authority
from tests.support.clock import VirtualClock
from tests.support.ports import free_port
from tests.support.robot_server import http, robot_server

LOOPBACK = (ip_network("127.0.0.0/8"),)


class Names:
    """Answers in the place of the system's resolver; one list of addresses a question, the last for every further."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int, **_: object) -> list[Any]:
        self.asked.append(host)
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    def install(self, monkeypatch: pytest.MonkeyPatch) -> Names:
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", self, raising=False)
        return self


async def post(url: str, *, allowed: tuple[Any, ...] = (), tries: int = 1) -> bytes:
    poster = Poster(Target(url=url, allowed=allowed, tries=tries), VirtualClock())
    try:
        return await poster.post(b"{}", {})
    finally:
        await poster.close()


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "127.0.0.1", "::1", "fe80::1", "::ffff:169.254.169.254", "0.0.0.0", "100.100.100.200"],
)
async def test_a_name_that_leads_where_no_robot_is_gets_no_connection(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    names = Names([address]).install(monkeypatch)
    async with robot_server(lambda _: http(b"{}")) as server:
        with pytest.raises(PermanentError, match=r"robot\.example is not connected to"):
            await post(f"http://robot.example:{server.port}/", tries=3)
        assert server.connections == 0
    assert names.asked == ["robot.example"]


@pytest.mark.parametrize("host", ["2852039166", "0x7f000001", "127.1"])
async def test_old_forms_of_an_address_lead_nowhere_even_past_the_settings(host: str) -> None:
    async with robot_server(lambda _: http(b"{}")) as server:
        with pytest.raises((PermanentError, TemporaryError)):
            await post(f"http://{host}:{server.port}/")
        assert server.connections == 0


async def test_of_several_addresses_only_the_sound_ones_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    Names(["169.254.169.254", "127.0.0.1"]).install(monkeypatch)
    async with robot_server(lambda _: http(b"yes")) as server:
        assert await post(f"http://robot.example:{server.port}/", allowed=LOOPBACK) == b"yes"


async def test_an_address_that_is_not_there_gives_way_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    Names(["127.0.0.9", "127.0.0.1"]).install(monkeypatch)
    async with robot_server(lambda _: http(b"yes")) as server:
        assert await post(f"http://robot.example:{server.port}/", allowed=LOOPBACK) == b"yes"


async def test_the_name_is_resolved_once_and_the_connection_made_to_what_was_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = Names(["127.0.0.1"], ["169.254.169.254"]).install(monkeypatch)
    async with robot_server(lambda _: http(b"yes")) as server:
        assert await post(f"http://robot.example:{server.port}/a?b=c", allowed=LOOPBACK) == b"yes"
    assert names.asked == ["robot.example"]
    assert server.asked[0].line == "POST /a?b=c HTTP/1.1"
    assert server.asked[0].headers["host"] == f"robot.example:{server.port}"


async def test_a_name_without_an_address_may_have_one_later(monkeypatch: pytest.MonkeyPatch) -> None:
    Names([]).install(monkeypatch)
    with pytest.raises(TemporaryError, match="has no address"):
        await post("http://robot.example/")


async def test_nobody_listening_is_a_failure_that_may_pass() -> None:
    with pytest.raises(TemporaryError, match="not reached"):
        await post(f"http://127.0.0.1:{free_port()}/")


async def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with robot_server(lambda _: http(b"yes")) as server, robot_server(lambda _: http(b"proxy")) as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert await post(server.url) == b"yes"
        assert proxy.connections == 0


@pytest.mark.parametrize(("certified", "reached"), [("robot.example", True), ("other.example", False)])
async def test_the_certificate_is_that_of_the_name_and_not_of_the_address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, certified: str, reached: bool
) -> None:
    authority = Authority()
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    Names(["127.0.0.1"]).install(monkeypatch)
    async with robot_server(lambda _: http(b"yes"), tls=authority.server_context(certified, "127.0.0.1")) as server:
        url = f"https://robot.example:{server.port}/"
        if reached:
            assert await post(url, allowed=LOOPBACK) == b"yes"
        else:
            with pytest.raises(TemporaryError, match="CERTIFICATE_VERIFY_FAILED"):
                await post(url, allowed=LOOPBACK)
