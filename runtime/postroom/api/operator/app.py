"""The operator's door put together: /operator/v1, with the same bounds and the same errors as the agents' door.

Nobody signs in here: who can open the socket is the operator.
"""

from __future__ import annotations

from litestar import Litestar, Router
from litestar.datastructures import ResponseHeader
from litestar.di import Provide
from litestar.exceptions import HTTPException

from postroom.api.headers import SAFE_HEADERS
from postroom.api.limits import BODY_LIMIT, BoundedRequest, Bounds
from postroom.api.operator import audit, clock, gateways, mails, pauses, settings, statistics, trace, users
from postroom.api.operator.parts import OperatorParts
from postroom.api.problems import answer_error

PREFIX = "/operator/v1"


def create_operator_app(parts: OperatorParts) -> Litestar:
    """Build the application."""
    router = Router(
        path=PREFIX,
        route_handlers=[
            *mails.ROUTES,
            *gateways.ROUTES,
            *pauses.ROUTES,
            *clock.ROUTES,
            *trace.ROUTES,
            *settings.ROUTES,
            *users.ROUTES,
            *statistics.ROUTES,
            *audit.ROUTES,
        ],
        middleware=[Bounds()],
        response_headers=[ResponseHeader(name=name, value=value) for name, value in SAFE_HEADERS.items()],
    )
    return Litestar(
        route_handlers=[router],
        dependencies={"parts": Provide(lambda: parts, sync_to_thread=False)},
        exception_handlers={HTTPException: answer_error, Exception: answer_error},
        request_class=BoundedRequest,
        request_max_body_size=BODY_LIMIT,
        openapi_config=None,
        logging_config=None,
        debug=False,
    )
