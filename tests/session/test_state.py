"""What a session says of itself."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from postroom.session.state import Phase
from tests.session.making import EVERY_PHASE, assigned, offered

HOLDERS = {Phase.OFFERED: "anna", Phase.ASSIGNED: "anna", Phase.WRAP_UP: "anna"}
OWNERS = HOLDERS | {Phase.OFFERED: "", Phase.AWAITING_CUSTOMER: "anna", Phase.ENDED: "anna"}


@pytest.mark.parametrize("phase", list(Phase))
def test_an_offer_work_and_writing_up_take_a_place_and_nothing_else_does(phase: Phase) -> None:
    session = EVERY_PHASE[phase]()
    assert session.phase is phase
    assert session.holder == HOLDERS.get(phase)
    assert session.owner == OWNERS.get(phase, "")
    assert session.is_open is (phase is not Phase.ENDED)


def test_what_is_put_aside_takes_none() -> None:
    assert replace(assigned(), parked_since=assigned().opened_at).holder is None
    assert replace(offered(), offer=None).holder is None
