"""How long some things took, said by the few numbers that a person can use."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct


class Spread(Struct, frozen=True, kw_only=True):
    """How long some things took, in seconds: half, nine of ten, and 99 of 100 took at most so long. None where none."""

    p50: float | None = None
    p90: float | None = None
    p99: float | None = None


def spread(seconds: Sequence[float]) -> Spread:
    """Say how long these took."""
    if not seconds:
        return Spread()
    ordered = sorted(seconds)
    return Spread(p50=_at(ordered, 0.5), p90=_at(ordered, 0.9), p99=_at(ordered, 0.99))


def _at(ordered: Sequence[float], share: float) -> float:
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]
