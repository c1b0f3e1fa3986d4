"""The key ring that signs our Message-IDs: made once, kept beside the database, readable by its owner only."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from postroom.errors import ConfigurationError
from postroom.mail.tokens import KeyRing
from postroom.store.database import sync_folder

NAME = "keys.json"


class KeyFile(msgspec.Struct, frozen=True, kw_only=True):
    """The file's content: keys by id, in base64, and the id of the one that signs."""

    current: str
    keys: dict[str, bytes]


def key_ring(folder: Path, new_key: Callable[[], str]) -> KeyRing:
    """The folder's key ring, made with one key when there is none. Raises ConfigurationError where it is unreadable.

    Losing the file loses no mail: replies to older mails are then found by plain References only.
    """
    path = folder / NAME
    if not path.exists():
        _create(path, KeyFile(current="1", keys={"1": new_key().encode()}))
    try:
        content = msgspec.json.decode(path.read_bytes(), type=KeyFile)
    except (OSError, msgspec.MsgspecError) as error:
        raise ConfigurationError(f"{path}: the key ring cannot be read: {error}") from error
    return KeyRing(current=content.current, keys=content.keys)


def _create(path: Path, content: KeyFile) -> None:
    """Write whole or not at all, never readable by others."""
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(content))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(path.parent)
