"""Every error as problem details (RFC 9457), in words for the caller; what broke inside is logged, never answered."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from msgspec import Struct

from postroom.api.headers import SAFE_HEADERS
from postroom.errors import TemporaryError
from postroom.ports.desk import Refused, Stale

log = structlog.get_logger(__name__)

# RFC 9457 §3: the media type of problem details
MEDIA_TYPE = "application/problem+json"
TRY_AGAIN_AFTER = "5"
MOST_PROBLEMS = 50
LONGEST_PROBLEM = 300

_TOO_LATE = "look at it again"


class BrokenRule(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A rule of settings that is broken; `pointer` (RFC 6901) where it is in what was sent, `key` in all settings."""

    key: str
    rule: str
    pointer: str = ""
    value: str = ""


class ProblemDetails(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An answer that is an error (RFC 9457 §3.1); `problems`, `holder` and `errors` are extension members (§3.2)."""

    title: str
    status: int
    type: str = "about:blank"
    detail: str = ""
    problems: tuple[str, ...] = ()
    holder: str = ""
    errors: tuple[BrokenRule, ...] = ()


class Problem(Exception):
    """A request that is answered with problem details."""

    def __init__(self, details: ProblemDetails, headers: dict[str, str] | None = None) -> None:
        super().__init__(details.detail or details.title)
        self.details = details
        self.headers = headers or {}


def problem(
    status: HTTPStatus, detail: str, kind: str = "", *, problems: tuple[str, ...] = (), holder: str = ""
) -> Problem:
    """Make a problem; `kind` names it for programs, nothing more is said than the status where it is empty."""
    name = f"urn:postroom:problem:{kind}" if kind else "about:blank"
    return Problem(
        ProblemDetails(title=status.phrase, status=status, type=name, detail=detail, problems=problems, holder=holder)
    )


def refused(*problems: str) -> Problem:
    """The 422 problem of a request that contradicts itself or names what is not there."""
    words = "The request is not as it must be."
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, words, "invalid", problems=problems)


def not_found() -> Problem:
    """There is nothing here, or nothing for this caller: the answer is the same."""
    return problem(HTTPStatus.NOT_FOUND, "There is nothing here that you may see.")


def stale(words: str, holder: str) -> Problem:
    """The session changed hands or ended meanwhile; `holder` is the name of who has it now, or empty."""
    detail = f"{words}: now with {holder}" if holder else f"{words}: {_TOO_LATE}"
    return problem(HTTPStatus.CONFLICT, detail, "stale", holder=holder)


def unauthorised(detail: str) -> Problem:
    """Nobody is signed in."""
    found = problem(HTTPStatus.UNAUTHORIZED, detail)
    # RFC 6750 §3: the challenge of a bearer token
    return Problem(found.details, {"WWW-Authenticate": 'Bearer realm="postroom"'})


def of_framework(error: HTTPException) -> Problem:
    """Say in our words what the framework refused."""
    status = HTTPStatus(error.status_code)
    if isinstance(error, ValidationException):
        problems = _validation_problems(error)
        return problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "The request is not as it must be.", "invalid", problems=problems
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return internal()
    found = problem(status, _WORDS.get(status, status.description or status.phrase))
    return Problem(
        found.details, {name: value for name, value in (error.headers or {}).items() if name.lower() == "allow"}
    )


_WORDS = {
    HTTPStatus.BAD_REQUEST: "The request cannot be read: its body must be JSON.",
    HTTPStatus.NOT_FOUND: "There is nothing here that you may see.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This cannot be done here; the Allow header says what can.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The request is larger than is taken here; bring files with POST /uploads.",
}


def internal() -> Problem:
    """Something broke inside; the log has it."""
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong here; it was written to the log.")


def _validation_problems(error: ValidationException) -> tuple[str, ...]:
    extra = error.extra if isinstance(error.extra, list) else []
    found = (_in_words(item) for item in extra if isinstance(item, dict))
    return tuple(words for words in found if words)[:MOST_PROBLEMS]


def _in_words(item: dict[str, Any]) -> str:
    name, message = str(item.get("key") or "body"), str(item.get("message") or "")
    if name == "data":
        name = "body"
    if message != repr(item.get("key")):
        return f"{name}: {message}"[:LONGEST_PROBLEM]
    # The framework names what it looked for and did not find, and the path's own tenant with it.
    return "" if name == "tenant" else f"{name}: it is missing"


def _of(error: Exception) -> Problem:
    match error:
        case Problem():
            return error
        case Refused():
            return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "Nothing was sent.", "refused", problems=error.problems)
        case Stale():
            return stale(error.words, error.holder)
        case HTTPException():
            return of_framework(error)
        case TemporaryError():
            log.warning("request_not_served", why=str(error))
            found = problem(HTTPStatus.SERVICE_UNAVAILABLE, "This cannot be done right now; try again in a moment.")
            return Problem(found.details, {"Retry-After": TRY_AGAIN_AFTER})
        case _:
            return internal()


def answer_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer any error of any route with problem details."""
    found = _of(error)
    if found.details.status >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(error, TemporaryError):
        log.error("request_failed", method=request.method, path=request.url.path, exc_info=error)
    return Response(
        content=msgspec.json.encode(found.details),
        status_code=found.details.status,
        media_type=MEDIA_TYPE,
        headers={**SAFE_HEADERS, **found.headers},
    )
