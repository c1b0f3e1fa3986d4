"""A store with very many open sessions and their timers: what a start, idling, and many deadlines at once cost."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from postroom.engine.world import SystemClock, ThreadOffload
from postroom.ports.records import Conversation, TimerRow
from postroom.ports.store import Tx
from postroom.session.deadlines import deadlines, due_at
from postroom.session.policy import AgentSilence, CustomerSilence, Policy, QueuePolicy
from postroom.session.state import Assignment, ConversationId, Phase, Session, SessionId
from postroom.store.sqlite import SqliteStore
from tests.benchmarks.configuration import environment, write_configuration
from tests.benchmarks.idle import quiet_server
from tests.benchmarks.measure import MEGABYTE
from tests.benchmarks.peers import ROOT, child_environment
from tests.benchmarks.report import Row, limited, recorded

SESSIONS = 100_000
AT_ONCE = 0.1
"""The share whose deadlines are over at the same moment."""
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
WRAP_UP = timedelta(hours=1)
"""The deadline of those, begun at START."""
RULES = """\
    wrap_up: 1h
    no_customer_reply: {end_after: 30d}
    no_agent_reply: {enabled: true, transfer_after: 1d}
"""
POLICY = Policy(
    generation=1,
    queue="first_line",
    queues={"first_line": QueuePolicy()},
    wrap_up=WRAP_UP.total_seconds(),
    customer_silence=CustomerSilence(end_after=30 * 86_400.0),
    agent_silence=AgentSilence(transfer_after=86_400.0),
)
IN_A_UNIT = 2_000
WITHIN = 900.0


class Figures(Struct, frozen=True, kw_only=True):
    """What the child saw. Times are seconds, memory octets."""

    sessions: int
    polled_after: float
    """From the start of the process to the end of the first poll."""
    settled_after: float
    """Until every agent's time had begun anew."""
    memory: int
    idle_cpu: float
    """Share of one core, while nothing happens."""
    fired: int
    firing_cpu: float
    """Processor time of the whole process while they fired."""
    lateness_p99: float


def run(sessions: int, say: Callable[[str], None]) -> Figures:
    """Fill a store with so many sessions, and start the real runtime on it in a process of its own."""
    say(f"many sessions: {sessions:,} open with their timers; a start, {AT_ONCE:.0%} of the deadlines at once, idling")
    with tempfile.TemporaryDirectory(prefix="postroom-many-") as folder, quiet_server() as port:
        write_configuration(Path(folder), port=port, users=[0], poll_every=5)
        _add_rules(Path(folder) / "tenants" / "tenant0.yaml")
        asyncio.run(fill(Path(folder) / "var", sessions))
        done = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.many_sessions_child", folder, str(sessions)],
            cwd=ROOT,
            env=child_environment(environment({0: "secret"})) | {"POSTROOM_TEST_MODE": "1"},
            stdout=subprocess.PIPE,
            timeout=WITHIN,
            check=True,
        )
    return msgspec.json.decode(done.stdout, type=Figures)


def rows(seen: Figures) -> list[Row]:
    """As figures, with the bars of P24 and P26."""
    name = f"{seen.sessions:,} open sessions"
    return [
        limited(f"{name}: start to the first poll", seen.polled_after, "s", 5.0),
        recorded(f"{name}: start until agents' time began anew", seen.settled_after, "s"),
        limited(f"{name}: memory", seen.memory / MEGABYTE, "MB", 300.0),
        recorded(f"{name}: processor while idle", 100 * seen.idle_cpu, "% of one core"),
        limited(f"{name}: processor time of {seen.fired:,} deadlines at once", seen.firing_cpu, "s", 2.0),
        limited(f"{name}: lateness p99 of {seen.fired:,} deadlines at once", seen.lateness_p99, "s", 2.0),
    ]


def _add_rules(file: Path) -> None:
    file.write_text(file.read_text().replace("queues:\n", f"{RULES}queues:\n", 1))


async def fill(folder: Path, sessions: int, tenant: str = "tenant0", channel: str = "channel0") -> None:
    """Write so many sessions into a new store: most await the customer, the others wait, are worked on, written up."""
    folder.mkdir(mode=0o700, parents=True)
    offload = ThreadOffload({})
    try:
        store = await SqliteStore.open(folder, SystemClock(), offload)
        try:
            for first in range(0, sessions, IN_A_UNIT):
                numbers = range(first, min(first + IN_A_UNIT, sessions))
                some = [replace(session(number), tenant=tenant, channel=channel) for number in numbers]
                await store.write(partial(_write, some))
        finally:
            await store.close()
    finally:
        offload.close()


def session(number: int) -> Session:
    """The session of that number; one of ten is written up, one waits, one is worked on, the rest await customers."""
    new = Session(
        id=SessionId(f"{number:026d}"),
        conversation=ConversationId(f"{number:026d}"),
        tenant="tenant0",
        channel="channel0",
        opened_at=START,
        queue="first_line",
        queued_at=START,
        customer_wrote_at=START,
    )
    set_ = partial(replace, new)
    owner = Assignment(agent=f"agent{number % 501}", token="t", assigned_at=START)
    match number % 10:
        case 0:
            return set_(phase=Phase.WRAP_UP, assignment=owner, wrap_up_since=START, ended_because="ended_by_agent")
        case 1:
            return set_(phase=Phase.QUEUED, waiting_since=START)
        case 2:
            return set_(phase=Phase.ASSIGNED, assignment=owner, answer_due_since=START)
        case _:
            return set_(phase=Phase.AWAITING_CUSTOMER, assignment=owner, silent_since=START)


def _write(sessions: Sequence[Session], tx: Tx) -> None:
    for one in sessions:
        tx.conversations.add(
            Conversation(
                id=one.conversation,
                tenant=one.tenant,
                channel=one.channel,
                customer=f"{one.id}@customer.example",
                subject=f"question {one.id}",
                created_at=START,
                last_mail_at=START,
            )
        )
        tx.sessions.save(one)
        for kind, deadline in deadlines(one).items():
            due = due_at(kind, deadline.started_at, one, POLICY)
            if due is not None:
                tx.timers.arm(
                    TimerRow(
                        session=one.id,
                        tenant=one.tenant,
                        kind=kind,
                        due_at=due,
                        started_at=deadline.started_at,
                        token=deadline.token,
                    )
                )
