"""The results: rows in `build/bench.json`, kept from run to run by their names, and a table on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

RESULTS = Path(__file__).resolve().parents[2] / "build" / "bench.json"


class Row(Struct, frozen=True, kw_only=True):
    """One figure. `ratio` is value / peer_value; `bar` is what it has to reach, None where it is only recorded."""

    name: str
    value: float
    unit: str
    peer: str | None = None
    peer_value: float | None = None
    ratio: float | None = None
    bar: str | None = None
    met: bool | None = None


def compared(name: str, value: float, unit: str, peer: str, peer_value: float, least: float | None = None) -> Row:
    """A figure beside a peer's; `least` is the smallest ratio that is good enough."""
    ratio = value / peer_value if peer_value else 0.0
    return Row(
        name=name,
        value=_short(value),
        unit=unit,
        peer=peer,
        peer_value=_short(peer_value),
        ratio=_short(ratio),
        bar=None if least is None else f"ratio >= {least:g}",
        met=None if least is None else ratio >= least,
    )


def limited(name: str, value: float, unit: str, below: float) -> Row:
    """A figure that has to stay below a limit."""
    return Row(name=name, value=_short(value), unit=unit, bar=f"value < {below:g}", met=value < below)


def recorded(name: str, value: float, unit: str) -> Row:
    """A figure without a bar."""
    return Row(name=name, value=_short(value), unit=unit)


def merge(rows: Sequence[Row], file: Path = RESULTS) -> None:
    """Write the rows into the file: each replaces the one of its name, all others stay."""
    kept = msgspec.json.decode(file.read_bytes(), type=list[Row]) if file.exists() else []
    together = {row.name: row for row in (*kept, *rows)}
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".part")
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(list(together.values())), indent=2) + b"\n")
    draft.replace(file)


def _short(value: float) -> float:
    """Four digits say all that such a measurement knows."""
    return float(f"{value:.4g}")
