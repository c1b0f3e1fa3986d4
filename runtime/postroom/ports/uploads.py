"""Files that agents bring before they send them: kept for a while, for mails and drafts to name. Sizes are octets."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from postroom.errors import PermanentError
from postroom.ports.gateways import Spool
from postroom.ports.records import RawRef
from postroom.session.state import SessionId

LARGEST_UPLOAD = 25 * 1024 * 1024

Pieces = Callable[[], Iterator[bytes]]
"""Reads a file from its beginning, a piece after the other; blocking. Raises Refused where it is gone."""


class UploadTooLarge(PermanentError):
    """The file is larger than one may be."""


class TooManyUploads(PermanentError):
    """Its uploader has too many files here that are not sent yet, or too much in them."""


class Uploader(Struct, frozen=True, kw_only=True):
    """Who brings a file: an account of a tenant."""

    tenant: str
    account: str


class Upload(Struct, frozen=True, kw_only=True):
    """One file; its bytes are in the row where they are few, else in a file of the id's name."""

    id: str
    by: Uploader
    raw: RawRef
    content_type: str
    created_at: datetime
    expires_at: datetime
    """When it may go, unless a draft names it."""


class Uploads(Protocol):
    """The rows of uploads."""

    def add(self, upload: Upload) -> None:
        """Keep one."""
        ...

    def get(self, upload: str) -> Upload | None:
        """That one, or None."""
        ...

    def like(self, by: Uploader, sha256: str) -> Upload | None:
        """One of that uploader's with these bytes, or None."""
        ...

    def held(self, by: Uploader) -> tuple[int, int]:
        """How many files that uploader has here, and how many octets they have together."""
        ...

    def expire_at(self, upload: str, when: datetime) -> None:
        """Let it be kept until then."""
        ...

    def is_named_in(self, upload: str, session: SessionId) -> bool:
        """Whether a draft of that session names it."""
        ...

    def drop_expired(self, now: datetime, limit: int) -> Sequence[str]:
        """Forget at most so many whose time is over and that no draft names; gives their ids."""
        ...

    def known(self, uploads: Collection[str]) -> set[str]:
        """Those of these ids that there are."""
        ...


class UploadFiles(Protocol):
    """The bytes of uploads, each in a file of its own. Everything here blocks, and raises TemporaryError."""

    def begin(self, name: str) -> Spool:
        """A spool for the bytes of a new one."""
        ...

    def keep(self, spool: Spool, name: str) -> RawRef:
        """Make what was written durable, under the name where it is much."""
        ...

    def pieces(self, name: str, raw: RawRef) -> Iterator[bytes]:
        """Its bytes. Raises FileNotFoundError where they are gone."""
        ...

    def names(self) -> Sequence[str]:
        """The names under which there is anything."""
        ...

    def drop(self, name: str) -> None:
        """Remove what there is under the name."""
        ...
