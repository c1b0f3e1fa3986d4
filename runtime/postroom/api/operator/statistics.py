"""A tenant's figures over a span of time, for who runs the service."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from litestar import get
from litestar.params import QueryParameter

from postroom.api.figures import Figures
from postroom.api.operator.parts import Parts
from postroom.api.problems import problem
from postroom.api.spans import Since, Until, everything, figures_of, span_of

OfTenant = Annotated[str | None, QueryParameter(description="The tenant; needed where there are several.")]


@get("/statistics", summary="Figures of channels, queues and agents over a span of time")
async def read_statistics(parts: Parts, tenant: OfTenant = None, since: Since = None, until: Until = None) -> Figures:
    """Give the figures of at most 92 days, and what waits now."""
    tenants = [one for one in parts.current().tenants if tenant in {None, one.name}]
    if len(tenants) != 1:
        words = "No tenant has this name." if tenant else "There are several tenants: name one."
        raise problem(HTTPStatus.NOT_FOUND if tenant else HTTPStatus.UNPROCESSABLE_ENTITY, words, "tenant")
    span = span_of(since, until, parts.time.now())
    return await figures_of(parts.store, parts.offload, tenants[0], span, everything())


ROUTES = (read_statistics,)
