"""The compact way of writing a route's condition, read into routing's values.

    when: {recipient: {is: orders@example.org}}
    when: {gateway: {is: support_in}, subject: {contains: [invoice, bill]}}          several keys: all of them hold
    when: {any: [{sender: {domain: example.com}}, {header: {name: X-Brand, is: acme}}, {not: {size: {over: 5MB}}}]}

It is in charge of shape, operators and patterns; whether a named gateway or class exists is validate's.
"""

from __future__ import annotations

from collections.abc import Callable

from postroom.routing.conditions import (
    AllOf,
    AnyOf,
    AttachmentTest,
    Condition,
    Field,
    InvalidPattern,
    NotOf,
    Operator,
    SizeTest,
    TextTest,
    compiled,
)
from postroom.settings.problem import Page, shown
from postroom.settings.rules import FIELD_NAME_WORDS, is_field_name, listed
from postroom.settings.units import SIZE_WORDS, octets
from postroom.settings.yaml import Entry, Mapping, Node, Scalar, Sequence, place

DEEPEST = 8
_NOTHING = AllOf(of=())
_FIELDS = {field.value: field for field in Field}
_OPERATORS = {operator.value: operator for operator in Operator}
_OF_ADDRESSES = {Field.RECIPIENT, Field.SENDER}
_WHOLE = {Operator.IS, Operator.IN}


def condition(node: Node, path: str, page: Page, depth: int = 1) -> Condition:
    """Read a condition; several keys in one mapping all have to hold."""
    if not isinstance(node, Mapping) or not node.entries:
        page.problem(path, "must be a condition, like `{recipient: {is: orders@example.org}}`")
        return _NOTHING
    if depth > DEEPEST:
        page.problem(path, f"conditions nest at most {DEEPEST} deep")
        return _NOTHING
    parts = tuple(_part(entry, f"{path}.{entry.key}", page, depth) for entry in node.entries)
    return parts[0] if len(parts) == 1 else AllOf(of=parts)


def _part(entry: Entry, path: str, page: Page, depth: int) -> Condition:
    page.mark(path, place(entry))
    if entry.key in _FIELDS:
        return _text(_FIELDS[entry.key], entry.node, path, page)
    if entry.key in {"all", "any"}:
        parts = _parts(entry.node, path, page, depth)
        return AllOf(of=parts) if entry.key == "all" else AnyOf(of=parts)
    if entry.key == "not":
        return NotOf(of=condition(entry.node, path, page, depth + 1))
    if entry.key in _OTHERS:
        return _OTHERS[entry.key](entry.node, path, page)
    page.problem(path, "a condition is " + listed((*_FIELDS, *_OTHERS, "all", "any", "not")))
    return _NOTHING


def _parts(node: Node, path: str, page: Page, depth: int) -> tuple[Condition, ...]:
    if not isinstance(node, Sequence) or not node.items:
        page.problem(path, "must be a list of conditions")
        return ()
    for index, item in enumerate(node.items):
        page.mark(f"{path}[{index}]", item.line)
    return tuple(condition(item, f"{path}[{index}]", page, depth + 1) for index, item in enumerate(node.items))


def _text(field: Field, node: Node, path: str, page: Page) -> Condition:
    if not isinstance(node, Mapping):
        page.problem(path, "must say how to compare, like `{is: …}` or `{contains: …}`")
        return _NOTHING
    header = _header(node, path, page) if field is Field.HEADER else ""
    plus = _flag(node.get("plus_address"), f"{path}.plus_address", page) if field in _OF_ADDRESSES else False
    tests = []
    for entry in node.entries:
        page.mark(f"{path}.{entry.key}", place(entry))
        if entry.key in _beside(field):
            continue
        operator = _operator(field, entry, path, page)
        if operator:
            values = _values(field, operator, entry.node, f"{path}.{entry.key}", page)
            detail = plus and operator in _WHOLE
            tests.append(TextTest(field=field, operator=operator, values=values, header=header, plus_address=detail))
    if not tests and all(entry.key in _beside(field) for entry in node.entries):
        page.problem(path, "must say how to compare: " + listed(tuple(_OPERATORS)))
    return tests[0] if len(tests) == 1 else AllOf(of=tuple(tests))


def _beside(field: Field) -> tuple[str, ...]:
    if field is Field.HEADER:
        return ("name",)
    return ("plus_address",) if field in _OF_ADDRESSES else ()


def _operator(field: Field, entry: Entry, path: str, page: Page) -> Operator | None:
    allowed = tuple(name for name in _OPERATORS if name != Operator.DOMAIN.value or field in _OF_ADDRESSES)
    if entry.key in allowed:
        return _OPERATORS[entry.key]
    page.problem(f"{path}.{entry.key}", "is no way to compare here: use " + listed((*allowed, *_beside(field))))
    return None


def _values(field: Field, operator: Operator, node: Node, path: str, page: Page) -> tuple[str, ...]:
    items = node.items if isinstance(node, Sequence) else (node,)
    if not items or (operator is Operator.IN and not isinstance(node, Sequence)):
        page.problem(path, "must be a list of texts")
        return ()
    if len(items) > 1 and operator is Operator.IS:
        page.problem(path, "is one text: for several write `in: [ … ]`")
    found = []
    for index, item in enumerate(items):
        place_of = f"{path}[{index}]" if isinstance(node, Sequence) else path
        page.mark(place_of, item.line)
        found.append(_value(operator, item, place_of, page))
        if operator in _WHOLE:
            page.refer(field.value, place_of, found[-1])
    return tuple(found)


def _value(operator: Operator, node: Node, path: str, page: Page) -> str:
    if not isinstance(node, Scalar) or not node.text:
        page.problem(path, "must be a text, and not empty")
        return ""
    if operator is Operator.MATCHES:
        try:
            compiled(node.text)
        except InvalidPattern as error:
            page.problem(path, f"is not a pattern RE2 can read: {error}", shown(node.text))
    return node.text.removeprefix("@") if operator is Operator.DOMAIN else node.text


def _header(node: Mapping, path: str, page: Page) -> str:
    name = node.get("name")
    if isinstance(name, Scalar) and is_field_name(name.text):
        return name.text
    page.problem(f"{path}.name", FIELD_NAME_WORDS)
    return ""


def _flag(node: Node | None, path: str, page: Page) -> bool:
    if node is None:
        return False
    if isinstance(node, Scalar) and isinstance(node.value, bool):
        return node.value
    page.problem(path, "must be true or false", line=node.line)
    return False


def _attachment(node: Node, path: str, page: Page) -> Condition:
    return AttachmentTest(wanted=_flag(node, path, page))


def _size(node: Node, path: str, page: Page) -> Condition:
    if not isinstance(node, Mapping) or not node.entries:
        page.problem(path, "must be `{over: 5MB}` or `{under: 64kB}`, or both")
        return _NOTHING
    bounds: dict[str, int | None] = {}
    for entry in node.entries:
        inner = f"{path}.{entry.key}"
        page.mark(inner, place(entry))
        if entry.key not in {"over", "under"}:
            page.problem(inner, "is no way to compare a size: use one of `over`, `under`")
            continue
        bounds[entry.key] = octets(entry.node.text) if isinstance(entry.node, Scalar) else None
        if bounds[entry.key] is None:
            page.problem(inner, f"must be {SIZE_WORDS}")
    over, under = bounds.get("over"), bounds.get("under")
    if over is not None and under is not None and under <= over + 1:
        page.problem(path, "no mail can be so small and so large at once")
    return SizeTest(over=over, under=under)


def _language(_: Node, path: str, page: Page) -> Condition:
    page.problem(path, "the language of a mail is not detected in this version: route by gateway, recipient or subject")
    return _NOTHING


_OTHERS: dict[str, Callable[[Node, str, Page], Condition]] = {
    "size": _size,
    "has_attachment": _attachment,
    "language": _language,
}
