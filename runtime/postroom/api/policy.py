"""Which role may ask which route: the one table, looked at before any route runs. What is not in it, nobody may.

How far a role reaches in what it may ask is access.py's and sight.py's.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Scope

from postroom.api.auth import Caller
from postroom.api.problems import problem
from postroom.ports.people import DESK, Role
from postroom.ports.people import Scope as Reach

PREFIX = "/api/v1/{tenant:str}"
SHOWN_PREFIX = "/api/v1/{tenant}"

_EVERYBODY = frozenset(Role)
_ADMINISTRATOR = frozenset({Role.ADMINISTRATOR})
_OVERSEERS = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})
_READERS = DESK | {Role.ADMINISTRATOR, Role.ROBOT}
_COMMANDERS = DESK | {Role.ADMINISTRATOR}
_WATCHERS = frozenset({Role.ADMINISTRATOR, Role.OPERATOR})

POLICY: Mapping[str, frozenset[Role]] = {
    "GET /me": _EVERYBODY,
    "PUT /me/state": DESK,
    "PUT /me/password": _EVERYBODY,
    "POST /sign-out": _EVERYBODY,
    "GET /work": DESK,
    "GET /queues": DESK,
    "POST /queues/{queue_name}/pick": DESK,
    "GET /events": DESK,
    "POST /sessions/{session_id}/accept": DESK,
    "POST /sessions/{session_id}/decline": DESK,
    "POST /sessions/{session_id}/end": DESK,
    "POST /sessions/{session_id}/park": DESK,
    "POST /sessions/{session_id}/unpark": DESK,
    "POST /sessions/{session_id}/wrap-up": DESK,
    "PUT /sessions/{session_id}/draft": DESK,
    "DELETE /sessions/{session_id}/draft": DESK,
    "POST /sessions/{session_id}/replies": DESK,
    "POST /sessions/{session_id}/replies/{reply_id}/withdraw": DESK,
    "POST /uploads": DESK,
    "POST /conversations": DESK,
    "POST /conversations/{conversation_id}/merge": _COMMANDERS,
    "POST /conversations/{conversation_id}/split": _COMMANDERS,
    "GET /sessions/{session_id}/drafts": _COMMANDERS,
    "POST /sessions/{session_id}/transfer": _COMMANDERS,
    "POST /sessions/{session_id}/file": _COMMANDERS,
    "POST /sessions/{session_id}/assign": _OVERSEERS,
    "GET /sessions": _OVERSEERS | {Role.ROBOT},
    "GET /offline-messages": _OVERSEERS | {Role.ROBOT},
    "GET /agents": _OVERSEERS | {Role.ROBOT},
    "GET /statistics": _COMMANDERS,
    "GET /conversations": _READERS,
    "GET /conversations/{conversation_id}": _READERS,
    "GET /mails": _READERS,
    "GET /mails/{mail_id}/trace": _READERS,
    "GET /mails/{mail_id}/text": _READERS,
    "GET /mails/{mail_id}/raw": _READERS,
    "GET /mails/{mail_id}/html": _READERS,
    "GET /mails/{mail_id}/attachments/{index}": _READERS,
    "GET /gateways": _WATCHERS,
    "POST /gateways/{gateway}/rebuild": _ADMINISTRATOR,
    "POST /gateways/{gateway}/disconnect": _ADMINISTRATOR,
    "POST /gateways/{gateway}/test": _ADMINISTRATOR,
    "GET /certificates": _WATCHERS,
    "GET /waiting-mails": _OVERSEERS | {Role.OPERATOR},
    "POST /waiting-mails/{receipt_id}/retry": _OVERSEERS,
    "POST /waiting-mails/{receipt_id}/release": _OVERSEERS,
    "POST /waiting-mails/{receipt_id}/route": _OVERSEERS,
    "GET /users": _ADMINISTRATOR,
    "POST /users": _ADMINISTRATOR,
    "PUT /users/{account}/password": _ADMINISTRATOR,
    "POST /users/{account}/disable": _ADMINISTRATOR,
    "POST /users/{account}/enable": _ADMINISTRATOR,
    "POST /users/{account}/revoke": _ADMINISTRATOR,
    "GET /tokens": _ADMINISTRATOR,
    "POST /tokens": _ADMINISTRATOR,
    "POST /tokens/{token_id}/revoke": _ADMINISTRATOR,
    "GET /audit": _ADMINISTRATOR,
    "POST /sessions/{session_id}/forward": DESK,
    "POST /sessions/{session_id}/notes": _COMMANDERS,
    "GET /sessions/{session_id}/canned-answers": DESK,
    "GET /mails/{mail_id}/proposals": DESK,
    "GET /exports": _ADMINISTRATOR,
    "POST /exports": _ADMINISTRATOR,
    "GET /exports/{export_id}": _ADMINISTRATOR,
    "GET /exports/{export_id}/file": _ADMINISTRATOR,
    "POST /channels/import": _ADMINISTRATOR,
    "GET /settings": _ADMINISTRATOR,
    "GET /settings/versions": _ADMINISTRATOR,
    "GET /settings/versions/{number}": _ADMINISTRATOR,
    "POST /settings/versions/{number}/restore": _ADMINISTRATOR,
    "GET /settings/{section_name}": _OVERSEERS,
    "PUT /settings/{section_name}": _ADMINISTRATOR,
    "PATCH /settings/{section_name}": _ADMINISTRATOR,
    "POST /settings/{section_name}": _ADMINISTRATOR,
    "GET /settings/{section_name}/{name}": _OVERSEERS,
    "PUT /settings/{section_name}/{name}": _ADMINISTRATOR,
    "PATCH /settings/{section_name}/{name}": _ADMINISTRATOR,
    "DELETE /settings/{section_name}/{name}": _ADMINISTRATOR,
}

WITHOUT_SIGN_IN = frozenset({"POST /sign-in"})
"""Asked by who is nobody yet."""


def name_of_route(scope: Scope) -> str:
    """The route of a request as the table names it."""
    return f"{scope.get('method')} {str(scope.get('path_template')).removeprefix(SHOWN_PREFIX)}"


def check_role(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Raise the 403 problem where the table does not give this route to the caller's role.

    What is an administrator's alone concerns the whole tenant: who administers a part of it could make himself more.
    """
    caller = connection.scope.get("user")
    allowed = POLICY.get(name_of_route(connection.scope), frozenset())
    if not isinstance(caller, Caller) or caller.role not in allowed:
        raise problem(HTTPStatus.FORBIDDEN, "This is not for your role.", "role")
    if allowed == _ADMINISTRATOR and caller.reach != Reach():
        raise problem(HTTPStatus.FORBIDDEN, "This is for who administers the whole tenant.", "reach")
