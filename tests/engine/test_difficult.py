"""Mails that break, hang or kill whoever reads them: set aside with the reason, and nobody waits for them."""

from __future__ import annotations

import asyncio
import sys
import threading
from pathlib import Path
from typing import IO

import pytest

from postroom.engine import difficult, readers
from postroom.errors import PermanentError, TemporaryError
from postroom.mail.limits import LIMITS
from postroom.mail.message import Message
from postroom.mail.parse import parse
from postroom.ports.records import RawRef, Receipt
from postroom.ports.store import Tx
from postroom.routing.outcome import Outcome
from tests.engine.room import RULES, Room, mail, open_room, trace_of

CHILD = (sys.executable, "-m", "tests.engine.reader_children")


def poison(word: str, number: int = 0) -> bytes:
    return mail(f"POISON-{word} {number}", Message_ID=f"<{word}{number}@example.com>", Subject=f"poison {word}")


def good(number: int) -> bytes:
    return mail(f"Mail {number}.", Message_ID=f"<good{number}@example.com>", Subject=f"good {number}")


@pytest.fixture
def thread_refuses_poison(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The first reader breaks on what says so, as a parser with a fault would; gives what it was shown."""
    seen: list[bytes] = []

    def fragile(raw: bytes) -> Message:
        seen.append(raw)
        if b"POISON" in raw:
            raise ValueError("the parser broke")
        return parse(raw)

    monkeypatch.setattr(readers, "parse", fragile)
    return seen


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("RAISE", "reading it needed more than its reader is allowed"),
        ("EXIT", "its reader's answer makes no sense"),
        ("SEGV", "reading it ended the reader by signal 11"),
        ("MEMORY", "reading it needed more than its reader is allowed"),
        ("NONSENSE", "its reader's answer makes no sense"),
        ("LOOP", "reading it ended the reader by signal 24"),
    ],
)
async def test_after_three_readings_a_mail_is_in_quarantine_with_its_reason(
    tmp_path: Path, thread_refuses_poison: list[bytes], word: str, reason: str
) -> None:
    async with open_room(tmp_path, CHILD) as room:
        raws = [good(1), poison(word), good(2)]
        assert len(await room.take(*raws)) == 3
        assert await room.outcomes() == [Outcome.CONVERSATION, Outcome.QUARANTINED, Outcome.CONVERSATION]
        (receipt,) = [one for one in await room.receipts() if one.outcome is Outcome.QUARANTINED]
        assert (receipt.reason, receipt.attempts, receipt.mail) == (reason, difficult.MOST_READINGS, None)
        assert thread_refuses_poison == raws
        kept = await room.house.read(lambda tx: tx.mails.raw(receipt.raw.sha256))
        assert kept is not None
        assert room.blobs.read(kept) == raws[1]
        assert sorted(one.value for one in room.counted) == ["conversation", "conversation", "quarantined"]


async def test_a_child_that_sleeps_is_given_up(
    tmp_path: Path, thread_refuses_poison: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "ALONE_WITHIN", 0.2)
    async with open_room(tmp_path, ("sleep", "60")) as room:
        await room.take(poison("SLEEP"))
        (receipt,) = await room.receipts()
        assert (receipt.outcome, receipt.reason) == (Outcome.QUARANTINED, "reading it took more than 0 s")


async def test_what_only_the_thread_cannot_read_is_served(tmp_path: Path, thread_refuses_poison: list[bytes]) -> None:
    async with open_room(tmp_path) as room:
        stored = await room.only(poison("RAISE"))
        assert stored.outcome is Outcome.CONVERSATION
        assert (await room.receipts())[0].attempts == 2


async def test_a_thread_that_stands_still_is_left_behind_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, hung = threading.Event(), list[bytes]()

    def standing(raw: bytes) -> Message:
        if b"POISON" in raw:
            hung.append(raw)
            assert gate.wait(60)
        return parse(raw)

    monkeypatch.setattr(readers, "parse", standing)
    monkeypatch.setattr(readers, "STANDS_STILL_AFTER", 0.3)
    async with open_room(tmp_path, CHILD) as room:
        try:
            await room.take(good(1), poison("EXIT", 1), good(2), poison("EXIT", 2), good(3))
            assert [one.subject for one in await room.mails()] == ["good 1", "good 2", "good 3"]
            assert len(hung) == 2
            assert (await room.outcomes()).count(Outcome.QUARANTINED) == 2
            # When too many threads are lost, everything is read in the child: slow, and still read.
            await room.take(poison("EXIT", 3), poison("EXIT", 4))
            assert len(hung) == readers.MOST_LOST_THREADS
            await room.take(good(4))
            assert (await room.mails())[-1].subject == "good 4"
        finally:
            gate.set()


async def test_who_waits_behind_a_thread_that_stands_still_moves_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()

    def standing(raw: bytes) -> Message:
        if b"POISON" in raw:
            assert gate.wait(60)
        return parse(raw)

    monkeypatch.setattr(readers, "parse", standing)
    monkeypatch.setattr(readers, "STANDS_STILL_AFTER", 0.3)
    async with open_room(tmp_path) as room:
        refs = [await keep(room, raw) for raw in (poison("HANG"), good(1))]
        try:
            async with asyncio.timeout(30), asyncio.TaskGroup() as group:
                stuck = group.create_task(room.readers.read_together(refs[:1]))
                behind = group.create_task(room.readers.read_together(refs[1:]))
        finally:
            gate.set()
        assert stuck.result() == [None]
        assert [one and one.subject for one in behind.result()] == ["good 1"]


async def keep(room: Room, raw: bytes) -> RawRef:
    return await room.house.offload.run("blobs", room.blobs.put, raw)


async def test_good_mails_do_not_wait_for_poison_to_be_read(
    tmp_path: Path, thread_refuses_poison: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_room(tmp_path, ("sleep", "60")) as room:
        arrivals = [room.fetched(raw, f"u{n}") for n, raw in enumerate((poison("SLEEP"), good(1)))]
        async with asyncio.timeout(20):
            assert len(await room.intake.take(RULES, arrivals)) == 2
        assert [one.subject for one in await room.mails()] == ["good 1"]
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(room.intake.difficult.run(lambda _: RULES))
            async with asyncio.timeout(20):
                await room.intake.take(RULES, [room.fetched(good(2), "u2")])
            reading.cancel()
        assert [one.subject for one in await room.mails()] == ["good 1", "good 2"]
        assert None in await room.outcomes()


async def test_many_boundaries_or_octets_are_read_in_the_child_and_never_on_the_thread(
    tmp_path: Path, thread_refuses_poison: list[bytes]
) -> None:
    body = "\r\n".join(["--b"] * (LIMITS.child_boundary_lines + 10))
    large = mail("x" * (LIMITS.child_octets + 1), Message_ID="<large@x>", Subject="large")
    async with open_room(tmp_path) as room:
        wide = mail(body, MIME_Version="1.0", Content_Type="multipart/mixed; boundary=b", Subject="wide")
        await room.take(wide, large)
        assert thread_refuses_poison == []
        assert sorted(one.subject for one in await room.mails()) == ["large", "wide"]
        assert await room.outcomes() == [Outcome.CONVERSATION] * 2


@pytest.mark.parametrize("shape", ["nested multiparts", "nested messages", "many parts", "many fields"])
async def test_real_bombs_are_read_with_their_defects_named(tmp_path: Path, shape: str) -> None:
    bombs = {
        "nested multiparts": mail(
            "".join(f"--{n}\r\nContent-Type: multipart/mixed; boundary={n + 1}\r\n\r\n" for n in range(20_000)),
            MIME_Version="1.0",
            Content_Type="multipart/mixed; boundary=0",
        ),
        "nested messages": mail("Content-Type: message/rfc822\r\n\r\n" * 20_000, Content_Type="message/rfc822"),
        "many parts": mail("--b\r\n\r\n" * 19_000, MIME_Version="1.0", Content_Type="multipart/mixed; boundary=b"),
        "many fields": mail().replace(b"Subject:", b"X: y\r\n" * 5_000 + b"Subject:"),
        "many addresses": mail(To=", ".join(f"a{n}@example.com" for n in range(4_000))),
    }
    async with open_room(tmp_path) as room:
        stored = await room.only(bombs[shape])
        assert "defects" in trace_of(stored)["read"]
        assert stored.outcome in {Outcome.CONVERSATION, Outcome.AUTOMATIC_FILED}


async def test_a_mail_that_resists_being_settled_is_set_aside_with_the_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_room(tmp_path) as room:
        settings = room.house.generation
        room.house.generation = settings_without_channels(room)
        await room.take(good(1))
        (receipt,) = await room.receipts()
        assert receipt.outcome is Outcome.QUARANTINED
        assert receipt.reason.startswith("it was read and could not be brought to an outcome (")
        assert await room.mails() == []
        room.house.generation = settings
        await room.take(good(2))
        assert [one.subject for one in await room.mails()] == ["good 2"]


def settings_without_channels(room: Room):  # type: ignore[no-untyped-def] # noqa: ANN201 the type of the field it fills
    from msgspec.structs import replace

    now = room.house.generation
    return replace(now, tenants=tuple(replace(tenant, channels=()) for tenant in now.tenants))


async def test_a_store_that_cannot_just_now_costs_no_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_room(tmp_path) as room:
        settler, failures = room.intake._second_commit._settler, iter([True, False])
        settle = settler.settle

        def full(tx: Tx, *what: object) -> Outcome:
            if next(failures, False):
                raise TemporaryError("the disk is full")
            return settle(tx, *what)  # type: ignore[arg-type] # what the real one is given

        monkeypatch.setattr(settler, "settle", full)
        with pytest.raises(TemporaryError, match="disk is full"):
            await room.take(good(1), uids=["u1"])
        assert await room.outcomes() == [None]
        assert await room.take(good(1), uids=["u1"])
        assert await room.outcomes() == [Outcome.CONVERSATION]


async def test_damaged_bytes_are_a_reason_and_not_the_end(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        large = mail("z" * 100_000)
        room.failpoint.fails_at = "parse_start"
        with pytest.raises(Exception, match="failpoint"):
            await room.take(large)
        (blob,) = [file for file in (tmp_path / "blobs").rglob("*") if file.is_file()]
        blob.write_bytes(b"damaged")
        await room.intake.resume(lambda _: RULES)
        await room.intake.difficult.finish()
        (receipt,) = await room.receipts()
        assert receipt.outcome is Outcome.QUARANTINED
        assert "are damaged" in receipt.reason


async def test_a_mail_that_ends_every_process_that_reads_it_is_not_read_for_ever(tmp_path: Path) -> None:
    async with open_room(tmp_path, ("false",)) as room:
        receipt = await left_behind(room, attempts=difficult.MOST_ATTEMPTS)
        await room.intake.resume(lambda _: RULES)
        await room.intake.difficult.finish()
        (found,) = await room.receipts()
        assert (found.id, found.attempts) == (receipt.id, difficult.MOST_ATTEMPTS)
        assert found.reason == "its reading never finished: each time the process ended first"


async def test_a_mail_met_by_several_ends_of_the_process_is_read_at_least_once(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        await left_behind(room, attempts=difficult.MOST_READINGS + 2)
        await room.intake.resume(lambda _: RULES)
        await room.intake.difficult.finish()
        assert await room.outcomes() == [Outcome.CONVERSATION]


async def left_behind(room: Room, attempts: int) -> Receipt:
    """A mail whose process died between the commits so many times."""
    ref = await keep(room, good(1))
    receipt = Receipt(
        id=room.house.ids.new(),
        tenant=RULES.tenant,
        gateway=RULES.gateway_key,
        uid="u1",
        raw=ref,
        listed_size=ref.size,
        first_seen_at=room.house.clock.now(),
    )

    def unit(tx: Tx) -> Receipt:
        tx.mails.keep_raw(ref)
        for _ in range(attempts):
            stored, _ = tx.ledger.receive(receipt)
        return stored

    return await room.house.write(unit)


async def test_no_child_to_be_had_is_nobodys_fault(tmp_path: Path) -> None:
    async with open_room(tmp_path, ("/nowhere/reader",)) as room:
        with pytest.raises(TemporaryError, match="cannot be started"):
            await room.readers.read_alone(await keep(room, good(1)))


async def test_a_reader_that_is_stopped_while_its_file_is_opened_leaves_it_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, gate, opened = threading.Event(), threading.Event(), list[IO[bytes]]()
    async with open_room(tmp_path) as room:
        open_whole = room.blobs.open_whole

        def slowly(ref: RawRef) -> IO[bytes]:
            begun.set()
            assert gate.wait(60)
            opened.append(open_whole(ref))
            return opened[-1]

        monkeypatch.setattr(room.blobs, "open_whole", slowly)
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(room.readers.read_alone(await keep(room, good(1))))
            await asyncio.to_thread(begun.wait, 60)
            reading.cancel()
        gate.set()
        await room.house.offload.run("blobs", lambda: None)
        assert [one.closed for one in opened] == [True]


async def test_bytes_that_are_gone_are_a_permanent_error(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        with pytest.raises(PermanentError, match="are gone"):
            await room.readers.read_alone(RawRef(sha256="0" * 64, size=70_000))
