"""Time, threads, tasks and chance come in through the ports; who opens such a door himself is listed here, and why."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.house.tree import RUNTIME, Module, dotted, modules, origins

CLOCK = frozenset(
    [
        "asyncio.sleep",
        "datetime.date.today",
        "datetime.datetime.now",
        "datetime.datetime.today",
        "datetime.datetime.utcnow",
    ]
)
THREADS = frozenset(["asyncio.to_thread", "asyncio.run_coroutine_threadsafe"])
TASKS = frozenset(["asyncio.create_task", "asyncio.ensure_future", "asyncio.gather"])
"""Ways to a task that may outlive or be forgotten by who made it; a TaskGroup ends with its block, so it is no door."""
CHANCE = frozenset(["os.urandom"])
WHOLE_MODULES = {
    "time": "the clock",
    "threading": "a thread",
    "_thread": "a thread",
    "concurrent": "a thread",
    "multiprocessing": "a process",
    "random": "chance",
    "secrets": "chance",
    "uuid": "chance",
}
HARMLESS = frozenset(["secrets.compare_digest"])
METHODS = {"run_in_executor": "a thread", "create_task": "a task"}
"""Doors whatever stands before the dot, but for a TaskGroup's own create_task."""

ALLOWED: dict[str, dict[str, str]] = {
    "engine/world.py": {
        "the clock": "it is ports.Clock",
        "a thread": "it is ports.Offload",
        "chance": "it is ports.Ids",
    },
    "gateways/oauth2.py": {"a task": "a fetch outlives callers that give up, or a replaced refresh token is lost"},
    "store/readers.py": {"a thread": "starts none: a connection for each thread of its lane, and a lock to count them"},
    "store/sqlite.py": {"a task": "the one writer of the file, kept by the store and awaited by its close"},
    "wiring/simulation/day_mails.py": {"chance": "a day that is made up, drawn from its seed"},
    "wiring/simulation/manners.py": {"chance": "people of a day that is made up, drawn from its seed"},
}
"""Who opens which door himself, and why."""


def door_of(name: str) -> str:
    """Which door a full dotted name opens; empty for none."""
    for kind, names in (("the clock", CLOCK), ("a thread", THREADS), ("a task", TASKS), ("chance", CHANCE)):
        if name in names:
            return kind
    return "" if name in HARMLESS else WHOLE_MODULES.get(name.partition(".")[0], "")


def task_groups(tree: ast.Module, known: dict[str, str]) -> set[str]:
    """The names under which the module has a TaskGroup: bound by `async with`, or annotated as one."""
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.withitem(context_expr=ast.Call(func=made), optional_vars=ast.Name(id=name)):
                names |= {name} if dotted(made, known) == "asyncio.TaskGroup" else set()
            case ast.arg(arg=name, annotation=ast.expr() as kind):
                names |= {name} if dotted(kind, known) == "asyncio.TaskGroup" else set()
    return names


def is_of_a_group(node: ast.Attribute, groups: set[str]) -> bool:
    """Whether this is `group.create_task` of a group the module knows."""
    return isinstance(node.value, ast.Name) and node.value.id in groups


def doors(module: Module) -> Iterator[tuple[int, str, str]]:
    """Every place where the module opens a door: line, which door, and the words it is opened with."""
    known = origins(module.tree)
    groups = task_groups(module.tree, known)
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Attribute | ast.Name) or not isinstance(node.ctx, ast.Load):
            continue
        name = dotted(node, known)
        # A bare module (`time`) is only the first half of a longer name, which is met on its own.
        kind = door_of(name) if "." in name else ""
        if not kind and isinstance(node, ast.Attribute) and not is_of_a_group(node, groups):
            name, kind = node.attr, METHODS.get(node.attr, "")
        if kind:
            yield node.lineno, kind, name


def test_time_threads_tasks_and_chance_come_in_through_the_ports() -> None:
    naked = [
        f"{module.name}:{line} opens {kind} with {name}"
        for module in modules(RUNTIME)
        for line, kind, name in doors(module)
        if kind not in ALLOWED.get(module.room, {})
    ]
    assert sorted(set(naked)) == []


def test_every_exception_in_the_list_is_still_needed() -> None:
    opened = {module.room: {kind for _, kind, _ in doors(module)} for module in modules(RUNTIME)}
    stale = [
        f"{room}: {kind}" for room, kinds in ALLOWED.items() for kind in kinds if kind not in opened.get(room, set())
    ]
    assert stale == []


def test_a_door_is_seen_through_every_way_of_importing_it() -> None:
    text = """
import asyncio as aio, time
import concurrent.futures
from datetime import datetime as dt
from threading import Thread as Worker
from secrets import compare_digest

async def each(loop):
    await aio.sleep(1)
    time.monotonic()
    dt.now()
    Worker(target=print)
    concurrent.futures.ThreadPoolExecutor()
    loop.run_in_executor(None, print)
    loop.create_task(each())
    async with aio.TaskGroup() as group:
        group.create_task(each())
    compare_digest("a", "b")
    aio.timeout(3)
"""
    seen = [(kind, name) for _, kind, name in doors(Module(RUNTIME / "x.py", text, ast.parse(text)))]
    assert sorted(set(seen)) == [
        ("a task", "create_task"),
        ("a thread", "concurrent.futures"),
        ("a thread", "concurrent.futures.ThreadPoolExecutor"),
        ("a thread", "run_in_executor"),
        ("a thread", "threading.Thread"),
        ("the clock", "asyncio.sleep"),
        ("the clock", "datetime.datetime.now"),
        ("the clock", "time.monotonic"),
    ]
