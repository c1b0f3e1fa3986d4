"""Channels as records of a file: every key a column, gateways and queues by name, and no secret, for they have none."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

import msgspec
from msgspec import structs

from postroom.settings.csv_cells import harmless_cell, text_of
from postroom.settings.editing import shown
from postroom.settings.schema import Channel
from postroom.settings.sections import SECTIONS

Record: TypeAlias = dict[str, Any]
COLUMNS = tuple(field.encode_name for field in structs.fields(Channel))
MOST_RECORDS = 100_000
_OPEN_TEXT = frozenset({"name", "receiving_gateway", "sending_gateway", "skill_queue", "ou", "signature", "mode"})
"""Keys whose cells hold the text as it is; in every other one stands JSON."""


class NotRecords(ValueError):
    """The file is none of records; the text says why, and in which line."""


def record_of(channel: Channel) -> Record:
    """Every key with its value."""
    found: Record = shown(SECTIONS["channels"], channel)
    return found


def csv_text(columns: Iterable[str], records: Iterable[Record]) -> str:
    """Records as CSV with a line of columns."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    names = tuple(columns)
    writer.writerow(names)
    writer.writerows([_cell(record.get(name)) for name in names] for record in records)
    return out.getvalue()


def lines_text(records: Iterable[Record]) -> str:
    """Records as JSON, one a line."""
    return "".join(f"{msgspec.json.encode(record).decode()}\n" for record in records)


def of_csv(text: str) -> Iterator[Record]:
    """The channels in CSV, keys of empty cells left out. Raises NotRecords."""
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        columns = next(rows, [])
        for row in rows:
            if len(row) > len(columns):
                raise NotRecords(f"line {rows.line_num}: has more cells than there are columns")
            yield {name: _value(name, cell) for name, cell in zip(columns, row, strict=False) if cell}
    except csv.Error as error:
        raise NotRecords(f"line {rows.line_num}: not CSV: {error}") from error


def of_lines(text: str) -> Iterator[Record]:
    """The channels in lines of JSON. Raises NotRecords."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield _decoded(line, number)


def _decoded(line: str, number: int) -> Record:
    try:
        return msgspec.json.decode(line, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError) as error:
        raise NotRecords(f"line {number}: not a JSON object") from error


def _cell(value: Any) -> str:  # noqa: ANN401 as JSON has it
    if value is None:
        return ""
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return harmless_cell(text)


def _value(name: str, cell: str) -> Any:  # noqa: ANN401 as JSON has it
    text = text_of(cell)
    if name in _OPEN_TEXT or name not in COLUMNS:
        return text
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        # As people write it: `serve` and `60m` without the quotes of JSON.
        return text
