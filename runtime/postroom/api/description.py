"""The description of the door (OpenAPI 3.1) at /schema: what the framework reads off the routes, made exact.

The framework knows paths and parameters. Bodies and answers are described by what encodes and decodes them; problems,
path parameters and groups are told from the routes for all of them alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
from litestar import Request, Response
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import Method
from litestar.types.internal_types import PathParameterDefinition
from msgspec import Struct

from postroom import __version__
from postroom.api import refusals
from postroom.api.auth import COOKIE
from postroom.api.policy import SHOWN_PREFIX
from postroom.api.problems import ProblemDetails

Json = Any
REF = "#/components/schemas/{name}"
JSON = "application/json"
_EMPTY = "204"

_NAMED: Mapping[str, str] = {
    "account": "The account of a user.",
    "conversation_id": "The id of a conversation, also of one that was laid into another.",
    "export_id": "The id of an export.",
    "gateway": "The name of a gateway.",
    "index": "Which file of the mail, from 0.",
    "mail_id": "The id of a mail.",
    "name": "The name of a thing of the section.",
    "number": "The number of a version of the settings.",
    "queue_name": "The name of a queue.",
    "receipt_id": "The id of a mail that waits for a person.",
    "reply_id": "The id of a reply.",
    "section_name": "A section of the settings, as `sections` of the overview names it.",
    "session_id": "The id of a session.",
    "tenant": "The name of the tenant.",
    "token_id": "The id of a token.",
}
"""What a path names."""

_ALSO: Mapping[str, tuple[str, str]] = {
    "GET /mails/{mail_id}/raw": ("206", "The range asked for."),
    "GET /mails/{mail_id}/attachments/{index}": ("206", "The range asked for."),
    "POST /queues/{queue_name}/pick": (_EMPTY, "Nobody waits."),
    "POST /settings/{section_name}": ("200", "With `dry_run`: what would come of it."),
}
"""Another answer that is no error."""

_BYTES: Mapping[str, str] = {"POST /channels/import": "application/octet-stream"}
"""Bodies that are no JSON."""

_NEED_KEY = frozenset(
    {"POST /conversations", "POST /sessions/{session_id}/replies", "POST /sessions/{session_id}/forward"}
)
"""Mails: one sent twice cannot be called back."""


def description(handlers: Sequence[HTTPRouteHandler]) -> OpenAPIConfig:
    """Say how the door is described that has those routes."""
    return OpenAPIConfig(
        title="Postroom",
        version=__version__,
        summary="The agents' door of an email channel runtime.",
        path="/schema",
        use_handler_docstrings=True,
        operation_id_creator=_operation_id,
        render_plugins=[_Exact(handlers)],
        components=Components(
            security_schemes={
                "token": SecurityScheme(type="http", scheme="bearer", description="An agent's or a program's token."),
                "cookie": SecurityScheme(
                    type="apiKey", name=COOKIE, security_scheme_in="cookie", description="A person's browser."
                ),
            }
        ),
    )


def _operation_id(handler: HTTPRouteHandler, _method: Method, _path: list[str | PathParameterDefinition]) -> str:
    return handler.handler_name


class _Exact(JsonRenderPlugin):
    """Serves the description as it is, for any viewer: no page here fetches scripts from anywhere."""

    def __init__(self, handlers: Sequence[HTTPRouteHandler]) -> None:
        super().__init__(path=["/openapi.json", "/"])
        self._handlers = handlers
        self._rendered = b""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Give the document; it is made once."""
        if not self._rendered:
            read = msgspec.json.decode(self.render_json(request, openapi_schema))
            self._rendered = msgspec.json.encode(described(read, self._handlers))
        return self._rendered


def described(document: Json, handlers: Sequence[HTTPRouteHandler]) -> Json:
    """The framework's document with every operation made exact."""
    kinds = {one.handler_name: _kinds(one) for one in handlers}
    structs = tuple({kind for pair in kinds.values() for kind in pair if kind is not None})
    found, components = msgspec.json.schema_components((*structs, ProblemDetails), ref_template=REF)
    shapes: dict[type | None, Json] = dict(zip(structs, found, strict=False))
    for name, operation in _operations(document):
        _make_exact(name, operation, *(shapes.get(kind) for kind in kinds[operation["operationId"]]))
    # Of what parameters refer to, the framework describes the enumerations alike.
    enumerations = {name: one for name, one in document["components"]["schemas"].items() if "enum" in one}
    document["components"]["schemas"] = {**enumerations, **dict(sorted(components.items()))}
    document["components"]["responses"] = refusals.responses()
    return document


def _kinds(handler: HTTPRouteHandler) -> tuple[type | None, type | None]:
    """What a route takes as its body and answers with, where that is a struct of ours."""
    hints = get_type_hints(handler.fn)
    answer = hints["return"]
    inside = get_args(answer)[0] if get_origin(answer) is Response else answer
    return _struct(hints.get("data")), _struct(inside)


def _struct(kind: object) -> type | None:
    return kind if isinstance(kind, type) and issubclass(kind, Struct) else None


def _operations(document: Json) -> Iterator[tuple[str, Json]]:
    """Every operation with its name as the policy has it."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path.removeprefix(SHOWN_PREFIX)}", operation


def _make_exact(name: str, operation: Json, body: Json | None, answer: Json | None) -> None:
    operation["tags"] = [name.split("/")[1]]
    for parameter in operation["parameters"]:
        _make_parameter_exact(name, parameter)
    if body is not None:
        operation["requestBody"]["content"] = {JSON: {"schema": body}}
    if name in _BYTES:
        operation["requestBody"] = {"content": {_BYTES[name]: {}}, "required": True}
    status, usual = next(iter(operation["responses"].items()))
    if answer is not None:
        usual["content"] = {JSON: {"schema": answer}}
    if status == _EMPTY:
        usual.pop("content", None)
    operation["responses"] = {status: usual, **_also(name, usual), **_refusals(name, operation)}


def _make_parameter_exact(name: str, parameter: Json) -> None:
    schema, is_query = parameter["schema"], parameter["in"] == "query"
    if parameter["in"] == "path":
        parameter["description"] = _NAMED[parameter["name"]]
    is_key = parameter["name"] == "Idempotency-Key"
    parameter["required"] |= parameter["name"] == "If-Match" or (is_key and name in _NEED_KEY)
    # In a query the word null is as nothing; a header field is what it says.
    for one in () if is_query else schema.pop("oneOf", ()):
        schema.update(one if one != {"type": "null"} else {})
    for bound in {"minimum", "maximum"} & schema.keys():
        schema[bound] = int(schema[bound])


def _also(name: str, usual: Json) -> dict[str, Json]:
    """What else a route answers that is no error."""
    if name not in _ALSO:
        return {}
    status, words = _ALSO[name]
    content = {} if status == _EMPTY else {"content": usual["content"]}
    return {status: {"description": words, **content}}


def _refusals(name: str, operation: Json) -> dict[str, Json]:
    found = sorted(set(refusals.refusals_of(name, operation)))
    return {str(status.value): refusals.reference(status) for status in found}
