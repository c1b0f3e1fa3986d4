"""Settings as an administrator sees them: every key with its value in force, and of secrets only that they are set.

A supervisor sees the channels and queues he oversees. An ETag stands for what is shown, its secrets included.
"""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import Any, TypeAlias

import msgspec
from litestar import MediaType, Response, get
from litestar.params import FromPath
from msgspec import Struct

from postroom.api.access import administered, is_administrator, sight_for, tenant_of
from postroom.api.auth import Caller, SignedIn
from postroom.api.parts import ApiParts, Parts
from postroom.api.problems import not_found
from postroom.api.settings_source import READ_ONLY
from postroom.settings.editing import shown
from postroom.settings.schema import Tenant
from postroom.settings.sections import SECTIONS, Section
from postroom.settings.written import of_kind

Json: TypeAlias = Any


class SettingsOverview(Struct, frozen=True, kw_only=True):
    """Where settings are from, and what there is."""

    source: str
    read_only: bool
    why: str
    version: int
    """The version in force; 0 where settings are read from files."""
    sections: dict[str, int]
    """How many things each section has; 1 for a single value."""


class SettingsList(Struct, frozen=True, kw_only=True):
    """The things of a section in their order."""

    items: tuple[Json, ...]


@get("/settings", summary="As administrator, where settings are from and what there is")
async def read_overview(parts: Parts, caller: SignedIn) -> SettingsOverview:
    """Say whether settings may be written here, and why not."""
    tenant = administered(parts.current(), caller)
    taking = parts.settings
    return SettingsOverview(
        source="files" if taking is None else "store",
        read_only=taking is None,
        why=READ_ONLY if taking is None else "",
        version=taking.version(tenant.name) if taking is not None else 0,
        sections={name: len(one.held(tenant)) if one.key else 1 for name, one in SECTIONS.items()},
    )


@get("/settings/{section_name:str}", summary="As administrator, one section of the settings")
async def read_section(parts: Parts, caller: SignedIn, section_name: FromPath[str]) -> Response[Any]:
    """Give all things of a section in their order, or its single value."""
    section = section_of(section_name)
    tenant = _seen(parts, caller, section)
    held = section.held(tenant)
    if not section.key:
        return answered(shown(section, held), etag(section, held))
    items = tuple(shown(section, one) for one in held)
    return answered(SettingsList(items=items), etag(section, held))


@get("/settings/{section_name:str}/{name:str}", summary="As administrator, one thing of a section")
async def read_thing(parts: Parts, caller: SignedIn, section_name: FromPath[str], name: FromPath[str]) -> Response[Any]:
    """Give one thing of a section."""
    section = section_of(section_name)
    one = section.held(tenant := _seen(parts, caller, section))[place_of(section, tenant, name)]
    return answered(shown(section, one), etag(section, one))


def section_of(name: str) -> Section:
    """The section of that name. Raises the 404 problem."""
    found = SECTIONS.get(name)
    if found is None:
        raise not_found()
    return found


def place_of(section: Section, tenant: Tenant, name: str) -> int:
    """Where in the section the thing of that name is. Raises the 404 problem."""
    found = section.index(tenant, name) if section.key else None
    if found is None:
        raise not_found()
    return found


def etag(section: Section, held: object) -> str:
    """What stands for a thing, a value or a whole section (RFC 9110 §8.8.3); another secret makes another one."""
    things = list(held) if section.key and isinstance(held, tuple) else [held]
    written = [of_kind(section.kind, one, lambda secret: secret.reference) for one in things]
    return f'"{hashlib.sha256(msgspec.json.encode(written)).hexdigest()[:32]}"'


def answered(value: Json, tag: str, status: HTTPStatus = HTTPStatus.OK) -> Response[Any]:
    """The value with its ETag."""
    body = msgspec.json.encode(value)
    return Response(content=body, status_code=status, media_type=MediaType.JSON, headers={"ETag": tag})


def _seen(parts: ApiParts, caller: Caller, section: Section) -> Tenant:
    """The tenant with as much of the section as the caller may see. Raises the 403 problem."""
    tenant = tenant_of(parts.current(), caller)
    if section.name not in {"channels", "queues"} or is_administrator(caller):
        return administered(parts.current(), caller)
    sight = sight_for(tenant, caller)
    return msgspec.structs.replace(
        tenant,
        channels=tuple(one for one in tenant.channels if sight.has_channel(one.name)),
        queues=tuple(one for one in tenant.queues if sight.has_queue(one.name)),
    )


ROUTES = (read_overview, read_section, read_thing)
