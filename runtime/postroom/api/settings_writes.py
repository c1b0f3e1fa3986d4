"""Settings as an administrator changes them: one thing or value at a time, each change a version and in force at once.

What a change rests on is said with If-Match; what breaks a rule changes nothing, and every broken rule is answered.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from litestar import MediaType, Response, delete, patch, post, put
from litestar.params import FromPath, JSONBody

from postroom.api.idempotency import Answer, answered_before
from postroom.api.idempotency import Asked as Repeated
from postroom.api.parts import ApiParts, Parts
from postroom.api.problems import Problem, not_found, problem
from postroom.api.settings_reads import Json, etag, place_of, section_of
from postroom.api.settings_taking import (
    Asked,
    Changed,
    DryRun,
    OnTerms,
    Terms,
    answer_headers,
    demand,
    edited,
    take,
    writer,
)
from postroom.settings.editing import (
    Desk,
    Edited,
    added,
    assigned,
    merged,
    removed,
    reordered,
    replaced,
    shown,
)
from postroom.settings.schema import Tenant
from postroom.settings.sections import Section

Given = Callable[[Json], Json]
"""What is to stand there, of what is shown there now."""


@post("/settings/{section_name:str}", summary="As administrator, add a thing to a section")
async def add_thing(
    parts: Parts,
    repeatable: Repeated,
    section_name: FromPath[str],
    data: JSONBody[dict[str, Any]],
    dry_run: DryRun = False,
) -> Response[Changed]:
    """Add it at the end. With an Idempotency-Key the same request again is answered the same and done once."""
    section, caller = _listed(section_name), repeatable.caller
    taking = writer(parts, caller)
    before = await answered_before(parts, repeatable)
    if before is not None:
        return _response(before)
    name = str(data.get(section.key, ""))[:100]
    asked = Asked(
        by=repeatable,
        action=f"add {section.name}/{name}",
        propose=edited(caller.tenant, lambda desk, tenant: added(desk, tenant, section, data)),
        shown=lambda tenant: _thing(section, tenant, len(section.held(tenant)) - 1),
        dry_run=dry_run,
        status=HTTPStatus.CREATED,
    )
    return _response(await take(parts, taking, asked))


@put("/settings/{section_name:str}/{name:str}", summary="As administrator, replace a thing of a section")
async def replace_thing(
    parts: Parts,
    terms: OnTerms,
    section_name: FromPath[str],
    name: FromPath[str],
    data: JSONBody[dict[str, Any]],
) -> Response[Changed]:
    """Put what is given in its place; what is left out has its default."""
    return await _change(parts, terms, (section_name, name), lambda _: data)


@patch("/settings/{section_name:str}/{name:str}", summary="As administrator, change some keys of a thing")
async def patch_thing(
    parts: Parts,
    terms: OnTerms,
    section_name: FromPath[str],
    name: FromPath[str],
    data: JSONBody[dict[str, Any]],
) -> Response[Changed]:
    """Lay what is given over what is there (RFC 7396); null gives a key its default again."""
    return await _change(parts, terms, (section_name, name), lambda now: merged(now, data))


@delete(
    "/settings/{section_name:str}/{name:str}", summary="As administrator, remove a thing", status_code=HTTPStatus.OK
)
async def remove_thing(
    parts: Parts,
    terms: OnTerms,
    section_name: FromPath[str],
    name: FromPath[str],
) -> Response[Changed]:
    """Remove it; refused, with counts, while open sessions use it."""
    section, taking = _listed(section_name), writer(parts, terms.caller)

    def edit(_: Desk, tenant: Tenant) -> Edited:
        index = place_of(section, tenant, name)
        demand(etag(section, section.held(tenant)[index]), terms)
        return removed(tenant, section, index)

    asked = Asked(
        by=terms.asked,
        action=f"remove {section.name}/{name}",
        propose=edited(terms.caller.tenant, edit),
        shown=lambda _: (None, ""),
        dry_run=terms.dry_run,
    )
    return _response(await take(parts, taking, asked))


@put("/settings/{section_name:str}", summary="As administrator, set a single value, or the order of a section")
async def set_section(
    parts: Parts,
    terms: OnTerms,
    section_name: FromPath[str],
    data: JSONBody[Any],
) -> Response[Changed]:
    """Set a value like `parameters`; of a section of things, `{"order": [NAME, ...]}` puts them in another order."""
    return await _set(parts, terms, section_of(section_name), lambda _: data)


@patch("/settings/{section_name:str}", summary="As administrator, change some keys of a single value")
async def patch_section(
    parts: Parts,
    terms: OnTerms,
    section_name: FromPath[str],
    data: JSONBody[dict[str, Any]],
) -> Response[Changed]:
    """Lay what is given over the value that is there (RFC 7396)."""
    section = section_of(section_name)
    if section.key:
        refusal = problem(HTTPStatus.METHOD_NOT_ALLOWED, "Things are changed one by one.", "one-by-one")
        # RFC 9110 §15.5.6
        raise Problem(refusal.details, {"Allow": "GET, POST, PUT"})
    return await _set(parts, terms, section, lambda now: merged(now, data))


async def _change(parts: ApiParts, terms: Terms, place: tuple[str, str], given: Given) -> Response[Changed]:
    section, name, taking = _listed(place[0]), place[1], writer(parts, terms.caller)

    def edit(desk: Desk, tenant: Tenant) -> Edited:
        index = place_of(section, tenant, name)
        one = section.held(tenant)[index]
        demand(etag(section, one), terms)
        return replaced(desk, tenant, section, index, given(shown(section, one)))

    asked = Asked(
        by=terms.asked,
        action=f"change {section.name}/{name}",
        propose=edited(terms.caller.tenant, edit),
        shown=lambda tenant: _thing(section, tenant, place_of(section, tenant, name)),
        dry_run=terms.dry_run,
    )
    return _response(await take(parts, taking, asked))


async def _set(parts: ApiParts, terms: Terms, section: Section, given: Given) -> Response[Changed]:
    taking = writer(parts, terms.caller)

    def edit(desk: Desk, tenant: Tenant) -> Edited:
        held = section.held(tenant)
        demand(etag(section, held), terms)
        if section.key:
            return _ordered(tenant, section, given(None))
        return assigned(desk, tenant, section, given(shown(section, held)))

    asked = Asked(
        by=terms.asked,
        action=f"{'order' if section.key else 'set'} {section.name}",
        propose=edited(terms.caller.tenant, edit),
        shown=lambda tenant: _whole(section, tenant),
        dry_run=terms.dry_run,
    )
    return _response(await take(parts, taking, asked))


def _ordered(tenant: Tenant, section: Section, given: Json) -> Edited:
    order = given.get("order") if isinstance(given, dict) and set(given) == {"order"} else None
    if not isinstance(order, list) or not all(isinstance(name, str) for name in order):
        words = 'A section of things takes `{"order": [NAME, ...]}` here.'
        raise problem(HTTPStatus.UNPROCESSABLE_ENTITY, words, "invalid")
    try:
        return reordered(tenant, section, order)
    except ValueError as error:
        raise problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"Not so: {error}.", "invalid") from error


def _listed(name: str) -> Section:
    section = section_of(name)
    if not section.key:
        raise not_found()
    return section


def _thing(section: Section, tenant: Tenant, index: int) -> tuple[Json, str]:
    one = section.held(tenant)[index]
    return shown(section, one), etag(section, one)


def _whole(section: Section, tenant: Tenant) -> tuple[Json, str]:
    held = section.held(tenant)
    return ([section.name_of(one) for one in held] if section.key else shown(section, held)), etag(section, held)


def _response(answer: Answer) -> Response[Any]:
    return Response(
        content=answer.body, status_code=answer.status, media_type=MediaType.JSON, headers=answer_headers(answer)
    )


ROUTES = (add_thing, replace_thing, patch_thing, remove_thing, set_section, patch_section)
