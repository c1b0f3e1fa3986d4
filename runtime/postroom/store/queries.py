"""The named queries of sql/*.sql, parsed once; no SQL is written anywhere else.

A query is `-- name: NAME`, at least a comment line that says what it does, and one statement. `:word` is a parameter;
`:words*` inside IN (...) is a list. Both are numbered in order of first sight, so that repositories pass tuples.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType

from postroom.errors import ConfigurationError

MARK = "-- name: "
CHUNK = 512
"""Values of a list that go into one statement; a longer list takes several."""

_PARAMETER = re.compile(r"(?<![:\w]):([a-z_][a-z_0-9]*)(\*?)")


class Query:
    """One statement, with its parameters numbered; `takes` are their names in order, a list's last."""

    __slots__ = ("_with_list", "name", "sentence", "sql", "takes")

    def __init__(self, name: str, sentence: str, text: str) -> None:
        self.name = name
        self.sentence = sentence
        scalars = dict.fromkeys(word for word, star in _PARAMETER.findall(text) if not star)
        lists = [word for word, star in _PARAMETER.findall(text) if star]
        self.takes = (*scalars, *lists)
        numbers = {word: f"?{number}" for number, word in enumerate(scalars, 1)}
        self.sql = _PARAMETER.sub(lambda found: numbers.get(found[1], found[0]), text)
        self._with_list: dict[int, str] = {}

    def with_list(self, length: int) -> str:
        """The statement with room for that many values in its list."""
        text = self._with_list.get(length)
        if text is None:
            first = len(self.takes)
            room = ", ".join(f"?{number}" for number in range(first, first + length))
            text = self._with_list[length] = _PARAMETER.sub(room, self.sql)
        return text


@functools.cache
def queries(file: str) -> Mapping[str, Query]:
    """The queries of sql/FILE.sql by name. Raises ConfigurationError where the file is not as this module says."""
    text = resources.files("postroom.store").joinpath("sql", f"{file}.sql").read_text("utf-8")
    found = [_parse(part) for part in text.split(MARK)[1:]]
    return MappingProxyType({query.name: query for query in found})


def _parse(part: str) -> Query:
    name, _, rest = part.partition("\n")
    lines = rest.strip().splitlines()
    words = [line.removeprefix("--").strip() for line in lines if line.startswith("--")]
    text = "\n".join(line for line in lines if not line.startswith("--")).strip().removesuffix(";")
    if not words or not text or ";" in text:
        raise ConfigurationError(f"the query {name.strip()} needs a sentence and one statement")
    return Query(name.strip(), " ".join(words), text)
