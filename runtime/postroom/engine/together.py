"""Waits for several things at once: if one fails, the others are cancelled and its own error is raised, not a group."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

T = TypeVar("T")


@asynccontextmanager
async def lone_error() -> AsyncIterator[None]:
    """Raise the first error of a group in the group's place: a caller tells errors apart by what to do about them."""
    try:
        yield
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from errors


async def together(works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Do all of these at once and give their results in order."""
    async with lone_error(), asyncio.TaskGroup() as group:
        tasks = [group.create_task(work) for work in works]
    return [task.result() for task in tasks]
