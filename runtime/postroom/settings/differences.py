"""What differs between two versions of a tenant's settings, by names of things and keys; never a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from postroom.ports.settings_versions import SettingsChange
from postroom.settings.sections import SECTIONS, Section
from postroom.settings.stored import Content


def differences(before: Content, after: Content) -> tuple[SettingsChange, ...]:
    """Every thing that was added, changed, removed or put elsewhere."""
    found = (_section(section, before.get(name), after.get(name)) for name, section in SECTIONS.items())
    return tuple(change for changes in found for change in changes)


def _section(section: Section, before: Any, after: Any) -> Iterator[SettingsChange]:  # noqa: ANN401 as JSON has it
    if before == after:
        return
    if not section.key:
        yield _changed(f"/{section.name}", before, after)
        return
    old = {one[section.key]: one for one in before or ()}
    new = {one[section.key]: one for one in after or ()}
    for name in old.keys() - new.keys():
        yield SettingsChange(path=f"/{section.name}/{name}", what="removed")
    for name, one in new.items():
        if name not in old:
            yield SettingsChange(path=f"/{section.name}/{name}", what="added")
        elif old[name] != one:
            yield _changed(f"/{section.name}/{name}", old[name], one)
    if [name for name in old if name in new] != [name for name in new if name in old]:
        yield SettingsChange(path=f"/{section.name}", what="reordered")


def _changed(path: str, before: Any, after: Any) -> SettingsChange:  # noqa: ANN401 as JSON has it
    is_of_keys = isinstance(before, Mapping) and isinstance(after, Mapping)
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)] if is_of_keys else []
    return SettingsChange(path=path, what="changed", keys=tuple(keys))
