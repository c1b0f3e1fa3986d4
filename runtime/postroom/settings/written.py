"""Values of the schema to what would be written for them: the way back of convert.py, as JSON has it.

Reading what is written here gives the same value again.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from types import NoneType, UnionType
from typing import Any, TypeAlias, Union, get_args, get_origin

from msgspec import NODEFAULT, Struct, structs

from postroom.routing.conditions import Condition
from postroom.settings.convert import Kind, fields_of, unwrapped
from postroom.settings.secrets import Secret
from postroom.settings.shorthand import GENERATED
from postroom.settings.written_conditions import written_condition

Written: TypeAlias = Any
"""A value as JSON has it."""
SecretWriter = Callable[[Secret], Written]

ALWAYS = frozenset({"name", "account", "port"})
"""Keys that are written even with their default value: a port's default depends on what else is written."""
_CONDITIONS = get_args(Condition)
_DECIMALS = 6


def record(value: Struct, secret: SecretWriter, *, every_key: bool = False) -> dict[str, Written]:
    """Write a struct as a mapping; keys that hold their default only where `every_key` is wanted."""
    kind = type(value)
    config = value.__struct_config__
    found: dict[str, Written] = {config.tag_field: config.tag} if config.tag_field else {}
    for field in fields_of(kind):
        held = getattr(value, field.name)
        is_told = every_key or field.name in ALWAYS or held != _default(field)
        if is_told and (kind, field.name) not in GENERATED:
            found[field.encode_name] = of_kind(field.type, held, secret, every_key=every_key)
    return found


def of_kind(kind: Kind, value: object, secret: SecretWriter, *, every_key: bool = False) -> Written:
    """Write a value of that type."""
    if isinstance(value, Secret):
        return secret(value)
    if isinstance(value, _CONDITIONS):
        return written_condition(value)
    if isinstance(value, Struct):
        return record(value, secret, every_key=every_key)
    if isinstance(value, tuple):
        return _items(kind, value, secret, every_key=every_key)
    return _plain(value)


def _items(kind: Kind, values: tuple[Any, ...], secret: SecretWriter, *, every_key: bool) -> Written:
    inner = get_args(_present(kind))[0]
    if get_origin(inner) is tuple:
        of = get_args(inner)[1]
        return {name: of_kind(of, held, secret, every_key=every_key) for name, held in values}
    return [of_kind(inner, item, secret, every_key=every_key) for item in values]


def _plain(value: object) -> Written:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float):
        rounded = round(value, _DECIMALS)
        return int(rounded) if rounded.is_integer() else rounded
    return value


def _present(kind: Kind) -> Kind:
    """The type itself where it is one that may be missing."""
    bare, _ = unwrapped(kind)
    if get_origin(bare) in {Union, UnionType}:
        return _present(next(option for option in get_args(bare) if option is not NoneType))
    return bare


def _default(field: structs.FieldInfo) -> object:
    if field.default_factory is not NODEFAULT:
        return field.default_factory()
    return field.default
