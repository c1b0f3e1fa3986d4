"""The right to hand a mail over: taken with its row, and asked for again before the mail is the server's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from postroom.ports.gateways import BeforeDot, SendOutcome
from tests.engine.outgoing import open_office, says


async def test_a_lease_lost_before_the_attempt_begins_hands_nothing_over(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250)) as office:
        reply = await office.reply(await office.assigned())
        (row,) = await office.due()
        await office.room.house.write(lambda tx: tx.outbox.reclaim())
        await office.delivery.perform(row)
        assert (office.gateway.handed, await office.attempts(reply)) == ([], [])
        assert await office.deliver() == 1
        assert len(office.gateway.handed) == 1


@pytest.mark.parametrize(
    ("passed", "is_reclaimed", "held"), [(18.0, False, True), (19.5, False, True), (19.5, True, False)]
)
async def test_a_lease_that_runs_out_is_asked_for_before_the_final_dot(
    tmp_path: Path, passed: float, is_reclaimed: bool, held: bool
) -> None:
    async with open_office(tmp_path, says(0)) as office:
        await office.reply(await office.assigned())
        (row,) = await office.due()
        send = office.gateway.send

        async def slow(sender: str, recipients: Sequence[str], raw: bytes, before_dot: BeforeDot) -> SendOutcome:
            office.room.house.clock.passed += passed * 60
            if is_reclaimed:
                await office.room.house.write(lambda tx: tx.outbox.reclaim())
            return await send(sender, recipients, raw, before_dot)

        office.gateway.send = slow  # type: ignore[method-assign] # a relay that takes its time
        await office.delivery.perform(row)
        assert office.gateway.handed[0].lease_held is held
