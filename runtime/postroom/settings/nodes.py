"""Values as JSON has them to nodes, so that what came from a door or the store is read like what came from a file."""

from __future__ import annotations

import math
from typing import Any

from postroom.settings.yaml import Entry, Mapping, Node, Scalar, Sequence

NOWHERE = 0
"""The line of what was not written in lines."""
_MOST_DIGITS = 18


def node_of(value: Any) -> Node:  # noqa: ANN401 whatever JSON holds
    """Make the node of a value; its nesting is bounded by who read it."""
    if isinstance(value, dict):
        entries = tuple(Entry(str(key), NOWHERE, node_of(held)) for key, held in value.items())
        return Mapping(entries, NOWHERE)
    if isinstance(value, list | tuple):
        return Sequence(tuple(node_of(item) for item in value), NOWHERE)
    return _scalar(value)


def _scalar(value: str | bool | float | None) -> Scalar:
    if value is None or isinstance(value, str | bool):
        return Scalar(value, _word(value), NOWHERE)
    if isinstance(value, int):
        text = str(value) if abs(value) < 10**_MOST_DIGITS else "a number of too many digits"
        return Scalar(value if text[-1].isdigit() else text, text, NOWHERE)
    if not math.isfinite(value):
        return Scalar(str(value), str(value), NOWHERE)
    return Scalar(value, f"{value:.6f}".rstrip("0").rstrip("."), NOWHERE)


def _word(value: str | bool | None) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else str(value).lower()
