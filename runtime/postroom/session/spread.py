"""How long some things took, said by the few numbers that a person can use."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate

from msgspec import Struct


class Spread(Struct, frozen=True, kw_only=True):
    """How long some things took, in seconds: half, nine of ten, and 99 of 100 took at most so long. None where none."""

    p50: float | None = None
    p90: float | None = None
    p99: float | None = None


def spread(seconds: Sequence[float]) -> Spread:
    """Say how long these took; many that took equally long cost no more than one."""
    if not seconds:
        return Spread()
    counts = Counter(seconds)
    ordered = sorted(counts)
    ends = list(accumulate(counts[one] for one in ordered))

    def at(share: float) -> float:
        place = min(int(share * len(seconds)), len(seconds) - 1)
        return ordered[bisect_right(ends, place)]

    return Spread(p50=at(0.5), p90=at(0.9), p99=at(0.99))
