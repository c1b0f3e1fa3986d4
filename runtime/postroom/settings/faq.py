"""A file of questions and answers, YAML or CSV, as the entries a robot answers from, or as every problem it has.

YAML is a list of entries with `questions`, `answer`, and optionally `language` and `tags`. CSV has these as columns,
with `|` or a line end between the questions, and between the tags, of one cell. It never raises for what is in a file.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from msgspec import Struct

from postroom.settings.convert import value
from postroom.settings.problem import Page, Problem, shown
from postroom.settings.rules import AtMost, Check
from postroom.settings.wording import Text
from postroom.settings.yaml import LARGEST_FILE, Entry, Mapping, Node, Scalar, Sequence, read

MOST_ENTRIES = 2_000
COLUMNS = ("questions", "answer", "language", "tags")
_SEPARATOR = "|"


def _is_language(text: str) -> bool:
    return text.isascii() and text.isalpha() and text.islower() and 2 <= len(text) <= 3  # noqa: PLR2004 ISO 639


Phrasing = Annotated[str, AtMost(500, least=1)]
Language = Annotated[str, Check(_is_language, "must be a language in two or three small letters, like `en`")]


class FaqEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One answer, and the questions it answers; without a language it serves every one."""

    questions: Annotated[tuple[Phrasing, ...], AtMost(100, least=1)]
    answer: Annotated[Text, AtMost(20_000, least=1)]
    language: Language | None = None
    tags: Annotated[tuple[Annotated[str, AtMost(64, least=1)], ...], AtMost(50)] = ()


class Faq(Struct, frozen=True, kw_only=True):
    """What came of a file: its entries, of use only where there is no problem."""

    entries: tuple[FaqEntry, ...]
    problems: tuple[Problem, ...] = ()


def load(file: Path) -> Faq:
    """Read a file of questions and answers; blocking."""
    page = Page(str(file), file.parent)
    node = _read(file, page)
    entries: tuple[FaqEntry, ...] = ()
    if node is not None:
        entries = value(Annotated[tuple[FaqEntry, ...], AtMost(MOST_ENTRIES, least=1)], node, "entries", page)
        _each_question_once(page, entries)
    return Faq(entries=entries, problems=tuple(sorted(page.problems, key=lambda problem: problem.line)))


def _read(file: Path, page: Page) -> Node | None:
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        page.problem("", f"cannot be read: {getattr(error, 'strerror', None) or 'not a file name'}")
        return None
    if file.suffix == ".csv":
        return _of_csv(content, page)
    if file.suffix not in {".yaml", ".yml"}:
        page.problem("", "is not read: a file of questions and answers is named `.yaml` or `.csv`")
        return None
    node, faults = read(content)
    for fault in faults:
        page.fault(fault.line, fault.key, fault.words)
    if node is None and not faults:
        page.problem("", "is empty: it is a list of `questions` with their `answer`")
    return node


def _of_csv(content: bytes, page: Page) -> Node | None:
    if len(content) > LARGEST_FILE:
        page.problem("", f"the file is larger than {LARGEST_FILE:,} octets")
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        page.problem("", "the file is not UTF-8 text", line=content.count(b"\n", 0, error.start) + 1)
        return None
    header, _, _ = text.partition("\n")
    # Spreadsheets of half the world separate cells by semicolons.
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in header else ",", strict=True)
    try:
        return Sequence(tuple(_entries(rows, page)), 1)
    except csv.Error as error:
        page.problem("", f"not CSV: {error}", line=rows.line_num)
        return None


def _entries(rows: Iterator[list[str]], page: Page) -> Iterator[Node]:
    names = [name.strip().casefold() for name in next(rows, [])]
    unknown = [name for name in names if name not in COLUMNS]
    if unknown or len(set(names)) < len(names) or not {"questions", "answer"} <= set(names):
        page.problem("", f"the first line names the columns: `questions`, `answer`, and, if wanted, {COLUMNS[2:]}")
        return
    line = 2
    for cells in rows:
        if len(cells) > len(names):
            page.fault(line, "", f"the line has {len(cells)} cells, and there are {len(names)} columns")
        elif any(cells):
            written = zip(names, cells, strict=False)
            yield Mapping(tuple(_cell(name, cell, line) for name, cell in written if cell.strip()), line)
        line = getattr(rows, "line_num", line) + 1


def _cell(name: str, cell: str, line: int) -> Entry:
    if name in {"questions", "tags"}:
        parts = [part.strip() for part in cell.replace("\r", "\n").replace("\n", _SEPARATOR).split(_SEPARATOR)]
        return Entry(name, line, Sequence(tuple(Scalar(part, part, line) for part in parts if part), line))
    text = "\n".join(cell.strip().splitlines())
    return Entry(name, line, Scalar(text, text, line))


def _each_question_once(page: Page, entries: tuple[FaqEntry, ...]) -> None:
    first: dict[tuple[str, str | None], tuple[int, str]] = {}
    for index, entry in enumerate(entries):
        questions = entry.questions if page.is_sound(f"entries[{index}].questions") else ()
        for number, question in enumerate(questions):
            path = f"entries[{index}].questions[{number}]"
            key = (" ".join(question.casefold().split()), entry.language)
            before = first.setdefault(key, (index, path))
            if before[0] != index:
                page.problem(path, f"{shown(question)} has another answer in line {page.line_of(before[1])}")
