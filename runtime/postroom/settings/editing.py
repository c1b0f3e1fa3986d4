"""One change to a tenant's settings as a caller over a door asks for it: reads what is given as files are read.

It is in charge of what may be written there and where; it keeps nothing and puts nothing in force. Secrets are given as
`{"value": TEXT}`, kept as `{"secret": "set"}`, and never shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from postroom.settings.convert import value
from postroom.settings.nodes import node_of
from postroom.settings.problem import Page, Problem
from postroom.settings.schema import Tenant
from postroom.settings.secrets import Secret
from postroom.settings.sections import Section
from postroom.settings.vault import Vault
from postroom.settings.written import of_kind
from postroom.settings.yaml import Mapping as MappingNode
from postroom.settings.yaml import Node, Scalar

Json: TypeAlias = Any
SET = {"secret": "set"}
"""What is shown of a secret, and what keeps it when it is written back."""
_HOW = 'a secret is given as `{"value": TEXT}`, and kept as it is by `{"secret": "set"}`'
LONGEST_SECRET = 16_384


class Edited(Struct, frozen=True, kw_only=True):
    """A tenant as it would be, and what is wrong with the form of what was given."""

    tenant: Tenant
    path: str
    """Where the given thing stands, as problems name places."""
    problems: tuple[Problem, ...] = ()


class Desk(Struct, frozen=True, kw_only=True):
    """What is needed to read what is given."""

    folder: Path
    vault: Vault


def shown(section: Section, held: object) -> Json:
    """A thing or value as it is shown: every key, no secret."""
    return of_kind(section.kind, held, lambda _: SET, every_key=True)


def added(desk: Desk, tenant: Tenant, section: Section, given: Json) -> Edited:
    """One thing more, at the end."""
    held = section.held(tenant)
    return _with(desk, tenant, section, len(held), given)


def replaced(desk: Desk, tenant: Tenant, section: Section, index: int, given: Json) -> Edited:
    """Another thing in the place of one; it keeps its name."""
    name = section.name_of(section.held(tenant)[index])
    if isinstance(given, dict):
        given = {section.key: name} | given
    edited = _with(desk, tenant, section, index, given)
    if section.name_of(section.held(edited.tenant)[index]) == name:
        return edited
    place = f"{edited.path}.{section.key}"
    renamed = Problem(file="", line=0, key=place, rule=f"must be {name!r}: nothing is renamed, for others name it")
    return replace(edited, problems=(*edited.problems, renamed))


def laid_over(desk: Desk, tenant: Tenant, section: Section, records: Sequence[Json]) -> Edited:
    """Each record in the place of the thing of its name, or as one thing more."""
    things, problems = list(section.held(tenant)), list[Problem]()
    places = {section.name_of(one): index for index, one in enumerate(things)}
    for record in records:
        name = record.get(section.key) if isinstance(record, dict) else None
        index = places.setdefault(name, len(things)) if isinstance(name, str) else len(things)
        before = things[index] if index < len(things) else None
        page, found = _read(desk, section, f"{section.name}[{index}]", record, before)
        problems += page.problems
        things[index : index + 1] = [found]
    return Edited(tenant=_put(tenant, section, tuple(things)), path=section.name, problems=tuple(problems))


def removed(tenant: Tenant, section: Section, index: int) -> Edited:
    """One thing less."""
    held = section.held(tenant)
    return Edited(tenant=_put(tenant, section, (*held[:index], *held[index + 1 :])), path=section.name)


def reordered(tenant: Tenant, section: Section, names: Sequence[str]) -> Edited:
    """The same things in another order. Raises ValueError where these are not their names, each once."""
    by_name = {section.name_of(one): one for one in section.held(tenant)}
    if sorted(names) != sorted(by_name):
        raise ValueError(f"the order names each of {section.name} once, and nothing else")
    return Edited(tenant=_put(tenant, section, tuple(by_name[name] for name in names)), path=section.name)


def assigned(desk: Desk, tenant: Tenant, section: Section, given: Json) -> Edited:
    """Another single value."""
    page, found = _read(desk, section, section.name, given, section.held(tenant))
    return Edited(tenant=_put(tenant, section, found), path=section.name, problems=tuple(page.problems))


def merged(shown_before: Json, patch: Json) -> Json:
    """The patch laid over what is shown (RFC 7396 §2); a secret's new value takes the place of the old."""
    if not isinstance(patch, dict):
        return patch
    if "value" in patch and shown_before == SET:
        return patch
    result = dict(shown_before) if isinstance(shown_before, dict) else {}
    for key, held in patch.items():
        if held is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), held)
    return result


def _with(desk: Desk, tenant: Tenant, section: Section, index: int, given: Json) -> Edited:
    held = section.held(tenant)
    before = held[index] if index < len(held) else None
    path = f"{section.name}[{index}]"
    page, found = _read(desk, section, path, given, before)
    things = (*held[:index], found, *held[index + 1 :])
    return Edited(tenant=_put(tenant, section, things), path=path, problems=tuple(page.problems))


def _read(desk: Desk, section: Section, path: str, given: Json, before: object) -> tuple[Page, Any]:
    def secret(node: Node, place: str) -> Secret:
        return _secret(node, desk.vault, _held(before, place[len(path) + 1 :]))

    page = Page("", desk.folder, secret, first_line=0)
    return page, value(section.kind, node_of(given), path, page)


def _secret(node: Node, vault: Vault, before: Secret | None) -> Secret:
    given = {one.key: one.node for one in node.entries} if isinstance(node, MappingNode) else {}
    if set(given) == {"secret"} and before is not None:
        return before
    text = given.get("value")
    if set(given) != {"value"} or not isinstance(text, Scalar) or not isinstance(text.value, str):
        raise ValueError(_HOW if before is not None or "secret" not in given else f"no secret is set here: {_HOW}")
    if not 0 < len(text.text) <= LONGEST_SECRET or not text.text.isprintable():
        raise ValueError(f"a secret has 1 to {LONGEST_SECRET:,} characters, in one line")
    return vault.seal(text.text)


def _held(value_before: object, place: str) -> Secret | None:
    for key in place.split("."):
        value_before = getattr(value_before, key, None)
    return value_before if isinstance(value_before, Secret) else None


def _put(tenant: Tenant, section: Section, held: object) -> Tenant:
    changed: Mapping[str, Any] = {section.name: held}
    return replace(tenant, **changed)
