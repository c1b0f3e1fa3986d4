"""What a changed configuration no longer names though open sessions still use it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from postroom.settings.load import line_of
from postroom.settings.schema import Generation


def removed_in_use(
    wanted: Generation, channels: Sequence[tuple[str, str, str, int]], agents: Sequence[tuple[str, str, int]]
) -> tuple[str, ...]:
    """Say what is missing and how many sessions use it. It looks into the files for where: blocking.

    `channels` are (tenant, channel, queue, open sessions), `agents` (tenant, agent, open sessions).
    """
    uses: Counter[tuple[str, str, str]] = Counter()
    for tenant, channel, queue, count in channels:
        uses[tenant, "channel", channel] += count
        if queue:
            uses[tenant, "queue", queue] += count
    for tenant, agent, count in agents:
        uses[tenant, "agent", agent] += count
    return tuple(_words(wanted, *use, count) for use, count in sorted(uses.items()) if not _is_there(wanted, *use))


def _is_there(wanted: Generation, tenant: str, kind: str, name: str) -> bool:
    space = wanted.tenant(tenant)
    if space is None:
        return False
    found = {"channel": space.channel, "queue": space.queue, "agent": space.agent}[kind](name)
    return found is not None


def _words(wanted: Generation, tenant: str, kind: str, name: str, count: int) -> str:
    way = "write `retired: true` until they have ended" if kind == "channel" else "let them end or move them first"
    uses = "1 open session uses it" if count == 1 else f"{count} open sessions use it"
    return f"{_place(wanted, tenant, f'{kind}s')}: {kind} {name!r} is gone, and {uses}: {way}"


def _place(wanted: Generation, tenant: str, key: str) -> str:
    """The file, with the line of the list it is missing in, where that is written; of the store, the tenant."""
    if wanted.process.settings.is_store:
        return f"tenant {tenant}"
    name = f"tenants/{tenant}.yaml"
    line = line_of(Path(wanted.folder, name), key)
    return name if line is None else f"{name}:{line}"
