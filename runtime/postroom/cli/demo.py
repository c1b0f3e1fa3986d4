"""`postroom demo`: the whole path on a sandbox mail server, in one process, with nothing to set up.

Six customers write; the mails are collected, classified, routed and queued; Anna accepts one and answers it; the answer
arrives in the customer's mailbox. Everything goes through the same doors as in production: SMTP, POP3, HTTP.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiosmtplib
import click
import httpx
import uvloop
from msgspec import Struct
from msgspec.structs import replace
from rich.console import Console

from postroom.cli.demo_mails import demo_mails
from postroom.cli.demo_table import show_answer, show_mails
from postroom.cli.output import show_problems
from postroom.engine.world import SystemClock
from postroom.errors import PostroomError, TemporaryError
from postroom.observability.logs import configure
from postroom.sandbox.sandbox import Sandbox
from postroom.settings.load import load
from postroom.settings.process import HttpSettings, OpsSettings, StoreSettings
from postroom.settings.schema import Generation, Pop3Gateway
from postroom.wiring import Runtime

TENANT = "example"
TOKENS = {"anna": "demo-anna-token", "bernd": "demo-bernd-token"}
"""config/ of the sandbox names them openly."""
PATIENCE = 30.0
DATE = "Mon, 02 Mar 2026 09:00:00 +0000"
ANSWER = "Hello Grace,\n\nyour lamp left our warehouse this morning and arrives tomorrow.\n\nAnna"


class Stage(Struct, frozen=True, kw_only=True):
    """What the demonstration plays on."""

    sandbox: Any
    anna: Any
    bernd: Any
    console: Any


@click.command()
@click.option("--config", "folder", type=click.Path(path_type=Path), default=Path("config"), show_default=True)
@click.option("--once", is_flag=True, help="End after the round trip: 0 if every step worked.")
@click.option("--verbose", is_flag=True, help="Show the service's own log.")
def demo(folder: Path, once: bool, verbose: bool) -> None:
    """Show the whole path, from a customer's mail to the answer in his mailbox, on a sandbox mail server."""
    loaded = load(folder)
    if loaded.generation is None:
        show_problems(loaded, err=True)
        sys.exit(78)
    configure("info" if verbose else "error", "auto")
    try:
        uvloop.run(_play(loaded.generation, once=once))
    except* PostroomError as errors:
        click.echo(f"postroom demo: {errors.exceptions[0]}", err=True)
        sys.exit(1)


async def _play(generation: Generation, *, once: bool) -> None:
    console = Console()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    with tempfile.TemporaryDirectory(prefix="postroom-demo-") as folder:
        async with Sandbox(users=_mailboxes(generation)) as sandbox:
            runtime = Runtime(on_sandbox(generation, sandbox, folder))
            async with asyncio.TaskGroup() as group:
                group.create_task(runtime.run(stopping))
                failure = await _tell(runtime, sandbox, console)
                if not once and failure is None:
                    _say_where(console, runtime, sandbox)
                    await stopping.wait()
                stopping.set()
    if failure is not None:
        raise failure


async def _tell(runtime: Runtime, sandbox: Sandbox, console: Console) -> Exception | None:
    """Play the story; its failure is given back, so that the service is stopped in order before it is told."""
    try:
        await _story(runtime, sandbox, console)
    except (PostroomError, httpx.HTTPError, OSError) as error:
        return error if isinstance(error, PostroomError) else TemporaryError(f"{type(error).__name__}: {error}")
    return None


def _mailboxes(generation: Generation) -> dict[str, str]:
    """The sandbox's mailboxes and their passwords: those of every receiving gateway."""
    return {
        gateway.user: gateway.password.reveal()
        for tenant in generation.tenants
        for gateway in tenant.gateways
        if isinstance(gateway, Pop3Gateway) and gateway.password is not None
    }


async def _story(runtime: Runtime, sandbox: Sandbox, console: Console) -> None:
    async with asyncio.timeout(PATIENCE):
        await runtime.started.wait()
    async with _client(runtime, "anna") as anna, _client(runtime, "bernd") as bernd:
        stage = Stage(sandbox=sandbox, anna=anna, bernd=bernd, console=console)
        await _customers_write(stage)
        await _mails_arrive(stage)
        answered = await _anna_answers(stage)
        arrived = await _answer_arrives(stage)
        show_mails(console, await _all_mails(stage))
        show_answer(console, answered, arrived)


def _client(runtime: Runtime, agent: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {TOKENS[agent]}"}
    return httpx.AsyncClient(base_url=f"{runtime.http_url}/api/v1/{TENANT}", headers=headers, timeout=10)


async def _all_mails(stage: Stage) -> list[dict[str, Any]]:
    """What either agent sees: each sees the mails of the queues he serves."""
    seen: dict[str, dict[str, Any]] = {}
    for agent in (stage.anna, stage.bernd):
        answer = (await agent.get("/mails", params={"limit": 50})).raise_for_status().json()
        seen.update({mail["id"]: mail for mail in answer["mails"]})
    return list(seen.values())


async def _customers_write(stage: Stage) -> None:
    mails = demo_mails(DATE)
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=stage.sandbox.smtp_port, start_tls=False) as client:
        for mail in mails:
            await client.sendmail(mail.sender, [mail.recipient], mail.raw)
    stage.console.print(f"{len(mails)} customers' mails went to the sandbox over SMTP.")


async def _mails_arrive(stage: Stage) -> list[dict[str, Any]]:
    wanted = len(demo_mails(DATE))

    async def all_there() -> list[dict[str, Any]] | None:
        mails = await _all_mails(stage)
        return mails if len(mails) >= wanted else None

    mails: list[dict[str, Any]] = await _until(all_there, "every mail to be collected and routed")
    stage.console.print(f"{len(mails)} mails were collected over POP3, classified, routed and committed.")
    return mails


async def _anna_answers(stage: Stage) -> dict[str, Any]:
    client = stage.anna
    (await client.put("/me/state", json={"state": "ready"})).raise_for_status()

    async def graces_offer() -> dict[str, Any] | None:
        offers = (await client.get("/work")).raise_for_status().json()["offers"]
        return next((offer for offer in offers if "grace@" in offer["customer"]), None)

    offer: dict[str, Any] = await _until(graces_offer, "an offer of Grace's mail to Anna")
    session = offer["session"]
    accepted = await client.post(f"/sessions/{session}/accept", json={"token": offer["token"]})
    accepted.raise_for_status()
    reply = await client.post(
        f"/sessions/{session}/replies",
        json={"token": offer["token"], "text": ANSWER},
        headers={"Idempotency-Key": "demo-answer"},
    )
    if reply.is_error:
        raise TemporaryError(f"the reply was not accepted: {reply.text}")
    stage.console.print("Anna went ready, was offered Grace's mail, accepted it and answered.")
    return offer


async def _answer_arrives(stage: Stage) -> bytes:
    async def in_her_box() -> bytes | None:
        mails = stage.sandbox.mails("grace@customer.example")
        return next((mail for mail in mails if b"auto-replied" not in mail), None)

    arrived: bytes = await _until(in_her_box, "the answer in Grace's mailbox")
    return arrived


async def _until(answer: Callable[[], Any], what: str) -> Any:  # noqa: ANN401 whatever was waited for
    clock = SystemClock()
    give_up_at = clock.monotonic() + PATIENCE
    while not (found := await answer()):
        if clock.monotonic() > give_up_at:
            raise TemporaryError(f"waited {PATIENCE:.0f} s in vain for {what}")
        await clock.sleep(0.1)
    return found


def on_sandbox(generation: Generation, sandbox: Sandbox, folder: str) -> Generation:
    """The same configuration with every gateway, port and file of its own moved to the sandbox."""
    process = replace(
        generation.process,
        store=StoreSettings(folder=folder),
        http=HttpSettings(listen="127.0.0.1:0"),
        ops=OpsSettings(listen="127.0.0.1:0"),
    )
    tenants = tuple(
        replace(tenant, gateways=tuple(_moved(gateway, sandbox) for gateway in tenant.gateways))
        for tenant in generation.tenants
    )
    return replace(generation, process=process, tenants=tenants)


def _moved(gateway: Any, sandbox: Sandbox) -> Any:  # noqa: ANN401 either kind of gateway, the same kind back
    if isinstance(gateway, Pop3Gateway):
        return replace(gateway, host="127.0.0.1", port=sandbox.pop3_port, poll_every=1.0)
    return replace(gateway, host="127.0.0.1", port=sandbox.smtp_port)


def _say_where(console: Console, runtime: Runtime, sandbox: Sandbox) -> None:
    console.print()
    console.print(f"HTTP door    {runtime.http_url}/schema   (Authorization: Bearer {TOKENS['anna']})")
    console.print(f"Metrics      {runtime.ops_url}/metrics")
    console.print(f"Send mail    SMTP 127.0.0.1:{sandbox.smtp_port}  to support@shop.example or hilfe@shop.example")
    console.print(f"Read mail    POP3 127.0.0.1:{sandbox.pop3_port}")
    console.print("Ctrl-C ends it.")
