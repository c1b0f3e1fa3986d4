"""YAML 1.2 with the line of every key and value; nothing in it can be large, deep, repeated or executed.

It is in charge of the text only: what the keys mean is convert.py's. It never raises for what is in a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeAlias

from msgspec import Struct
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

Event: TypeAlias = Any
"""An event of the YAML parser, whose classes declare no attributes."""
LARGEST_FILE = 1_000_000
DEEPEST = 32

# YAML 1.2.2 §10.3.2, the core schema
_WHOLE = re.compile(r"[-+]?[0-9]{1,18}\Z")
_NUMBER = re.compile(r"[-+]?(\.[0-9]{1,18}|[0-9]{1,18}(\.[0-9]{0,18})?)([eE][-+]?[0-9]{1,2})?\Z")
_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


class Scalar(Struct, frozen=True):
    """One value; `text` is how it was written."""

    value: str | int | float | bool | None
    text: str
    line: int


class Entry(Struct, frozen=True):
    """One key of a mapping with what it holds."""

    key: str
    line: int
    node: Node


class Mapping(Struct, frozen=True):
    """Keys in the order written, each once."""

    entries: tuple[Entry, ...]
    line: int

    def get(self, key: str) -> Node | None:
        """What the key holds, or None where it is not written."""
        return next((entry.node for entry in self.entries if entry.key == key), None)


class Sequence(Struct, frozen=True):
    """Items in order."""

    items: tuple[Node, ...]
    line: int


Node = Scalar | Mapping | Sequence


def place(entry: Entry) -> int:
    """The line to show for a key: that of its value where it is a single one, else its own."""
    return entry.node.line if isinstance(entry.node, Scalar) else entry.line


class Fault(Struct, frozen=True):
    """What is wrong with the text itself, and where."""

    line: int
    words: str
    key: str = ""


class _Refused(Exception):
    """The text cannot be read on."""

    def __init__(self, line: int, words: str) -> None:
        super().__init__(words)
        self.fault = Fault(line, words)


def read(content: bytes) -> tuple[Node | None, tuple[Fault, ...]]:
    """Read one document: its root (None where there is none, or where it cannot be read) and every fault."""
    if len(content) > LARGEST_FILE:
        return None, (Fault(1, f"the file is larger than {LARGEST_FILE:,} octets"),)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return None, (Fault(line, "the file is not UTF-8 text"),)
    builder = _Builder()
    try:
        return builder.document(YAML(typ="safe", pure=True).parse(text)), tuple(builder.faults)
    except _Refused as refused:
        return None, (*builder.faults, refused.fault)
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        return None, (*builder.faults, Fault(line, "a character stands here that YAML does not allow"))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return None, (
            *builder.faults,
            Fault(mark.line + 1 if mark else 1, f"not YAML: {error.problem or error.context}"),
        )
    except (YAMLError, ValueError, LookupError, TypeError, AttributeError, StopIteration) as error:
        # the reader's own failures on text no YAML has; its words may quote the text, so they are not shown
        return None, (*builder.faults, Fault(1, f"not YAML ({type(error).__name__})"))


class _Builder:
    """Makes nodes of parser events; a key that is not a plain word, or comes twice, is a fault and is left out."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def document(self, events: Iterator[Event]) -> Node | None:
        root: Node | None = None
        documents = 0
        for event in events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _Refused(_line(event), "the file holds a second document after `---`: one is read")
            elif isinstance(event, AliasEvent | NodeEvent):
                root = self._node(event, events, 1)
        return root

    def _node(self, event: Event, events: Iterator[Event], depth: int) -> Node:
        _refuse_references(event)
        if depth > DEEPEST:
            raise _Refused(_line(event), f"nested deeper than {DEEPEST} levels")
        if isinstance(event, MappingStartEvent):
            return self._mapping(event, events, depth)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(event, events, depth)
        return _scalar(event)

    def _sequence(self, start: Event, events: Iterator[Event], depth: int) -> Sequence:
        items = []
        while isinstance(event := next(events), NodeEvent):
            items.append(self._node(event, events, depth + 1))
        return Sequence(tuple(items), _line(start))

    def _mapping(self, start: Event, events: Iterator[Event], depth: int) -> Mapping:
        entries: dict[str, Entry] = {}
        while isinstance(event := next(events), NodeEvent):
            key = self._node(event, events, depth + 1)
            node = self._node(next(events), events, depth + 1)
            if not isinstance(key, Scalar):
                self.faults.append(Fault(_line(event), "a key is a word, not a list or mapping"))
            elif key.text in entries:
                first = entries[key.text].line
                self.faults.append(Fault(key.line, f"the key is written twice; the first is in line {first}", key.text))
            else:
                entries[key.text] = Entry(key.text, key.line, node)
        return Mapping(tuple(entries.values()), _line(start))


def _refuse_references(event: Event) -> None:
    if isinstance(event, AliasEvent) or event.anchor is not None:
        raise _Refused(_line(event), "anchors and aliases (`&name`, `*name`) are not read: write the value out")
    if event.tag is not None and event.tag != "!":
        raise _Refused(_line(event), "tags (`!name`) are not read: write the value plain, or in quotes if it is text")


def _scalar(event: Event) -> Scalar:
    assert isinstance(event, ScalarEvent)  # noqa: S101 the parser has no other kind of node
    plain = event.implicit[0]
    return Scalar(_resolved(event.value) if plain else event.value, event.value, _line(event))


def _resolved(text: str) -> str | int | float | bool | None:
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.match(text):
        return int(text)
    return float(text) if _NUMBER.match(text) else text


def _line(event: Event) -> int:
    return int(event.start_mark.line) + 1
