"""Uploads over SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from postroom.ports.records import RawRef
from postroom.ports.uploads import Upload, Uploader
from postroom.session.state import SessionId
from postroom.store.columns import to_micros, to_time
from postroom.store.connection import Connection, Row
from postroom.store.queries import queries

_SQL = queries("uploads")


class SqlUploads:
    """ports.uploads.Uploads."""

    __slots__ = ("_db",)

    def __init__(self, db: Connection) -> None:
        self._db = db

    def add(self, upload: Upload) -> None:
        """Keep one."""
        self._db.run(
            _SQL["uploads_add"],
            (
                upload.id,
                upload.by.tenant,
                upload.by.account,
                upload.raw.sha256,
                upload.raw.size,
                upload.raw.small,
                upload.content_type,
                to_micros(upload.created_at),
                to_micros(upload.expires_at),
            ),
        )

    def get(self, upload: str) -> Upload | None:
        """That one, or None."""
        row = self._db.one(_SQL["uploads_get"], (upload,))
        return _upload(row) if row else None

    def like(self, by: Uploader, sha256: str) -> Upload | None:
        """One of that uploader's with these bytes, or None."""
        row = self._db.one(_SQL["uploads_like"], (by.tenant, by.account, sha256))
        return _upload(row) if row else None

    def held(self, by: Uploader) -> tuple[int, int]:
        """How many files that uploader has here, and how many octets they have together."""
        ((count, octets),) = self._db.all(_SQL["uploads_held"], (by.tenant, by.account))
        return count, octets

    def expire_at(self, upload: str, when: datetime) -> None:
        """Let it be kept until then."""
        self._db.run(_SQL["uploads_expire_at"], (to_micros(when), upload))

    def is_named_in(self, upload: str, session: SessionId) -> bool:
        """Whether a draft of that session names it."""
        return self._db.one(_SQL["uploads_in_session"], (upload, session)) is not None

    def drop_expired(self, now: datetime, limit: int) -> Sequence[str]:
        """Forget at most so many whose time is over and that no draft names; gives their ids."""
        dropped = [row[0] for row in self._db.all(_SQL["uploads_drop_expired"], (to_micros(now), limit))]
        self._db.many(_SQL["uploads_forget_names"], [(one,) for one in dropped])
        return dropped

    def known(self, uploads: Collection[str]) -> set[str]:
        """Those of these ids that there are."""
        return {row[0] for row in self._db.all_in(_SQL["uploads_known"], (), list(uploads))}


def _upload(row: Row) -> Upload:
    return Upload(
        id=row[0],
        by=Uploader(tenant=row[1], account=row[2]),
        raw=RawRef(sha256=row[3], size=row[4], small=row[5]),
        content_type=row[6],
        created_at=to_time(row[7]),
        expires_at=to_time(row[8]),
    )
