"""How a change to settings over this door is taken: who may, on what it must rest, and how a refusal is answered."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import nullcontext
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from litestar import Request
from litestar.di import NamedDependency
from litestar.params import HeaderParameter, QueryParameter, SkipValidation
from msgspec import Struct
from msgspec.structs import replace

from postroom.api.access import administered
from postroom.api.auth import Caller, SignedIn
from postroom.api.idempotency import Answer, Repeatable, asked_of, audit_entry, keep, refusals_written
from postroom.api.parts import ApiParts
from postroom.api.problems import MOST_PROBLEMS, BrokenRule, Problem, not_found, problem
from postroom.api.settings_reads import Json
from postroom.api.settings_source import READ_ONLY
from postroom.errors import ConfigurationError
from postroom.ports.store import Tx
from postroom.settings.editing import Desk, Edited
from postroom.settings.problem import Problem as BrokenSetting
from postroom.settings.refusals import SettingsNotValid
from postroom.settings.schema import Generation, Tenant
from postroom.settings.stored import content_of
from postroom.settings.stored_folder import Proposal, StoredFolder
from postroom.settings.taking import Also, By, Propose, Taken, Taking

IfMatch = Annotated[
    str | None,
    HeaderParameter(name="If-Match", max_length=1000, description="The ETag of what is to be changed; it is needed."),
]
DryRun = Annotated[bool, QueryParameter(description="Only say whether it would be taken, and change nothing.")]
_TAG = re.compile(r'"[!#-~]{0,100}"')
_STEP = re.compile(r"[^.\[\]]+")


class Terms(Struct, frozen=True, kw_only=True):
    """Who asks for a change, and on what terms."""

    asked: Repeatable
    if_match: str | None = None
    dry_run: bool = False

    @property
    def caller(self) -> Caller:
        """Who asks."""
        return self.asked.caller


OnTerms = NamedDependency[SkipValidation[Terms]]
"""How a route asks for them."""


def terms_of(
    request: Request[Any, Any, Any], caller: SignedIn, if_match: IfMatch = None, dry_run: DryRun = False
) -> Terms:
    """The terms of a request."""
    return Terms(asked=asked_of(request, caller), if_match=if_match, dry_run=dry_run)


class Warned(Struct, frozen=True, kw_only=True):
    """Something that is allowed and worth a look."""

    key: str
    rule: str


class Changed(Struct, frozen=True, kw_only=True):
    """What came of a change; with `dry_run`, what would come of it."""

    version: int
    dry_run: bool = False
    etag: str = ""
    item: Json = None
    warnings: tuple[Warned, ...] = ()


Edit = Callable[[Desk, Tenant], Edited]
"""Makes the change to a tenant, or raises the problem that stands against it. Blocking."""
Shown = Callable[[Tenant], tuple[Json, str]]
"""What to answer with of the changed tenant: an item and its ETag."""


class Asked(Struct, frozen=True, kw_only=True):
    """One change, as its resource asks for it."""

    by: Repeatable
    """Whose write it is, for the audit log and for the same request again."""
    action: str
    propose: Propose
    shown: Shown
    dry_run: bool = False
    status: HTTPStatus = HTTPStatus.OK


def writer(parts: ApiParts, caller: Caller) -> Taking:
    """Who takes changes. Raises the 403 and 409 problems where the caller, or anybody, may make none here."""
    administered(parts.current(), caller)
    if parts.settings is None:
        raise problem(HTTPStatus.CONFLICT, READ_ONLY, "settings-read-only")
    return parts.settings


def edited(tenant: str, edit: Edit) -> Propose:
    """The proposal that one edit makes."""

    def propose(folder: StoredFolder, generation: Generation) -> Proposal:
        now = generation.tenant(tenant)
        if now is None:
            raise not_found()
        found = edit(folder.desk, now)
        contents = {tenant: content_of(found.tenant, folder.desk.vault)}
        return Proposal(contents=contents, problems=found.problems, path=found.path)

    return propose


async def take(parts: ApiParts, taking: Taking, asked: Asked) -> Answer:
    """Take the change and answer it. Raises the 422 problem with every broken rule, and the 409 problem."""
    answers = list[Answer]()

    def also(tx: Tx, taken: Taken) -> None:
        now = parts.clock.now()
        answers.append(answer := _answer(taking, asked, taken))
        tx.audit.add(audit_entry(asked.by, now, answer))
        keep(tx, asked.by, answer, now)

    # Who only wants to know does nothing that could be refused.
    async with nullcontext() if asked.dry_run else refusals_written(parts, asked.by):
        taken = await _taken(taking, asked, also)
    return answers[-1] if answers else _answer(taking, asked, taken)


async def _taken(taking: Taking, asked: Asked, also: Also) -> Taken:
    by = By(actor=asked.by.caller.account, action=asked.action)
    try:
        return await taking.take(asked.propose, by, dry_run=asked.dry_run, also=also)
    except SettingsNotValid as error:
        raise not_valid(error) from error
    except ConfigurationError as error:
        words = tuple(str(error).splitlines())[:MOST_PROBLEMS]
        raise problem(
            HTTPStatus.CONFLICT, "The present work stands against it.", "settings-in-use", problems=words
        ) from error


def demand(tag: str, terms: Terms) -> None:
    """Raise the 428 problem where no precondition was given, the 412 problem where it does not hold."""
    if_match = terms.if_match
    if if_match is None:
        # RFC 6585 §3
        raise problem(
            HTTPStatus.PRECONDITION_REQUIRED, "Say with If-Match what you change: its ETag.", "needs-if-match"
        )
    if not is_among(tag, if_match):
        raise problem(HTTPStatus.PRECONDITION_FAILED, "It was changed meanwhile: read it again.", "changed-meanwhile")


def is_among(tag: str | None, given: str) -> bool:
    """Whether the field names that tag; `*` is any, and no tag is none (RFC 9110 §13.1.1)."""
    if tag is None:
        return False
    # A strong comparison, which a weak one never passes.
    return given.strip() == "*" or ("W/" not in given and tag in _TAG.findall(given))


def not_valid(error: SettingsNotValid) -> Problem:
    """Every broken rule, in words and for programs."""
    found = problem(HTTPStatus.UNPROCESSABLE_ENTITY, "Nothing was changed: rules are broken.", "settings-not-valid")
    rules = tuple(_rule(one, error.path) for one in error.problems[:MOST_PROBLEMS])
    return Problem(replace(found.details, errors=rules, problems=tuple(f"{one.key}: {one.rule}" for one in rules)))


def _rule(broken: BrokenSetting, path: str) -> BrokenRule:
    is_given = bool(path) and (broken.key == path or broken.key.startswith((f"{path}.", f"{path}[")))
    steps = _STEP.findall(broken.key[len(path) :]) if is_given else []
    # RFC 6901 §3
    pointer = "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)
    return BrokenRule(key=broken.key, rule=broken.rule, value=broken.value, pointer=f"#{pointer}" if is_given else "")


def _answer(taking: Taking, asked: Asked, taken: Taken) -> Answer:
    tenant = taken.generation.require(asked.by.caller.tenant)
    item, tag = asked.shown(tenant)
    number = next((one.number for one in taken.versions if one.tenant == tenant.name), taking.version(tenant.name))
    warnings = tuple(
        Warned(key=one.key, rule=one.rule) for one in taken.warnings if one.file == f"tenant {tenant.name}"
    )
    changed = Changed(version=number, dry_run=asked.dry_run, etag=tag, item=item, warnings=warnings[:MOST_PROBLEMS])
    status = HTTPStatus.OK if asked.dry_run else asked.status
    return Answer(status=status, body=msgspec.json.encode(changed))


def answer_headers(answer: Answer) -> dict[str, str]:
    """The ETag of what is answered."""
    found: dict[str, Any] = msgspec.json.decode(answer.body)
    return {"ETag": found["etag"]} if found["etag"] else {}
