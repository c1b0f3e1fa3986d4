"""A route's condition in the compact way of writing it: the way back of conditions.py."""

from __future__ import annotations

from typing import Any, TypeAlias

from postroom.routing.conditions import (
    AllOf,
    AnyOf,
    AttachmentTest,
    Condition,
    NotOf,
    Operator,
    SizeTest,
    TextTest,
)

Written: TypeAlias = dict[str, Any]


def written_condition(condition: Condition) -> Written:
    """Write the condition as a mapping."""
    match condition:
        case TextTest():
            return {condition.field.value: _text(condition)}
        case SizeTest():
            bounds = {"over": condition.over, "under": condition.under}
            return {"size": {key: bound for key, bound in bounds.items() if bound is not None}}
        case AttachmentTest():
            return {"has_attachment": condition.wanted}
        case AllOf():
            return _all(condition)
        case AnyOf():
            return {"any": [written_condition(one) for one in condition.of]}
        case NotOf():
            return {"not": written_condition(condition.of)}


def _all(condition: AllOf) -> Written:
    """In one mapping where that reads the same: a list nests deeper, and depth is bounded."""
    texts = [one for one in condition.of if isinstance(one, TextTest)]
    operators = {one.operator for one in texts}
    plus = {one.plus_address for one in texts if one.operator in {Operator.IS, Operator.IN}}
    is_of_one = len({(one.field, one.header) for one in texts}) == 1 and len(operators) == len(condition.of)
    if is_of_one and len(plus) <= 1 < len(condition.of):
        return {texts[0].field.value: {key: held for one in texts for key, held in _text(one).items()}}
    parts = [written_condition(one) for one in condition.of]
    keys = {key for part in parts for key in part}
    if len(parts) > 1 and len(keys) == len(parts) == sum(map(len, parts)):
        return {key: held for part in parts for key, held in part.items()}
    return {"all": parts}


def _text(test: TextTest) -> Written:
    # One @ before a domain is taken off when it is read.
    values = [f"@{value}" if test.operator is Operator.DOMAIN else value for value in test.values]
    alone = len(values) == 1 and test.operator is not Operator.IN
    name = {"name": test.header} if test.header else {}
    plus = {"plus_address": True} if test.plus_address else {}
    return name | {test.operator.value: values[0] if alone else values} | plus
