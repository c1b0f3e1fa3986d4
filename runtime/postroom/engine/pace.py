"""How long to wait between two polls of a box: less while mails come, more while none do. Pure."""

from __future__ import annotations

from zlib import crc32

FASTER, SLOWER = 0.5, 1.25
FIRST_A_SECOND = 200
"""Boxes that are opened a second at a start."""


def first_wait(gateway: str, gateways: int, longest: float) -> float:
    """Seconds from the start to a gateway's first poll, by its name: many are spread, one alone polls at once."""
    spread = min((gateways - 1) / FIRST_A_SECOND, longest)
    return spread * crc32(gateway.encode()) / (1 << 32)


def next_wait(last: float, taken: int, shortest: float, longest: float) -> float:
    """Seconds until the next poll, before jitter, after one that waited `last` and took so many mails in."""
    return min(max(last * (FASTER if taken else SLOWER), shortest), longest)
