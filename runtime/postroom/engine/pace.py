"""How long to wait between two polls of a box: less while mails come, more while none do. Pure."""

from __future__ import annotations

FASTER, SLOWER = 0.5, 1.25


def next_wait(last: float, taken: int, shortest: float, longest: float) -> float:
    """Seconds until the next poll, before jitter, after one that waited `last` and took so many mails in."""
    return min(max(last * (FASTER if taken else SLOWER), shortest), longest)
