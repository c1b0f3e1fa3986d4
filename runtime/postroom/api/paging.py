"""Long lists of sessions a page at a time, of which the caller may see only some.

`next` of one page is `after` of the following, and absent on the last. A page looks at a bounded number of sessions, so
one may be short and still have a next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

from litestar.params import QueryParameter

from postroom.session.state import Session

PAGE = 200
"""Rows read at once."""
LOOK_THROUGH = 2_000
"""Rows looked at for one answer, at most about so many."""

Cursor = Annotated[int, QueryParameter(ge=0, le=2**62, description="`next` of the page before.")]
Limit = Annotated[int, QueryParameter(ge=1, le=200, description="How many at most.")]


def page(
    rows: Callable[[int, int], Sequence[tuple[int, Session]]],
    is_wanted: Callable[[Session], bool],
    after: int,
    limit: int,
) -> tuple[list[Session], int | None]:
    """The sessions wanted of those after that number, and the number to go on after; None where there are no more.

    `rows` gives so many of the next sessions after a number, each with its own.
    """
    found: list[Session] = []
    for _ in range(LOOK_THROUGH // PAGE):
        some = rows(after, PAGE)
        for seq, session in some:
            after = seq
            if is_wanted(session):
                found.append(session)
            if len(found) == limit:
                return found, after
        if len(some) < PAGE:
            return found, None
    return found, after
