"""The bytes of a reply, rendered once and sent the same in every attempt."""

from __future__ import annotations

from postroom.ports.records import Reply
from postroom.ports.store import Blobs
from postroom.ports.world import Offload


class Rendered:
    """Where they are read."""

    def __init__(self, blobs: Blobs, offload: Offload) -> None:
        self._blobs = blobs
        self._offload = offload

    async def bytes_of(self, reply: Reply) -> bytes:
        """All bytes; small ones came with their row. Raises PermanentError where they are lost."""
        if reply.raw.small is not None:
            return self._blobs.read(reply.raw)
        return await self._offload.run("blobs", self._blobs.read, reply.raw)
