"""Nodes of a file to the values of the schema, field by field, so that every fault is found in one reading.

It is in charge of types and of the rules for one value alone. What is wrong is noted on the page and a blank takes its
place; whether values fit together is validate's. It never raises for what is in a file.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from enum import EnumType
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, TypeAlias, TypeVar, Union, get_args, get_origin

from msgspec import NODEFAULT, Struct, structs

from postroom.routing.conditions import Condition
from postroom.settings.conditions import condition
from postroom.settings.problem import Page, shown
from postroom.settings.rules import AtMost, Between, Check, Mark, OneOf, Unit
from postroom.settings.secrets import Secret
from postroom.settings.shorthand import GENERATED, NARROWED, written_out
from postroom.settings.units import DURATION_WORDS, SIZE_WORDS, octets, seconds
from postroom.settings.yaml import Mapping, Node, Scalar, Sequence, place

Kind: TypeAlias = Any
"""A type as annotations write it, for which the type system has no name."""
Found: TypeAlias = Any
"""A value of that type."""
Marks = tuple[Any, ...]
S = TypeVar("S", bound=Struct)
_BLANKS: dict[object, object] = {str: "", int: 0, float: 0.0, bool: False}


@cache
def fields_of(kind: type[Struct]) -> tuple[structs.FieldInfo, ...]:
    """The struct's fields; working their types out takes long, and they stay the same."""
    return structs.fields(kind)


def record(kind: type[S], node: Node, path: str, page: Page) -> S:
    """Make the struct of a mapping; every problem is noted, and the struct is made whatever is wrong."""
    node = written_out(kind, node)
    if not isinstance(node, Mapping):
        page.problem(path, f"must be a mapping of keys, not {_kind_words(node)}")
        node = Mapping((), node.line)
    fields = {field.encode_name: field for field in fields_of(kind) if (kind, field.name) not in GENERATED}
    known = (*fields, *_tag_field(kind))
    values: dict[str, Any] = {}
    for entry in node.entries:
        inner = _join(path, entry.key)
        page.mark(inner, place(entry))
        if entry.key in fields:
            field = fields[entry.key]
            values[field.name] = value(NARROWED.get((kind, field.name), field.type), entry.node, inner, page)
        elif entry.key not in known:
            page.problem(inner, _unknown(entry.key, known))
    for field in fields.values():
        if field.name not in values and field.default is NODEFAULT and field.default_factory is NODEFAULT:
            page.problem(_join(path, field.encode_name), "is missing, and has no default", line=node.line)
            values[field.name] = _blank(field.type)
    return kind(**values)


def value(kind: Kind, node: Node, path: str, page: Page) -> Found:
    """Make a value of that type, or a blank where the node is not one."""
    kind, marks = unwrapped(kind)
    origin: Kind = get_origin(kind)
    if origin in {Union, UnionType}:
        return _one_of(kind, marks, node, path, page)
    if kind is Secret:
        return _secret(node, path, page)
    if origin is tuple:
        return _items(kind, marks, node, path, page)
    if isinstance(kind, type) and issubclass(kind, Struct):
        return record(kind, node, path, page)
    return _scalar(kind, marks, node, path, page)


def _one_of(kind: Kind, marks: Marks, node: Node, path: str, page: Page) -> Found:
    options = [option for option in get_args(kind) if option is not NoneType]
    if isinstance(node, Scalar) and node.value is None and len(options) < len(get_args(kind)):
        return None
    if set(options) == set(get_args(Condition)):
        return condition(node, path, page)
    tags = {tag: option for option in options if (tag := _tag(option))}
    if tags:
        return _tagged(tags, node, path, page)
    return value(Annotated[options[0], *marks] if marks else options[0], node, path, page)


def _tagged(tags: dict[str, Any], node: Node, path: str, page: Page) -> Found:
    first = next(iter(tags.values()))
    name = node.get("name") if isinstance(node, Mapping) else None
    kind = node.get("kind") if isinstance(node, Mapping) else None
    if isinstance(kind, Scalar) and kind.text in tags:
        return record(tags[kind.text], node, path, page)
    if not isinstance(node, Mapping):
        page.problem(path, f"must be a mapping of keys, not {_kind_words(node)}")
    elif kind is None:
        what = path.partition("[")[0].removesuffix("s")
        page.problem(
            f"{path}.kind", f"is missing: it says which kind of {what} this is, {_either(tags)}", line=node.line
        )
    else:
        given = shown(kind.text) if isinstance(kind, Scalar) else ""
        page.problem(f"{path}.kind", f"must be {_either(tags)}", given)
    blank = {field.name: _blank(field.type) for field in fields_of(first) if field.default is NODEFAULT}
    return first(**blank | ({"name": name.text} if isinstance(name, Scalar) else {}))


def _either(tags: Iterable[str]) -> str:
    *first, last = (f"`{tag}`" for tag in tags)
    return f"{', '.join(first)} or {last}"


def _items(kind: Kind, marks: Marks, node: Node, path: str, page: Page) -> Found:
    inner = get_args(kind)[0]
    if get_origin(inner) is tuple:
        return _named(get_args(inner)[1], node, path, page)
    if not isinstance(node, Sequence):
        page.problem(path, f"must be a list, not {_kind_words(node)}")
        return ()
    for index, item in enumerate(node.items):
        page.mark(f"{path}[{index}]", item.line)
    found = tuple(value(inner, item, f"{path}[{index}]", page) for index, item in enumerate(node.items))
    _obey(marks, found, path, page)
    return found


def _named(inner: Kind, node: Node, path: str, page: Page) -> Found:
    if not isinstance(node, Mapping):
        page.problem(path, f"must be a mapping of names to values, not {_kind_words(node)}")
        return ()
    for entry in node.entries:
        page.mark(_join(path, entry.key), place(entry))
    return tuple((entry.key, value(inner, entry.node, _join(path, entry.key), page)) for entry in node.entries)


def _secret(node: Node, path: str, page: Page) -> Secret | None:
    try:
        if page.secrets is not None:
            return page.secrets(node, path)
        return Secret(node.text, str(page.folder)) if isinstance(node, Scalar) else Secret("")
    except ValueError as error:
        page.problem(path, str(error))
        return None


def _scalar(kind: Kind, marks: Marks, node: Node, path: str, page: Page) -> Found:
    hidden = Mark.HIDDEN in marks
    found = _read(kind, marks, node)
    if found is None:
        page.problem(path, f"must be {_wanted(kind, marks)}", "" if hidden else _given(node))
        return _blank(kind)
    if isinstance(found, str) and not _is_clean(found, marks):
        page.problem(path, "must not hold control characters or line ends", "" if hidden else shown(found))
    _obey(marks, found, path, page, given="" if hidden else _given(node))
    return found


def _read(kind: Kind, marks: Marks, node: Node) -> Found:
    if not isinstance(node, Scalar):
        return None
    if kind is str:
        as_written = Mark.AS_WRITTEN in marks and node.value is not None
        return node.text if as_written or isinstance(node.value, str) else None
    if isinstance(node.value, bool) or kind is bool:
        return node.value if isinstance(node.value, bool) and kind is bool else None
    if Unit.SECONDS in marks:
        return seconds(node.text)
    if Unit.OCTETS in marks:
        return octets(node.text)
    if kind is int:
        return node.value if isinstance(node.value, int) else None
    if kind is float:
        return float(node.value) if isinstance(node.value, int | float) else None
    return next((member for member in kind if member.value == node.value), None)


def _obey(marks: Marks, found: Found, path: str, page: Page, given: str = "") -> None:
    # the last written is the narrowest
    for rule in reversed(marks):
        if isinstance(rule, Between | OneOf | Check | AtMost):
            words = rule.broken_by(found)
            if words:
                page.problem(path, words, given)


def _is_clean(text: str, marks: Marks) -> bool:
    if Mark.LINES in marks:
        text = text.replace("\n", "").replace("\t", "")
    # nothing that could end a line of a protocol, in whatever reading
    return not any(ord(char) < ord(" ") or char in "\x7f\x85\u2028\u2029" for char in text)


def _wanted(kind: Kind, marks: Marks) -> str:
    if Unit.SECONDS in marks:
        return DURATION_WORDS
    if Unit.OCTETS in marks:
        return SIZE_WORDS
    words = {str: "a text (a number or a word like true is put in quotes)", int: "a whole number", float: "a number"}
    words[bool] = "true or false"
    return words[kind] if kind in words else "one of " + ", ".join(f"`{member.value}`" for member in kind)


def _given(node: Node) -> str:
    return shown(node.value if node.value is not None else "empty") if isinstance(node, Scalar) else _kind_words(node)


def _kind_words(node: Node) -> str:
    if isinstance(node, Mapping):
        return "a mapping"
    if isinstance(node, Sequence):
        return "a list"
    return "empty" if node.value is None else "a single value"


def _unknown(key: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(key[:64], known, n=1)
    hint = f"did you mean `{close[0]}`?" if close else "the keys here are " + ", ".join(sorted(known))
    return f"there is no such key: {hint}"


def _blank(kind: Kind) -> Found:
    kind, _ = unwrapped(kind)
    if isinstance(kind, EnumType):
        return next(iter(kind))
    return _BLANKS.get(kind)


def unwrapped(kind: Kind) -> tuple[Kind, Marks]:
    """A type without its rules, and they."""
    origin: Kind = get_origin(kind)
    return (kind.__origin__, kind.__metadata__) if origin is Annotated else (kind, ())


def _tag(kind: Kind) -> str | None:
    config = getattr(kind, "__struct_config__", None)
    return config.tag if config is not None else None


def _tag_field(kind: type[Struct]) -> tuple[str, ...]:
    return (kind.__struct_config__.tag_field,) if kind.__struct_config__.tag_field else ()


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
