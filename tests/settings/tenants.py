"""Any tenant whose values are each right by themselves, made from the schema's own types and rules."""

from __future__ import annotations

from enum import EnumType
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from hypothesis import strategies as st
from msgspec import NODEFAULT, Struct, structs

from postroom.routing.conditions import (
    AllOf,
    AnyOf,
    AttachmentTest,
    Condition,
    Field,
    NotOf,
    Operator,
    SizeTest,
    TextTest,
)
from postroom.settings.convert import Kind, unwrapped
from postroom.settings.rules import AtMost, Between, Check, Mark, OneOf
from postroom.settings.schema import Tenant
from postroom.settings.secrets import Secret
from postroom.settings.shorthand import GENERATED, NARROWED

TEXTS = (
    *(
        "a_name",
        "B2",
        "support@example.org",
        "example.org",
        "@example.org",
        "2026-01-31",
        "12-24",
        "Europe/Berlin",
        "UTC",
    ),
    *("X-Brand", "127.0.0.1:8025", "ab" * 32, "queue:help", "https://example.org/t", "holidays.ics", "192.0.2.0/24"),
    *(
        "1.2",
        "22:30",
        "true",
        "no",
        "null",
        "~",
        "0x1f",
        "1e5",
        " lead",
        "trail ",
        "#no comment",
        "a: b",
        "- a",
        "'q\"",
        "é€",
        "=1+1",
    ),
    *("{name}", "|", ">", "%", "&a", "*a", "!t", "@", "`", "", "line\nline", "\ttab\n\n", "0123456789" * 30),
)
SECRET = Secret("env:SECRET")
LANGUAGES = st.sampled_from(("any", "en", "de", "pt-br"))


def of_kind(kind: Kind) -> st.SearchStrategy[Any]:
    """Any value of the type that its own rules admit."""
    kind, marks = unwrapped(kind)
    origin: Kind = get_origin(kind)
    if origin in {Union, UnionType}:
        return _one_of(list(get_args(kind)), marks)
    if kind is Secret:
        return st.just(SECRET)
    if origin is tuple:
        return _tuples(get_args(kind)[0], marks)
    if isinstance(kind, type) and issubclass(kind, Struct):
        return record(kind)
    return _scalars(kind, marks)


def record(kind: type[Struct]) -> st.SearchStrategy[Any]:
    """Any struct of the kind."""
    needed: dict[str, st.SearchStrategy[Any]] = {}
    optional: dict[str, st.SearchStrategy[Any]] = {}
    for field in structs.fields(kind):
        if (kind, field.name) in GENERATED:
            continue
        is_needed = field.default is NODEFAULT and field.default_factory is NODEFAULT
        (needed if is_needed else optional)[field.name] = of_kind(NARROWED.get((kind, field.name), field.type))
    return st.fixed_dictionaries(needed, optional=optional).map(lambda values: kind(**values))


def _one_of(options: list[Kind], marks: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    if {*options} >= {*get_args(Condition)}:
        return st.none() | conditions()
    rest = [option for option in options if option is not NoneType]
    found = [of_kind(option) if not marks else _scalars(option, marks) for option in rest]
    return st.one_of(*([st.none()] if NoneType in options else []), *found)


def _tuples(inner: Kind, marks: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    least = max((rule.least for rule in marks if isinstance(rule, AtMost)), default=0)
    origin: Kind = get_origin(inner)
    if origin is tuple:
        pairs = st.tuples(LANGUAGES, of_kind(get_args(inner)[1]))
        return st.lists(pairs, min_size=least, max_size=3, unique_by=lambda pair: pair[0]).map(tuple)
    return st.lists(of_kind(inner), min_size=least, max_size=least + 2).map(tuple)


def _scalars(kind: Kind, marks: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    if isinstance(kind, EnumType):
        return st.sampled_from(list(kind))
    if kind is bool:
        return st.booleans()
    if kind is str:
        return st.sampled_from(_texts(marks))
    low = max((rule.low for rule in marks if isinstance(rule, Between)), default=0)
    high = min((rule.high for rule in marks if isinstance(rule, Between) and rule.high is not None), default=10**9)
    if kind is int:
        return st.integers(int(low), int(high))
    if kind is float:
        return st.integers(int(low * 1000), int(high * 1000)).map(lambda milli: max(low, milli / 1000))
    raise TypeError(f"{kind} is no scalar")


def _texts(marks: tuple[Any, ...]) -> list[str]:
    choices = next((rule.choices for rule in marks if isinstance(rule, OneOf)), TEXTS)
    rules = [rule for rule in marks if isinstance(rule, Check | AtMost)]
    lines = Mark.LINES in marks
    return [
        text for text in choices if (lines or text.isprintable()) and not any(rule.broken_by(text) for rule in rules)
    ]


def conditions() -> st.SearchStrategy[Condition]:
    """Any condition that can be written."""
    size = st.builds(SizeTest, over=st.integers(1, 10), under=st.none() | st.integers(12, 99))
    leaves = st.one_of(texts(), size, st.builds(AttachmentTest, wanted=st.booleans()))
    return st.recursive(leaves, _deeper, max_leaves=6)


def _deeper(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(inner, min_size=1, max_size=3).map(tuple)
    return st.one_of(st.builds(AllOf, of=several), st.builds(AnyOf, of=several), st.builds(NotOf, of=inner))


@st.composite
def texts(draw: st.DrawFn) -> TextTest:
    """Any comparison of texts that can be written."""
    field = draw(st.sampled_from(Field))
    is_address = field in {Field.RECIPIENT, Field.SENDER}
    operator = draw(st.sampled_from([one for one in Operator if one is not Operator.DOMAIN or is_address]))
    words = st.sampled_from(("a", "example.org", "5", "true", "@x"))
    values = draw(st.lists(words, min_size=1, max_size=1 if operator is Operator.IS else 3))
    return TextTest(
        field=field,
        operator=operator,
        values=tuple(values),
        header="X-Brand" if field is Field.HEADER else "",
        plus_address=is_address and operator in {Operator.IS, Operator.IN} and draw(st.booleans()),
    )


def tenants() -> st.SearchStrategy[Tenant]:
    """Any tenant."""
    return record(Tenant)
