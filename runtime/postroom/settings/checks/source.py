"""Where tenants are set: that there is a key where secrets are kept in the store, and which files they may name."""

from __future__ import annotations

from pathlib import Path

from postroom.errors import ConfigurationError
from postroom.settings.calendars import CalendarSettings
from postroom.settings.checks import secrets
from postroom.settings.problem import Page
from postroom.settings.process import Process, SourceSettings
from postroom.settings.schema import Tenant
from postroom.settings.vault import KEY_WORDS, fernet

TENANTS_FOLDER = "tenants"


def check(page: Page, process: Process) -> None:
    """Check the process's source of settings."""
    source = process.settings
    if not source.is_store:
        return
    if (page.folder / TENANTS_FOLDER).is_dir():
        page.warning(
            "settings.source", f"the files in `{TENANTS_FOLDER}/` are not read: `postroom import` takes them in"
        )
    if not source.keys and page.is_sound("settings.keys"):
        page.problem("settings.keys", f"is missing: passwords in the store are sealed with the first; {KEY_WORDS}")
    for index, key in enumerate(source.keys):
        path = f"settings.keys[{index}]"
        if page.is_sound(path):
            secrets.readable(page, path, key)
            if page.is_sound(path):
                _is_key(page, path, source, index)


def _is_key(page: Page, path: str, source: SourceSettings, index: int) -> None:
    try:
        fernet(source.keys[index])
    except ConfigurationError as error:
        page.problem(path, str(error))


def confined(page: Page, tenant: Tenant, source: SourceSettings) -> bool:
    """Whether every file the tenant names lies in the folder for them; notes each that does not.

    Who may write settings over HTTP is not given the files of this machine by it.
    """
    named = [(f"certificates[{i}].file", one.file) for i, one in enumerate(tenant.certificates)]
    named += [(f"robots[{i}].file", getattr(one, "file", None)) for i, one in enumerate(tenant.robots)]
    named += [(f"calendars[{i}].ical.source", _file_of(one)) for i, one in enumerate(tenant.calendars)]
    outside = [path for path, file in named if file is not None and not _is_inside(page.folder, file, source.files)]
    where = f"`{source.files}`" if source.files else "a folder named in `settings.files`, and there is none"
    for path in outside:
        page.problem(path, f"names a file: with `settings.source: store` it must lie in {where}")
    return not outside


def _file_of(calendar: CalendarSettings) -> str | None:
    source = calendar.ical.source if calendar.ical is not None else None
    return source if source is not None and "://" not in source else None


def _is_inside(folder: Path, file: str, files: str | None) -> bool:
    if files is None:
        return False
    try:
        found = (folder / file).resolve()
        return found.is_relative_to((folder / files).resolve()) and (found.is_file() or not found.exists())
    except (OSError, ValueError, RuntimeError):
        return False
