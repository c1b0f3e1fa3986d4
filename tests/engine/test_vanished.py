"""What the ledger forgets, and when: never a mail that could come in a second time."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from pathlib import Path

import pytest

from postroom.engine.vanished import LOOK_EVERY, MISSED_FOR, Vanished
from postroom.routing.outcome import Outcome
from tests.engine.room import RULES, Room, mail, open_room

KEPT = timedelta(days=60)
BEYOND = KEPT + timedelta(days=1)
WEEK = MISSED_FOR + timedelta(hours=1)


def passes(room: Room, time: timedelta) -> None:
    room.house.clock.passed += time.total_seconds()


async def looked(room: Room, *listed: str, by: Vanished | None = None) -> int:
    """A look by a process that has just begun, unless it is this one's."""
    looker = by or Vanished(room.house.store, room.house.clock)
    return await looker.look(RULES.gateway_key, set(listed), KEPT)


async def known(room: Room) -> Collection[str]:
    return {receipt.uid for receipt in await room.receipts()}


async def test_a_mail_long_gone_is_forgotten_when_it_was_missing_for_a_week(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        await room.take(mail(), mail("Other.", Message_ID="<2@x>"), uids=("gone", "there"))
        passes(room, BEYOND)
        assert await looked(room, "there") == 0
        passes(room, MISSED_FOR - timedelta(hours=1))
        assert await looked(room, "there") == 0
        assert await known(room) == {"gone", "there"}
        passes(room, timedelta(hours=1))
        assert await looked(room, "there") == 1
        assert await known(room) == {"there"}
        assert len(await room.mails()) == 2


async def test_a_mail_younger_than_the_retention_is_known_however_long_it_is_missing(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        await room.take(mail(), uids=("gone",))
        for _ in range(5):
            passes(room, WEEK)
            assert await looked(room) == 0
        assert await known(room) == {"gone"}


async def test_a_mail_that_is_listed_again_meanwhile_starts_anew(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        await room.take(mail(), uids=("shy",))
        passes(room, BEYOND)
        for listed in ((), ("shy",), ()):
            assert await looked(room, *listed) == 0
            passes(room, WEEK)
        assert await known(room) == {"shy"}
        assert await looked(room) == 1


async def test_bytes_that_are_still_listed_under_another_name_are_never_forgotten(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        await room.take(mail(), uids=("first",))
        await room.take(mail(), uids=("second",))
        passes(room, BEYOND)
        for _ in range(3):
            assert await looked(room, "second") == 0
            passes(room, WEEK)
        await room.take(mail(), uids=("third",))
        assert await room.outcomes() == [Outcome.CONVERSATION, Outcome.SEEN_AGAIN, Outcome.SEEN_AGAIN]
        assert len(await room.mails()) == 1


async def test_bytes_that_came_again_of_late_keep_what_is_known_of_them(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        await room.take(mail(), uids=("first",))
        passes(room, BEYOND)
        await looked(room)
        await room.take(mail(), uids=("second",))
        passes(room, WEEK)
        assert await looked(room, "second") == 0
        assert await known(room) == {"first", "second"}


async def test_once_all_of_the_same_bytes_are_gone_all_are_forgotten(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        await room.take(mail(), uids=("first",))
        await room.take(mail(), uids=("second",))
        passes(room, BEYOND)
        await looked(room)
        passes(room, WEEK)
        assert await looked(room) == 2
        assert await known(room) == set()


async def test_what_a_person_has_to_look_at_is_not_forgotten(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        await room.intake.receive(RULES, [room.too_large(b"Subject: big\r\n\r\n", "big", 99)])
        await room.intake.difficult.finish()
        passes(room, BEYOND)
        await looked(room)
        passes(room, WEEK)
        assert await looked(room) == 0
        assert "big" in await known(room)


async def test_a_process_looks_once_a_day_and_page_after_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postroom.engine.vanished.PAGE", 2)
    async with open_room(tmp_path) as room:
        mails = [mail(f"Mail {n}.", Message_ID=f"<{n}@x>") for n in range(5)]
        await room.take(*mails, uids=[f"uid{n}" for n in range(5)])
        passes(room, BEYOND)
        looker = Vanished(room.house.store, room.house.clock)
        await looked(room, by=looker)
        passes(room, timedelta(seconds=LOOK_EVERY / 2))
        assert await looked(room, "uid0", by=looker) == 0
        passes(room, WEEK)
        assert await looked(room, "uid1", by=looker) == 4
        assert await known(room) == {"uid1"}
