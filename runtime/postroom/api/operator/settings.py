"""Takes a folder's settings into the store, for the operator, who may read the folder himself."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

from litestar import post
from litestar.params import JSONBody
from msgspec import Struct

from postroom.api.operator.parts import Parts
from postroom.api.problems import MOST_PROBLEMS, problem
from postroom.api.settings_reads import READ_ONLY
from postroom.errors import ConfigurationError
from postroom.ports.settings_versions import SettingsChange
from postroom.settings.moving import taken_in
from postroom.settings.taking import By, Taken, Taking


class ImportBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The folder with `tenants/`, absolute."""

    folder: str
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
    """Take all tenants of the folder in as new versions, or none of them."""
    if parts.settings is None:
        raise problem(HTTPStatus.CONFLICT, READ_ONLY, "settings-read-only")
    try:
        return await import_folder(parts.settings, Path(data.folder), dry_run=data.dry_run)
    except ConfigurationError as error:
        words = tuple(str(error).splitlines())[:MOST_PROBLEMS]
        raise problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "Nothing was changed.", "settings-not-valid", problems=words
        ) from error


async def import_folder(taking: Taking, folder: Path, *, dry_run: bool) -> Imported:
    """Take the folder's tenants in. Raises ConfigurationError, TemporaryError with nothing changed."""
    by = By(actor="operator", action=f"import {folder}")
    taken = await taking.take(taken_in(folder), by, dry_run=dry_run)
    return imported(taken, dry_run=dry_run)


def imported(taken: Taken, *, dry_run: bool) -> Imported:
    """What came of it, for the operator."""
    tenants = tuple(
        ImportedTenant(tenant=one.tenant, version=one.number, changes=one.changes) for one in taken.versions
    )
    return Imported(dry_run=dry_run, tenants=tenants, warnings=tuple(str(one) for one in taken.warnings))


ROUTES = (import_settings,)
