from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from postroom.errors import ConfigurationError, TemporaryError
from postroom.observability.health import Health
from postroom.observability.loop_lag import sample_loop_lag
from postroom.observability.metrics import Metrics
from postroom.observability.ops import OpsServer, parse_listen


async def well() -> str | None:
    return None


async def unwell() -> str | None:
    return "the store takes no writes"


async def raises() -> str | None:
    raise TemporaryError("the disk is full")


async def breaks() -> str | None:
    raise KeyError("pa55-canary")


async def hangs() -> str | None:
    await asyncio.Event().wait()
    return None


async def test_no_check_or_only_good_ones_is_well() -> None:
    assert (await Health().is_alive()).is_good
    answer = await Health(ready={"store": well}).is_ready()
    assert json.loads(answer.as_json()) == {"status": "ok", "checks": {"store": "ok"}}


async def test_each_failing_check_is_named_with_its_words() -> None:
    checks = {"store": unwell, "disk": raises, "odd": breaks, "slow": hangs, "leases": well}
    answer = await Health(ready=checks, deadline=0.05).is_ready()
    assert not answer.is_good
    assert answer.checks == {
        "store": "the store takes no writes",
        "disk": "the disk is full",
        "odd": "the check broke: KeyError",
        "slow": "no answer within 0.05 s",
        "leases": "ok",
    }


@asynccontextmanager
async def serving(health: Health) -> AsyncIterator[httpx.AsyncClient]:
    server = OpsServer("127.0.0.1:0", Metrics("1.2.3"), health)
    host, port = server.bind()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.serve())
        async with httpx.AsyncClient(base_url=f"http://{host}:{port}", timeout=10) as client:
            yield client
        server.stop()


async def test_the_three_pages_answer() -> None:
    async with serving(Health(ready={"store": well})) as client:
        metrics = await client.get("/metrics")
        assert metrics.status_code == 200
        assert metrics.headers["content-type"].startswith("text/plain; version=")
        assert 'postroom_build_info{python="' in metrics.text
        for page in ("/healthz", "/readyz"):
            answer = await client.get(page)
            assert (answer.status_code, answer.json()["status"]) == (200, "ok")


async def test_a_process_that_lives_and_is_not_ready_says_so() -> None:
    async with serving(Health(alive={"loop": well}, ready={"store": unwell})) as client:
        assert (await client.get("/healthz")).status_code == 200
        answer = await client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["checks"] == {"store": "the store takes no writes"}


async def test_nothing_else_is_served() -> None:
    async with serving(Health()) as client:
        assert (await client.get("/")).status_code == 404
        assert (await client.get("/metrics/../etc")).status_code == 404
        assert (await client.post("/metrics")).status_code == 405
        head = await client.head("/healthz")
        assert (head.status_code, head.content) == (200, b"")


async def test_signals_stay_with_the_process() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    async with serving(Health()) as client:
        await client.get("/healthz")
        assert {number: signal.getsignal(number) for number in before} == before


async def test_a_port_in_use_is_said_in_words() -> None:
    first = OpsServer("127.0.0.1:0", Metrics("1"), Health())
    host, port = first.bind()
    with pytest.raises(ConfigurationError, match=r"ops\.listen: cannot listen on"):
        OpsServer(f"{host}:{port}", Metrics("1"), Health()).bind()
    first.stop()
    await first.serve()


async def test_a_server_that_is_cancelled_gives_its_port_back() -> None:
    server = OpsServer("127.0.0.1:0", Metrics("1"), Health())
    host, port = server.bind()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await server.serve()
    again = OpsServer(f"{host}:{port}", Metrics("1"), Health())
    assert again.bind() == (host, port)
    again.stop()
    await again.serve()


@pytest.mark.parametrize(
    ("listen", "address"),
    [("127.0.0.1:9464", ("127.0.0.1", 9464)), ("localhost:0", ("127.0.0.1", 0)), ("[::1]:80", ("::1", 80))],
)
def test_an_address_and_a_port_are_read(listen: str, address: tuple[str, int]) -> None:
    assert parse_listen(listen) == address


@pytest.mark.parametrize("listen", ["", "9464", ":9464", "127.0.0.1", "127.0.0.1:", "127.0.0.1:70000", "x:1", "::1:²"])
def test_what_is_no_address_and_port_is_refused_with_its_key(listen: str) -> None:
    with pytest.raises(ConfigurationError, match=r"ops\.listen: "):
        parse_listen(listen)


async def test_the_lag_of_the_loop_is_what_a_sleep_took_too_long() -> None:
    readings = iter([0.0, 0.5, 10.0, 10.75, 20.0, 20.4])
    seen: list[float] = []

    class Over(Exception):
        pass

    async def sleep(_: float) -> None:
        if len(seen) == 3:
            raise Over

    def monotonic() -> float:
        return next(readings, 0.0)

    with pytest.raises(Over):
        await sample_loop_lag(monotonic, sleep, seen.append, every=0.5)
    assert seen == [0.0, 0.25, 0.0]
