"""Small private things that outlive the process, by name: a rotated token, a gateway that was switched off."""

from __future__ import annotations

from typing import Protocol


class Keeper(Protocol):
    """Keeps a few octets under a name of letters, digits, `_`, `-` and `.`; each method raises TemporaryError."""

    async def read(self, name: str) -> bytes | None:
        """What was kept last; None where nothing is."""
        ...

    async def keep(self, name: str, content: bytes) -> None:
        """Keep this from now on; whole and on disk when it returns, whatever happens to the process."""
        ...

    async def drop(self, name: str) -> None:
        """Keep nothing under the name."""
        ...
