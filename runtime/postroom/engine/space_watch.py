"""Says whether the store's disk has room for more mail; who reads mail asks before and meanwhile, and stops in time.

Mails that are already here are taken in, deleted and their sessions closed whatever it says.
"""

from __future__ import annotations

from collections.abc import Callable

from postroom.ports.world import Offload

LANE = "space"


class SpaceWatch:
    """Asks `has_room` (which blocks, and gets the octets of the largest mail to come) on a thread of its own."""

    def __init__(self, has_room: Callable[[int], bool], offload: Offload) -> None:
        self._has_room = has_room
        self._offload = offload

    async def why_not(self, largest: int) -> str:
        """Why no mail may be read now, in words; empty where it may."""
        try:
            has_room = await self._offload.run(LANE, self._has_room, largest)
        except OSError as error:
            return f"no mail is fetched: the room on the store's disk cannot be found out ({error.strerror or error})"
        if has_room:
            return ""
        return (
            "no mail is fetched: the store's disk has too little free space left; make room on it, and fetching goes"
            " on by itself"
        )
