"""A mail's octets as the reader of its parts needs them: all in memory, or a file of which a little is."""

from __future__ import annotations

from typing import Protocol


class Octets(Protocol):
    """What `bytes` can do of it, with the same meaning; a slice is as large as it is asked for."""

    def __len__(self) -> int:
        """How many there are."""
        ...

    def __getitem__(self, where: slice, /) -> bytes:
        """Some of them."""
        ...

    def find(self, wanted: bytes, start: int = ..., end: int = ..., /) -> int:
        """Where these octets are first found, or -1."""
        ...

    def startswith(self, wanted: bytes, start: int = ..., end: int = ..., /) -> bool:
        """Whether they stand at `start`."""
        ...
