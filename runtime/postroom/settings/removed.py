"""What a changed configuration no longer names though open sessions still use it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

from postroom.settings.load import lines_of
from postroom.settings.schema import Generation

Use = tuple[str, str, str]
"""(tenant, kind, name) of what sessions use."""


def removed_in_use(
    wanted: Generation, channels: Sequence[tuple[str, str, str, int]], agents: Sequence[tuple[str, str, int]]
) -> tuple[str, ...]:
    """Say what is missing and how many sessions use it. It looks into the files for where: blocking.

    `channels` are (tenant, channel, queue, open sessions), `agents` (tenant, agent, open sessions).
    """
    uses: Counter[Use] = Counter()
    for tenant, channel, queue, count in channels:
        uses[tenant, "channel", channel] += count
        if queue:
            uses[tenant, "queue", queue] += count
    for tenant, agent, count in agents:
        uses[tenant, "agent", agent] += count
    gone = [(use, count) for use, count in sorted(uses.items()) if not _is_there(wanted, *use)]
    lines = cache(lambda tenant: lines_of(Path(wanted.folder, _file(tenant))))
    return tuple(f"{_place(wanted, use, lines)}: {_words(use, count)}" for use, count in gone)


def _is_there(wanted: Generation, tenant: str, kind: str, name: str) -> bool:
    space = wanted.tenant(tenant)
    if space is None:
        return False
    found = {"channel": space.channel, "queue": space.queue, "agent": space.agent}[kind](name)
    return found is not None


def _words(use: Use, count: int) -> str:
    _, kind, name = use
    way = "write `retired: true` until they have ended" if kind == "channel" else "let them end or move them first"
    uses = "1 open session uses it" if count == 1 else f"{count} open sessions use it"
    return f"{kind} {name!r} is gone, and {uses}: {way}"


def _place(wanted: Generation, use: Use, lines: Callable[[str], Mapping[str, int]]) -> str:
    """The file, with the line of the list it is missing in, where that is written; of the store, the tenant."""
    tenant, kind, _ = use
    if wanted.process.settings.is_store:
        return f"tenant {tenant}"
    line = lines(tenant).get(f"{kind}s")
    return _file(tenant) if line is None else f"{_file(tenant)}:{line}"


def _file(tenant: str) -> str:
    return f"tenants/{tenant}.yaml"
