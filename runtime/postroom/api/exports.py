"""Exports: asked for as tasks, made in the background, and fetched as files until they expire."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Literal

from litestar import Request, Response, get, post
from litestar.params import FromPath, JSONBody
from litestar.response import Stream
from msgspec import Meta, Struct

from postroom.api.access import administered
from postroom.api.auth import SignedIn
from postroom.api.idempotency import Answer, Asked, as_response, ok, once
from postroom.api.parts import Parts
from postroom.api.problems import Problem, not_found, problem
from postroom.api.ranges import FileContent, file_answer
from postroom.ports.exports import ExportStatus, ExportTask
from postroom.ports.store import Topic, Tx
from postroom.settings.channel_records import MOST_RECORDS
from postroom.settings.schema import Tenant

KEPT_FOR = timedelta(hours=24)
MOST_RUNNING = 10
MOST_SHOWN = 100


class ExportBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is wanted: the channels named, or all, or their sessions; as CSV, or as lines of JSON.

    Of sessions, those opened from `since` on and before `until`.
    """

    what: Literal["channels", "sessions"] = "channels"
    form: Literal["csv", "jsonl"] = "jsonl"
    names: Annotated[tuple[Annotated[str, Meta(max_length=64)], ...], Meta(max_length=MOST_RECORDS + 1)] = ()
    since: Annotated[datetime, Meta(tz=True)] | None = None
    until: Annotated[datetime, Meta(tz=True)] | None = None


class ExportView(Struct, frozen=True, kw_only=True):
    """A task: `done` of `total` records; `words` say why it failed."""

    id: str
    what: str
    form: str
    status: str
    done: int
    total: int
    words: str
    by: str
    created_at: datetime
    expires_at: datetime


class ExportViews(Struct, frozen=True, kw_only=True):
    """The newest tasks first."""

    exports: tuple[ExportView, ...]


@post("/exports", summary="As administrator, export channels or sessions", status_code=HTTPStatus.ACCEPTED)
async def ask_export(parts: Parts, repeatable: Asked, data: JSONBody[ExportBody]) -> Response[ExportView]:
    """Take the task in; it is made in the background. Refused where there are too many records."""
    caller, now = repeatable.caller, parts.clock.now()
    tenant = administered(parts.current(), caller)
    counts = await parts.store.read(lambda tx: _counts(tx, tenant, data))
    total = _counted(counts, data.names)
    task = ExportTask(
        id=parts.ids.new(),
        tenant=tenant.name,
        actor=caller.account,
        what=data.what,
        form=data.form,
        names=data.names,
        since=data.since,
        until=data.until,
        created_at=now,
        expires_at=now + KEPT_FOR,
        total=total,
    )

    def unit(tx: Tx) -> Answer | Problem:
        if sum(one.tenant == tenant.name for one in tx.exports.running()) >= MOST_RUNNING:
            return problem(HTTPStatus.CONFLICT, f"{MOST_RUNNING} exports are running already.", "too-many-exports")
        tx.exports.save(task)
        tx.wake(Topic.EXPORTS)
        return ok(_view(task), HTTPStatus.ACCEPTED)

    return as_response(await once(parts, repeatable, unit))


@get("/exports", summary="As administrator, the exports")
async def read_exports(parts: Parts, caller: SignedIn) -> ExportViews:
    """Give the newest tasks."""
    tenant = administered(parts.current(), caller).name
    found = await parts.store.read(lambda tx: tx.exports.of_tenant(tenant, MOST_SHOWN))
    return ExportViews(exports=tuple(_view(one) for one in found))


@get("/exports/{export_id:str}", summary="As administrator, how far an export is")
async def read_export(parts: Parts, caller: SignedIn, export_id: FromPath[str]) -> ExportView:
    """Give the task."""
    tenant = administered(parts.current(), caller).name
    return _view(await parts.store.read(lambda tx: _task(tx, tenant, export_id)))


@get("/exports/{export_id:str}/file", summary="As administrator, the file of an export", media_type="application/zip")
async def read_export_file(
    parts: Parts, caller: SignedIn, request: Request[Any, Any, Any], export_id: FromPath[str]
) -> Stream:
    """Give the zip or the range asked for, until it expires."""
    tenant = administered(parts.current(), caller).name
    task = await parts.store.read(lambda tx: _task(tx, tenant, export_id))
    if task.status is not ExportStatus.SUCCESS:
        raise problem(
            HTTPStatus.CONFLICT, f"The export is {task.status.value}: {task.done} of {task.total}.", "no-file"
        )
    is_over = task.expires_at <= parts.clock.now()
    file = None if is_over else await parts.offload.run("exports", parts.export_file, task.id)
    if file is None:
        raise not_found()
    name = f"{tenant}-{task.what}.zip"
    return file_answer(request, parts.offload, FileContent(file), name, task.id, "application/zip")


def _counts(tx: Tx, tenant: Tenant, data: ExportBody) -> Mapping[str, int]:
    """How many records there are of each channel that may be selected."""
    channels = {one.name: 1 for one in tenant.channels}
    if data.what == "channels":
        return channels
    return {**dict.fromkeys(channels, 0), **tx.sessions.count_opened(tenant.name, (data.since, data.until))}


def _counted(counts: Mapping[str, int], names: tuple[str, ...]) -> int:
    """How many records it will be. Raises the 422 problem where one is not there, or they are too many."""
    unknown = [name for name in names if name not in counts][:20]
    if unknown:
        words = tuple(f"there is no channel {name!r}" for name in unknown)
        raise problem(HTTPStatus.UNPROCESSABLE_ENTITY, "Nothing is exported.", "invalid", problems=words)
    total = sum(counts[name] for name in set(names) or counts)
    if total > MOST_RECORDS:
        limit = f"{total:,} records are selected, and one export has at most {MOST_RECORDS:,}."
        raise problem(HTTPStatus.UNPROCESSABLE_ENTITY, limit, "too-many-records")
    return total


def _task(tx: Tx, tenant: str, task: str) -> ExportTask:
    found = tx.exports.get(task)
    if found is None or found.tenant != tenant:
        raise not_found()
    return found


def _view(task: ExportTask) -> ExportView:
    return ExportView(
        id=task.id,
        what=task.what,
        form=task.form,
        status=task.status.value,
        done=task.done,
        total=task.total,
        words=task.words,
        by=task.actor,
        created_at=task.created_at,
        expires_at=task.expires_at,
    )


ROUTES = (ask_export, read_exports, read_export, read_export_file)
