"""The settings of a configuration folder, wherever they are: in its files, or in its store."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from postroom.ports.settings_versions import SettingsVersion
from postroom.settings.load import Loaded, load, load_process
from postroom.settings.stored import Content, Document, load_stored
from postroom.store.kept_settings import newest_in

_CONTENT = msgspec.json.Decoder(Content)


def configuration(folder: Path) -> Loaded:
    """Read and check all settings, also while a service runs on them; blocking."""
    process, problems = load_process(folder)
    if problems or not process.settings.is_store:
        return load(folder)
    return load_stored(folder, documents(newest_in(Path(folder, process.store.folder))))


def documents(versions: Iterable[SettingsVersion]) -> tuple[Document, ...]:
    """The documents that these versions hold."""
    return tuple(
        Document(tenant=one.tenant, version=one.number, content=_CONTENT.decode(one.content)) for one in versions
    )
