"""Moves settings between files and the store: a folder's tenants as a proposal, and tenants as a folder's files.

Going out, a secret becomes a reference to a file that has to be filled in; none is ever written.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from postroom.errors import ConfigurationError
from postroom.settings.channel_file import FORMS, UNPACKED, records_in
from postroom.settings.channel_records import NotRecords, Record
from postroom.settings.editing import laid_over
from postroom.settings.load import PROCESS_FILE, TENANTS_FOLDER, load_tenants
from postroom.settings.process import SourceSettings
from postroom.settings.refusals import SettingsNotValid
from postroom.settings.schema import Generation
from postroom.settings.secrets import Secret
from postroom.settings.sections import SECTIONS
from postroom.settings.stored import content_of
from postroom.settings.stored_folder import Proposal, StoredFolder
from postroom.settings.taking import Propose
from postroom.settings.written import record
from postroom.settings.yaml_text import yaml_text

SECRETS_FOLDER = "secrets"


class Moved(Struct, frozen=True, kw_only=True):
    """The files of a folder: settings by their path, and the secrets that somebody has to fill in."""

    texts: tuple[tuple[str, str], ...]
    secrets: tuple[str, ...]


def taken_in(source: Path) -> Propose:
    """Proposes the tenants of that folder in place of those of the same names. Raises SettingsNotValid."""

    def propose(folder: StoredFolder, _now: Generation) -> Proposal:
        tenants, problems = load_tenants(source)
        if problems:
            raise SettingsNotValid(problems)
        return Proposal(contents={one.name: content_of(one, folder.desk.vault) for one in tenants})

    return propose


def channels_taken_in(tenant: str, file: Path) -> Propose:
    """Proposes the channels in that file for a tenant. Raises SettingsNotValid, ConfigurationError."""

    def propose(folder: StoredFolder, now: Generation) -> Proposal:
        space = now.tenant(tenant)
        if space is None:
            raise ConfigurationError(f"there is no tenant {tenant!r}")
        records = _records(file)
        edited = laid_over(folder.desk, space, SECTIONS["channels"], records)
        contents = {tenant: content_of(edited.tenant, folder.desk.vault)}
        return Proposal(contents=contents, problems=edited.problems, path=edited.path)

    return propose


def _records(file: Path) -> list[Record]:
    form = file.suffix.removeprefix(".")
    if form not in FORMS:
        raise ConfigurationError(f"{file} is not read: a file of channels is named {', '.join(FORMS)}")
    try:
        with file.open("rb") as opened:
            content = opened.read(UNPACKED + 1)
        if len(content) > UNPACKED:
            raise NotRecords("is larger than 100 MB")
        return records_in(content, form)
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}") from error
    except NotRecords as error:
        raise ConfigurationError(f"{file}: {error}") from error


def taken_out(generation: Generation) -> Moved:
    """The files that say the same as the generation, but for its secrets."""
    secrets = _Named()
    process = secrets.document(replace(generation.process, settings=SourceSettings()), "postroom")
    texts = [
        (f"{TENANTS_FOLDER}/{one.name}.yaml", yaml_text(secrets.document(one, one.name))) for one in generation.tenants
    ]
    return Moved(texts=((PROCESS_FILE, yaml_text(process)), *texts), secrets=tuple(secrets.names))


class _Named:
    """Gives each secret of documents a file of its own."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def document(self, value: Struct, name: str) -> Any:  # noqa: ANN401 as JSON has it
        """What is written of it, with references in place of secrets."""
        return self._named(record(value, lambda secret: secret), (name,))

    def _named(self, value: Any, trail: tuple[str, ...]) -> Any:  # noqa: ANN401 as JSON has it
        if isinstance(value, Secret):
            self.names.append(f"{SECRETS_FOLDER}/{'-'.join(trail)}")
            return f"file:{self.names[-1]}"
        if isinstance(value, dict):
            return {key: self._named(held, (*trail, key)) for key, held in value.items()}
        if isinstance(value, list):
            return [self._named(item, (*trail[:-1], name)) for name, item in _names(trail[-1], value)]
        return value


def _names(section: str, items: list[Any]) -> Iterator[tuple[str, Any]]:
    for index, item in enumerate(items):
        name = item.get("name") if isinstance(item, dict) else None
        yield f"{section}-{name or index}", item
