"""What stands for a draft (RFC 9110 §8.8.3), so that one window does not write over what another one wrote."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import Annotated

import msgspec
from litestar.di import NamedDependency
from litestar.params import HeaderParameter, SkipValidation
from msgspec import Struct

from postroom.api.problems import problem
from postroom.api.settings_taking import is_among
from postroom.ports.records import Draft

IfUnchanged = Annotated[
    str | None, HeaderParameter(name="If-Match", max_length=1000, description="The draft's ETag as it was read.")
]
IfNone = Annotated[
    str | None, HeaderParameter(name="If-None-Match", max_length=1000, description="`*`: only where there is no draft.")
]


class Unchanged(Struct, frozen=True, kw_only=True):
    """On what a change to a draft rests; on nothing where neither is given."""

    if_match: str | None = None
    if_none_match: str | None = None


Unless = NamedDependency[SkipValidation[Unchanged]]
"""How a route asks for it."""


def unless_of(if_match: IfUnchanged = None, if_none_match: IfNone = None) -> Unchanged:
    """The preconditions of a request."""
    return Unchanged(if_match=if_match, if_none_match=if_none_match)


def draft_tag(draft: Draft) -> str:
    """What stands for all that it says and when it was saved."""
    digest = hashlib.sha256(f"{draft.saved_at.isoformat()}\n".encode())
    digest.update(msgspec.json.encode(draft.content))
    return f'"{digest.hexdigest()[:32]}"'


def check_unchanged(draft: Draft | None, unless: Unchanged) -> None:
    """Raise the 412 problem where the caller's draft is not what he takes it for."""
    tag = draft_tag(draft) if draft is not None else None
    if unless.if_match is not None and not is_among(tag, unless.if_match):
        words = "Your draft was changed meanwhile: read it again." if draft else "You have no draft here any more."
        raise problem(HTTPStatus.PRECONDITION_FAILED, words, "changed-meanwhile")
    if unless.if_none_match is not None and is_among(tag, unless.if_none_match):
        words = "You have a draft here already: read it first."
        raise problem(HTTPStatus.PRECONDITION_FAILED, words, "changed-meanwhile")
