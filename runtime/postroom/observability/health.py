"""Whether the process lives and whether it can take work, as named checks and one JSON answer each.

It asks the checks it was given, each within a deadline; it never depends on a mail server and never mends anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import msgspec
from msgspec import Struct

from postroom.errors import PostroomError

Check = Callable[[], Awaitable[str | None]]
"""Gives None while all is well, and otherwise what is wrong in words that may be shown."""

DEADLINE_SECONDS = 2.0
GOOD = "ok"


class Answer(Struct, frozen=True, kw_only=True):
    """What a probe is told: `ok` or `failed`, and how each check stands."""

    status: str
    checks: dict[str, str]

    @property
    def is_good(self) -> bool:
        """Whether every check is well."""
        return self.status == GOOD

    def as_json(self) -> bytes:
        """The answer's body."""
        return msgspec.json.encode(self)


class Health(Struct, frozen=True, kw_only=True):
    """The checks for `alive` (restart me if not) and for `ready` (send me no work if not)."""

    alive: Mapping[str, Check] = {}
    ready: Mapping[str, Check] = {}
    deadline: float = DEADLINE_SECONDS

    async def is_alive(self) -> Answer:
        """Run the checks of /healthz."""
        return await self._ask(self.alive)

    async def is_ready(self) -> Answer:
        """Run the checks of /readyz."""
        return await self._ask(self.ready)

    async def _ask(self, checks: Mapping[str, Check]) -> Answer:
        found = {name: await self._one(check) for name, check in checks.items()}
        good = all(words == GOOD for words in found.values())
        return Answer(status=GOOD if good else "failed", checks=found)

    async def _one(self, check: Check) -> str:
        try:
            async with asyncio.timeout(self.deadline):
                return await check() or GOOD
        except TimeoutError:
            return f"no answer within {self.deadline:g} s"
        except PostroomError as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 a check that breaks is a check that failed
            return f"the check broke: {type(error).__name__}"
