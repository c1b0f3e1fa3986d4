"""Which problems each route may answer with (RFC 9457), told from what the route is; the description names them.

Nothing is said of it on the routes themselves: a new one has its problems by its method, path, parameters and body.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from postroom.api.policy import WITHOUT_SIGN_IN
from postroom.api.problems import MEDIA_TYPE, ProblemDetails

Json = Any
Operation = Mapping[str, Json]

SCHEMA = ProblemDetails.__name__

_WORDS: Mapping[HTTPStatus, str] = {
    HTTPStatus.BAD_REQUEST: "The request cannot be read, or a mail came without its Idempotency-Key.",
    HTTPStatus.UNAUTHORIZED: "Nobody is signed in, or not any more.",
    HTTPStatus.FORBIDDEN: "It is not for the caller's role, or he may see it and not do that.",
    HTTPStatus.NOT_FOUND: "There is nothing here, or nothing that the caller may see.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This cannot be done here; Allow says what can.",
    HTTPStatus.REQUEST_TIMEOUT: "The body did not arrive in time.",
    HTTPStatus.CONFLICT: "It comes too late, is not possible now, or its Idempotency-Key was another request's.",
    HTTPStatus.GONE: "The bytes of this mail are not kept any more.",
    HTTPStatus.PRECONDITION_FAILED: "It was changed meanwhile: it is not what If-Match names.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "It is larger than is taken here.",
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE: "The file has none of the bytes asked for.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "It is not as it must be; `problems` says what is wrong, all of it.",
    HTTPStatus.PRECONDITION_REQUIRED: "A change needs If-Match.",
    HTTPStatus.TOO_MANY_REQUESTS: "There are too many requests; Retry-After says when to go on.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "The header fields are larger than is taken here.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something broke inside; it was written to the log.",
    HTTPStatus.SERVICE_UNAVAILABLE: "This cannot be done right now; Retry-After says when to try again.",
}

_HEADERS: Mapping[HTTPStatus, str] = {
    HTTPStatus.UNAUTHORIZED: "WWW-Authenticate",
    HTTPStatus.METHOD_NOT_ALLOWED: "Allow",
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE: "Content-Range",
    HTTPStatus.TOO_MANY_REQUESTS: "Retry-After",
    HTTPStatus.SERVICE_UNAVAILABLE: "Retry-After",
}

_EVERYWHERE = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_SIGNED_IN = (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
_READS_BODY = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
_UNDERSTANDS_BODY = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)
_IF_MATCH = (HTTPStatus.PRECONDITION_FAILED, HTTPStatus.PRECONDITION_REQUIRED)
_OF_BYTES = (HTTPStatus.GONE,)

OF_ITS_OWN: Mapping[str, tuple[HTTPStatus, ...]] = {
    "GET /mails/{mail_id}/raw": (*_OF_BYTES, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE),
    "GET /mails/{mail_id}/attachments/{index}": (*_OF_BYTES, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE),
    "GET /mails/{mail_id}/html": (*_OF_BYTES, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    "GET /mails/{mail_id}/text": _OF_BYTES,
    "GET /mails/{mail_id}/proposals": (*_OF_BYTES, HTTPStatus.CONFLICT),
    "GET /sessions/{session_id}/canned-answers": (HTTPStatus.CONFLICT,),
    "GET /exports/{export_id}/file": (HTTPStatus.CONFLICT,),
    "PATCH /settings/{section_name}": (HTTPStatus.METHOD_NOT_ALLOWED,),
}
"""What no rule tells of a route."""


def refusals_of(name: str, operation: Operation) -> Iterator[HTTPStatus]:
    """The statuses of every problem the route may answer with; `name` is as the policy names it."""
    is_open, has_body = name in WITHOUT_SIGN_IN, "requestBody" in operation
    given = {one["name"]: one["schema"] for one in operation["parameters"]}
    rules = (
        (True, _EVERYWHERE),
        (True, OF_ITS_OWN.get(name, ())),
        (not is_open, _SIGNED_IN),
        (not is_open and not name.startswith("GET "), (HTTPStatus.CONFLICT,)),
        (has_body or "Idempotency-Key" in given, _READS_BODY),
        (has_body, _UNDERSTANDS_BODY),
        ("If-Match" in given, _IF_MATCH),
        # Any text is a good name of something that is not there; every other parameter may be wrong.
        (any(schema != {"type": "string"} for schema in given.values()), (HTTPStatus.UNPROCESSABLE_ENTITY,)),
    )
    for holds, statuses in rules:
        if holds:
            yield from statuses


def responses() -> dict[str, Json]:
    """Every problem once, for the components of the description."""
    return {status.name: _response(status) for status in _WORDS}


def _response(status: HTTPStatus) -> Json:
    found: dict[str, Json] = {
        "description": _WORDS[status],
        "content": {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{SCHEMA}"}}},
    }
    if status in _HEADERS:
        found["headers"] = {_HEADERS[status]: {"schema": {"type": "string"}}}
    return found


def reference(status: HTTPStatus) -> Json:
    """How a route names a problem of the components."""
    return {"$ref": f"#/components/responses/{status.name}"}
