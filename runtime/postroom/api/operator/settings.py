"""Takes a folder's settings into the store, for the operator, who may read the folder himself."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

from litestar import post
from litestar.params import JSONBody
from msgspec import Struct

from postroom.api.operator.parts import Parts
from postroom.api.problems import MOST_PROBLEMS, problem
from postroom.api.settings_source import READ_ONLY
from postroom.errors import ConfigurationError
from postroom.ports.settings_versions import SettingsChange
from postroom.settings.moving import channels_taken_in, taken_in
from postroom.settings.taking import By, Taken, Taking


class ImportBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The folder with `tenants/`; or, with a tenant, a file of its channels. The path is absolute."""

    path: str
    tenant: str | None = None
    dry_run: bool = False


class ImportedTenant(Struct, frozen=True, kw_only=True):
    """A tenant whose settings changed by it."""

    tenant: str
    version: int
    changes: tuple[SettingsChange, ...]


class Imported(Struct, frozen=True, kw_only=True):
    """What came of it."""

    dry_run: bool
    tenants: tuple[ImportedTenant, ...]
    warnings: tuple[str, ...]


@post("/settings/import", status_code=HTTPStatus.OK)
async def import_settings(parts: Parts, data: JSONBody[ImportBody]) -> Imported:
    """Take all tenants of the folder, or all channels of the file, in as new versions, or none of them."""
    if parts.settings is None:
        raise problem(HTTPStatus.CONFLICT, READ_ONLY, "settings-read-only")
    try:
        return await import_from(parts.settings, data)
    except ConfigurationError as error:
        words = tuple(str(error).splitlines())[:MOST_PROBLEMS]
        raise problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "Nothing was changed.", "settings-not-valid", problems=words
        ) from error


async def import_from(taking: Taking, body: ImportBody) -> Imported:
    """Take in what is there. Raises ConfigurationError, TemporaryError with nothing changed."""
    path = Path(body.path)
    propose = taken_in(path) if body.tenant is None else channels_taken_in(body.tenant, path)
    by = By(actor="operator", action=f"import {path}")
    taken = await taking.take(propose, by, dry_run=body.dry_run)
    return _imported(taken, dry_run=body.dry_run)


def _imported(taken: Taken, *, dry_run: bool) -> Imported:
    tenants = tuple(
        ImportedTenant(tenant=one.tenant, version=one.number, changes=one.changes) for one in taken.versions
    )
    return Imported(dry_run=dry_run, tenants=tenants, warnings=tuple(str(one) for one in taken.warnings))


ROUTES = (import_settings,)
