"""Threads that are none: the work is done at once, where it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class InlineOffload:
    """ports.world.Offload without another thread."""

    async def run(self, lane: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:  # noqa: ARG002 the port's
        return work(*args, **kwargs)
