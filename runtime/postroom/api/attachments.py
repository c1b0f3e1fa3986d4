"""The files of a mail or draft as a request names them: bytes in base64 where they are few, else uploads."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

import structlog
from msgspec import Meta, Struct

from postroom.api.auth import Caller
from postroom.api.limits import INLINE_LIMIT
from postroom.api.parts import ApiParts
from postroom.api.problems import problem, refused
from postroom.api.ranges import OCTETS
from postroom.errors import PostroomError
from postroom.ports.desk import NewAttachment
from postroom.ports.records import DraftFile
from postroom.ports.store import Tx
from postroom.ports.uploads import Upload, Uploader
from postroom.session.state import SessionId

log = structlog.get_logger(__name__)


class AttachedFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file: its `content` in base64 (RFC 4648 §4), 4 MB of all files together; or the id of an `upload`.

    An upload is its uploader's, or of who has the session of a draft that names it.
    """

    name: Annotated[str, Meta(max_length=255)]
    content: bytes | None = None
    upload: Annotated[str, Meta(max_length=64)] = ""
    content_type: Annotated[str, Meta(max_length=127)] = ""
    """Without it the upload's, else application/octet-stream."""
    size: int | None = None
    """As a draft shows it; it is not looked at."""


Files = Annotated[tuple[AttachedFile, ...], Meta(max_length=100)]


async def attached(
    parts: ApiParts, caller: Caller, files: tuple[AttachedFile, ...], session: SessionId | None = None
) -> tuple[NewAttachment, ...]:
    """The files of a mail. Raises the 413 and 422 problems where they may not be."""
    check_inline(files)
    named = {file.upload for file in files if file.upload}
    found = await parts.store.read(lambda tx: _uploads(tx, caller, named, session)) if named else {}
    problems = [
        f"attachments[{place}].upload: there is no file of yours under this id; it may have expired: bring it again"
        for place, file in enumerate(files)
        if file.upload and file.upload not in found
    ]
    if problems:
        raise refused(*problems)
    return tuple(_attachment(parts, file, found.get(file.upload)) for file in files)


def check_inline(files: tuple[AttachedFile, ...]) -> None:
    """Raise the 413 and 422 problems of files that are too large for base64, or are not said in one way."""
    unclear = [place for place, file in enumerate(files) if (file.content is None) == (not file.upload)]
    if unclear:
        raise refused(*(f"attachments[{place}]: either `content` or `upload` says what is in it" for place in unclear))
    if sum(len(file.content or b"") for file in files) > INLINE_LIMIT:
        words = "All files in base64 together may be 4 MB; bring larger ones with POST /uploads, and name them."
        raise problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, words, "attachments-too-large")


def _uploads(tx: Tx, caller: Caller, wanted: set[str], session: SessionId | None) -> dict[str, Upload]:
    """Those of the uploads that the caller may use."""
    found = [one for name in wanted if (one := tx.uploads.get(name)) is not None]
    return {one.id: one for one in found if _may_use(tx, caller, one, session)}


def _may_use(tx: Tx, caller: Caller, upload: Upload, session: SessionId | None) -> bool:
    if upload.by.tenant != caller.tenant:
        return False
    return upload.by.account == caller.account or (session is not None and tx.uploads.is_named_in(upload.id, session))


def _attachment(parts: ApiParts, file: AttachedFile, upload: Upload | None) -> NewAttachment:
    if upload is None:
        return NewAttachment(name=file.name, content_type=file.content_type or OCTETS, content=file.content or b"")
    return NewAttachment(
        name=file.name,
        content_type=file.content_type or upload.content_type,
        content=parts.uploads.pieces(upload),
        size=upload.raw.size,
        upload=upload.id,
    )


async def for_draft(
    parts: ApiParts, caller: Caller, files: tuple[NewAttachment, ...], *, or_without: bool = False
) -> tuple[DraftFile, ...]:
    """The files as a draft keeps them: each an upload. `or_without` leaves out what cannot be kept."""
    kept = []
    for file in files:
        try:
            kept.append(await _draft_file(parts, caller, file))
        except PostroomError as error:
            if not or_without:
                raise
            log.warning("file_of_draft_not_kept", account=caller.account, name=file.name[:80], why=str(error))
    return tuple(kept)


async def _draft_file(parts: ApiParts, caller: Caller, file: NewAttachment) -> DraftFile:
    upload, size = file.upload, file.size
    if isinstance(file.content, bytes):
        by = Uploader(tenant=caller.tenant, account=caller.account)
        upload, size = (await parts.uploads.put(by, file.content_type, file.content)).id, len(file.content)
    return DraftFile(upload=upload, name=file.name, content_type=file.content_type, size=size)
