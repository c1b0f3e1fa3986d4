"""Channels taken in from a file like those that exports make: all of it one version, or nothing and every problem."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Literal

from litestar import Request, Response, post
from litestar.params import QueryParameter

from postroom.api.idempotency import Asked as Repeated
from postroom.api.idempotency import answered_before, as_response
from postroom.api.limits import IMPORT_LIMIT
from postroom.api.parts import Parts
from postroom.api.problems import problem
from postroom.api.settings_reads import Json
from postroom.api.settings_taking import Asked, Changed, DryRun, edited, take, writer
from postroom.settings.channel_file import records_in
from postroom.settings.channel_records import NotRecords
from postroom.settings.editing import laid_over
from postroom.settings.sections import SECTIONS

Form = Annotated[
    Literal["zip", "csv", "jsonl"],
    QueryParameter(description="What the body is: the zip of an export, or one part of it."),
]


@post(
    "/channels/import",
    summary="As administrator, take channels in from a file",
    status_code=HTTPStatus.OK,
    request_max_body_size=IMPORT_LIMIT,
)
async def import_channels(
    request: Request[Any, Any, Any], parts: Parts, repeatable: Repeated, form: Form = "zip", dry_run: DryRun = False
) -> Response[Changed]:
    """Replace channels of the names in the file and add the others; the rest stays as it is."""
    caller, section = repeatable.caller, SECTIONS["channels"]
    taking = writer(parts, caller)
    answer = await answered_before(parts, repeatable)
    if answer is None:
        records = await parts.offload.run("settings", _records, await request.body(), form)
        asked = Asked(
            by=repeatable,
            action=f"import {len(records)} channels",
            propose=edited(caller.tenant, lambda desk, tenant: laid_over(desk, tenant, section, records)),
            shown=lambda _: (len(records), ""),
            dry_run=dry_run,
        )
        answer = await take(parts, taking, asked)
    return as_response(answer)


def _records(body: bytes, form: str) -> list[Json]:
    """Every record of the file. Raises the 422 problem with the part and line that is wrong."""
    try:
        return records_in(body, form)
    except NotRecords as error:
        words = "This is no file of channels."
        raise problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, words, "no-file-of-channels", problems=(str(error)[:300],)
        ) from error


ROUTES = (import_channels,)
