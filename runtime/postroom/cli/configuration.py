"""Reads the settings that a verb works on, wherever they are."""

from __future__ import annotations

from pathlib import Path

from postroom.settings.load import Loaded, load, load_process


def settings_of(folder: Path) -> Loaded:
    """The settings of a configuration folder, from its files or its store; blocking."""
    process, problems = load_process(folder)
    if problems or not process.settings.is_store:
        return load(folder)
    # only here: reading files alone needs no web server and no store
    from postroom.wiring import configuration

    return configuration(folder)
