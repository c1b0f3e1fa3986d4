"""Where files of agents come in before they are sent, and how who composes a mail reads them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Protocol

from postroom.ports.store import Tx
from postroom.ports.uploads import Pieces, Upload, Uploader


class UploadDesk(Protocol):
    """Takes files in. Whatever becomes of a caller or this process, nothing is left behind for longer than an hour."""

    async def check_room(self, by: Uploader) -> None:
        """Raise TooManyUploads where that uploader may bring no more now, TemporaryError where the disk has no room."""
        ...

    async def take(
        self, by: Uploader, content_type: str, chunks: AsyncIterator[bytes], also: Callable[[Tx, Upload], None]
    ) -> Upload:
        """Keep what comes, and commit `also` with it. Raises UploadTooLarge, TooManyUploads and TemporaryError."""
        ...

    async def put(self, by: Uploader, content_type: str, content: bytes) -> Upload:
        """Keep bytes that are here already, once however often the same are brought. Raises as take()."""
        ...

    def pieces(self, upload: Upload) -> Pieces:
        """How its bytes are read."""
        ...
