"""Channels as lines of a file: no cell is a formula, and what is read back is what was written."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.settings.channel_records import COLUMNS, NotRecords, csv_text, lines_text, of_csv, of_lines, record_of
from postroom.settings.csv_cells import harmless_cell, text_of
from postroom.settings.schema import Channel
from tests.settings.tenants import record
from tests.settings.test_written import SLOW


@given(st.text(alphabet="'=+-@\t\r\n\uff1d\uff0b\uff0d\uff20aé,\"", max_size=12))
def test_no_text_is_a_formula_and_each_comes_back(text: str) -> None:
    cell = harmless_cell(text)
    assert not cell.startswith(tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"))
    assert text_of(cell) == text


@SLOW
@given(st.lists(record(Channel), max_size=3))
def test_channels_come_back_from_csv_and_from_lines(channels: list[Channel]) -> None:
    records = [record_of(channel) for channel in channels]
    present = [{key: value for key, value in one.items() if value not in (None, "")} for one in records]
    assert list(of_csv(csv_text(COLUMNS, records))) == present
    assert list(of_lines(lines_text(records))) == records


def test_a_spreadsheet_sees_no_formula_in_any_cell() -> None:
    channel = Channel(
        name="support",
        receiving_gateway="=cmd|' /C calc'!A0",
        sending_gateway="@SUM(1+1)",
        skill_queue="-2+3",
        labels=("+1", "=1"),
        ou="\uff1d1",
    )
    rows = list(csv.reader(io.StringIO(csv_text(COLUMNS, [record_of(channel)]))))
    assert rows[0] == list(COLUMNS)
    assert not [cell for cell in rows[1] if cell.startswith(tuple("=+-@\t\r\uff1d"))]
    (found,) = of_csv(csv_text(COLUMNS, [record_of(channel)]))
    assert found["receiving_gateway"] == channel.receiving_gateway
    assert found["labels"] == ["+1", "=1"]


def test_cells_may_be_written_as_people_write_them() -> None:
    (found,) = of_csv('name,automatic_mail,wrap_up,addresses\nsales,file,60s,"[""a@example.org""]"\n')
    assert found == {"name": "sales", "automatic_mail": "file", "wrap_up": "60s", "addresses": ["a@example.org"]}


@pytest.mark.parametrize("text", ["name\na,b\n", 'name\n"a', "name\n" + "x" * 2_000_000])
def test_what_is_no_csv_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(NotRecords, match="line"):
        list(of_csv(text))


@pytest.mark.parametrize("text", ["[]\n", "{\n", "\n7", "[" * 100_000])
def test_what_is_no_object_a_line_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(NotRecords, match=r"line [12]"):
        list(of_lines(text))
