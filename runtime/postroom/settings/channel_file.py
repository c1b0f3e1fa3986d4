"""A file of channels: the zip of an export, or one part of it; whoever sent it, it is read within bounds."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence

from postroom.settings.channel_records import (
    COLUMNS,
    MOST_RECORDS,
    NotRecords,
    Record,
    csv_text,
    lines_text,
    of_csv,
    of_lines,
)

FORMS = ("zip", "csv", "jsonl")
PART = 2_000
"""Records in one part of a zip."""
UNPACKED = 100 * 1024 * 1024
"""Octets that all parts of a zip may have together: what is small may hold much."""
_MOST_PARTS = 1_000
_CAUGHT = (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError, ValueError)


def records_in(body: bytes, form: str) -> list[Record]:
    """Every record of the file. Raises NotRecords with the part and line that is wrong."""
    records: list[Record] = []
    for name, content in _unpacked(body) if form == "zip" else [(f"file.{form}", body)]:
        records += _of_part(name, content)
        if len(records) > MOST_RECORDS:
            raise NotRecords(f"holds more than {MOST_RECORDS:,} records")
    return records


def parts_of(records: Sequence[Record], form: str) -> Iterator[tuple[str, bytes]]:
    """The parts of a zip of these records, by their names."""
    for number, start in enumerate(range(0, len(records), PART), 1):
        yield part("channels", number, form, COLUMNS, records[start : start + PART])


def part(what: str, number: int, form: str, columns: Iterable[str], records: Sequence[Record]) -> tuple[str, bytes]:
    """One part, by its name."""
    text = csv_text(columns, records) if form == "csv" else lines_text(records)
    return f"{what}-{number:04}.{form}", text.encode()


def _of_part(name: str, content: bytes) -> list[Record]:
    try:
        text = content.decode("utf-8-sig")
        return list(of_csv(text) if name.endswith(".csv") else of_lines(text))
    except (NotRecords, UnicodeDecodeError) as error:
        raise NotRecords(f"{name}: {error}") from error


def _unpacked(body: bytes) -> list[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            return _read(packed)
    except NotRecords:
        raise
    except _CAUGHT as error:
        raise NotRecords(f"is no zip that can be read: {error}") from error


def _read(packed: zipfile.ZipFile) -> list[tuple[str, bytes]]:
    parts = packed.infolist()
    if len(parts) > _MOST_PARTS or sum(one.file_size for one in parts) > UNPACKED:
        raise NotRecords("the zip holds more than is taken here")
    found = []
    for one in parts:
        with packed.open(one) as opened:
            # What a part says of its size need not be so.
            found.append((one.filename[:100], opened.read(one.file_size)))
    return found
