"""The versions of a tenant's settings: who made each, when, what changed; and going back to one, as a new version."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import PathParameter, QueryParameter
from msgspec import Struct

from postroom.api.access import administered
from postroom.api.auth import SignedIn
from postroom.api.idempotency import Asked as Repeated
from postroom.api.idempotency import answered_before, as_response
from postroom.api.paging import Limit
from postroom.api.parts import Parts
from postroom.api.problems import not_found
from postroom.api.settings_reads import Json
from postroom.api.settings_taking import Asked, Changed, DryRun, take, writer
from postroom.ports.settings_versions import SettingsChange, SettingsVersion
from postroom.settings.editing import SET
from postroom.settings.schema import Generation
from postroom.settings.secrets import SEALED
from postroom.settings.stored import Content
from postroom.settings.stored_folder import Proposal, StoredFolder

_NEWEST = 2**62
Before = Annotated[int, QueryParameter(ge=1, le=_NEWEST, description="`next` of the page before.")]
Number = Annotated[int, PathParameter(ge=1, le=_NEWEST)]
_CONTENT = msgspec.json.Decoder(Content)


class VersionView(Struct, frozen=True, kw_only=True):
    """A version of the settings; `settings` only where one is asked for, as it was written then."""

    number: int
    at: datetime
    actor: str
    action: str
    changes: tuple[SettingsChange, ...]
    settings: Json = None


class Versions(Struct, frozen=True, kw_only=True):
    """A page of versions, the newest first."""

    versions: tuple[VersionView, ...]
    next: int | None


@get("/settings/versions", summary="As administrator, the versions of the settings")
async def read_versions(parts: Parts, caller: SignedIn, before: Before = _NEWEST, limit: Limit = 50) -> Versions:
    """Give a page of versions; there are none where settings are read from files."""
    tenant = administered(parts.current(), caller).name
    rows = await parts.store.read(lambda tx: tx.settings.before(tenant, before, limit))
    last = rows[-1].number if len(rows) == limit else None
    return Versions(versions=tuple(_view(row) for row in rows), next=last)


@get("/settings/versions/{number:int}", summary="As administrator, one version of the settings")
async def read_version(parts: Parts, caller: SignedIn, number: Number) -> VersionView:
    """Give the whole of it, and of secrets only that they are set."""
    tenant = administered(parts.current(), caller).name
    found = await parts.store.read(lambda tx: _version(tx.settings.get(tenant, number)))
    return msgspec.structs.replace(_view(found), settings=_without_secrets(msgspec.json.decode(found.content)))


@post(
    "/settings/versions/{number:int}/restore",
    summary="As administrator, go back to a version of the settings",
    status_code=HTTPStatus.OK,
)
async def restore(parts: Parts, repeatable: Repeated, number: Number, dry_run: DryRun = False) -> Response[Changed]:
    """Make what that version said a new one, judged as any other change; nothing is lost by it."""
    caller = repeatable.caller
    taking = writer(parts, caller)
    answer = await answered_before(parts, repeatable)
    if answer is None:
        found = await parts.store.read(lambda tx: _version(tx.settings.get(caller.tenant, number)))

        def propose(_folder: StoredFolder, _now: Generation) -> Proposal:
            return Proposal(contents={caller.tenant: _CONTENT.decode(found.content)})

        action = f"restore version {number}"
        asked = Asked(
            by=repeatable,
            action=action,
            propose=propose,
            shown=lambda _: (None, ""),
            dry_run=dry_run,
        )
        answer = await take(parts, taking, asked)
    return as_response(answer)


def _version(found: SettingsVersion | None) -> SettingsVersion:
    if found is None:
        raise not_found()
    return found


def _view(one: SettingsVersion) -> VersionView:
    return VersionView(number=one.number, at=one.at, actor=one.actor, action=one.action, changes=one.changes)


def _without_secrets(value: Json) -> Json:
    if isinstance(value, dict):
        return dict(SET) if set(value) == {SEALED} else {key: _without_secrets(held) for key, held in value.items()}
    return [_without_secrets(item) for item in value] if isinstance(value, list) else value


ROUTES = (read_versions, read_version, restore)
