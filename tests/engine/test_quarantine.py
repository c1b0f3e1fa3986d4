"""Mails in quarantine: read again, let go unread, and always in exactly one place."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from postroom.errors import PermanentError
from postroom.mail.mail_class import MailClass
from postroom.ports.desk import Stale
from postroom.routing.outcome import Outcome
from tests.engine.quarantined import POISON, open_ward, poisonous, rules

LARGE = b"x" * 70_000
"""What makes a mail too large for its row: its bytes are a file."""


@pytest.mark.parametrize("more", [b"", LARGE], ids=["small", "large"])
async def test_a_mail_is_settled_once_when_the_cause_is_gone(tmp_path: Path, more: bytes) -> None:
    async with open_ward(tmp_path) as ward:
        held = await ward.admit(poisonous(more=more))
        ward.cure()
        settled = await ward.quarantine.retry(held.id)
        assert settled.outcome is Outcome.CONVERSATION
        (mail,) = await ward.mails()
        assert (mail.id, mail.subject, mail.mail_class) == (settled.mail, "It broke", MailClass.HUMAN.value)
        assert await ward.events() == 1
        with pytest.raises(Stale, match="its outcome is conversation"):
            await ward.quarantine.retry(held.id)
        with pytest.raises(Stale, match="its outcome is conversation"):
            await ward.quarantine.release(held.id)
        assert len(await ward.mails()) == await ward.events() == 1


async def test_a_mail_whose_cause_is_still_there_stays_with_its_reason_and_every_reading_counted(
    tmp_path: Path,
) -> None:
    async with open_ward(tmp_path) as ward:
        held = await ward.admit(poisonous())
        for readings in (4, 5):
            after = await ward.quarantine.retry(held.id)
            assert (after.outcome, after.attempts) == (Outcome.QUARANTINED, readings)
            assert after.reason == "reading it ended the reader by signal 11"
        assert await ward.mails() == []
        assert await ward.reader.raw(held.raw.sha256) == poisonous()


async def test_two_operators_who_retry_one_mail_settle_it_once(tmp_path: Path) -> None:
    async with open_ward(tmp_path) as ward:
        held = await ward.admit(poisonous())
        ward.cure()
        acts = (ward.quarantine.retry(held.id), ward.quarantine.release(held.id), ward.quarantine.retry(held.id))
        ended = await asyncio.gather(*acts, return_exceptions=True)
        assert [isinstance(one, Stale) for one in ended] == [False, True, True]
        assert len(await ward.mails()) == await ward.events() == 1


@pytest.mark.parametrize("more", [b"", LARGE], ids=["small", "large"])
async def test_a_released_mail_is_served_as_malformed_with_its_bytes_attached(tmp_path: Path, more: bytes) -> None:
    async with open_ward(tmp_path) as ward:
        raw = poisonous("=?utf-8?q?Caf=C3=A9?=", more=more)
        held = await ward.admit(raw)
        settled = await ward.quarantine.release(held.id)
        assert settled.outcome is Outcome.CONVERSATION
        (mail,) = await ward.mails()
        assert (mail.subject, mail.from_address, mail.attachments) == ("Café", "carla@example.com", 1)
        assert mail.mail_class == MailClass.MALFORMED.value
        assert "signal 11" in mail.trace[0].evidence
        # The reader still dies of the mail itself; who looks at the released one is safe from it.
        message = await ward.reader.message(mail.sha256)
        assert "released it from quarantine" in message.text
        (attachment,) = message.attachments
        found = await ward.reader.open_attachment(mail.sha256, attachment.index)
        assert found is not None
        assert b"".join(found[1].pieces(0, found[1].size)) == raw
        found[1].close()
        assert settled.raw.sha256 == held.raw.sha256


async def test_a_released_mail_is_filed_where_its_channel_files_automatic_mail(tmp_path: Path) -> None:
    async with open_ward(tmp_path, rules(automatic_mail="file")) as ward:
        held = await ward.admit(poisonous())
        assert (await ward.quarantine.release(held.id)).outcome is Outcome.AUTOMATIC_FILED
        assert len(await ward.mails()) == 1
        assert await ward.events() == 0


async def test_a_mail_whose_header_is_the_poison_is_released_without_it(tmp_path: Path) -> None:
    async with open_ward(tmp_path) as ward:
        held = await ward.admit(poisonous(subject=f"so {POISON.decode()}"))
        assert (await ward.quarantine.release(held.id)).outcome is Outcome.CONVERSATION
        (mail,) = await ward.mails()
        assert (mail.subject, mail.from_address, mail.attachments) == ("", "", 1)


async def test_a_mail_of_a_gateway_that_is_gone_stays_and_says_so(tmp_path: Path) -> None:
    async with open_ward(tmp_path) as ward:
        held = await ward.admit(poisonous(), gateway="acme/old")
        ward.cure()
        for act in (ward.quarantine.retry, ward.quarantine.release):
            with pytest.raises(PermanentError, match="acme/old is not configured any more"):
                await act(held.id)
        assert (await ward.receipt(held.id)).outcome is Outcome.QUARANTINED


async def test_a_mail_whose_bytes_are_damaged_stays(tmp_path: Path) -> None:
    async with open_ward(tmp_path) as ward:
        held = await ward.admit(poisonous(more=LARGE))
        ward.cure()
        sha256 = held.raw.sha256
        (tmp_path / "store" / "blobs" / sha256[:2] / sha256[2:]).write_bytes(b"something else")
        for act in (ward.quarantine.retry, ward.quarantine.release):
            with pytest.raises(PermanentError, match="damaged"):
                await act(held.id)
        assert await ward.receipt(held.id) == held


async def test_a_mail_that_is_read_and_cannot_be_settled_stays_and_leaves_nothing_behind(tmp_path: Path) -> None:
    async with open_ward(tmp_path, rules(channel="nowhere")) as ward:
        held = await ward.admit(poisonous())
        ward.cure()
        for act in (ward.quarantine.retry, ward.quarantine.release):
            after = await act(held.id)
            assert after.outcome is Outcome.QUARANTINED
            assert "could not be brought to an outcome" in after.reason
        assert await ward.mails() == []
        assert await ward.events() == 0


async def test_a_mail_that_is_not_there_or_never_was_in_quarantine_is_left_alone(tmp_path: Path) -> None:
    async with open_ward(tmp_path) as ward:
        large = await ward.admit(poisonous(), outcome=Outcome.OVERSIZE)
        for nothing in (large.id, "0" * 26, "", "'; DROP TABLE receipts; --"):
            with pytest.raises(Stale, match="is not in quarantine"):
                await ward.quarantine.retry(nothing)
            with pytest.raises(Stale, match="is not in quarantine"):
                await ward.quarantine.release(nothing)
        assert await ward.receipt(large.id) == large


async def test_bytes_that_came_twice_are_served_once_and_never_lost(tmp_path: Path) -> None:
    async with open_ward(tmp_path) as ward:
        first, second = await ward.admit(poisonous(), "u1"), await ward.admit(poisonous(), "u2")
        ward.cure()
        # Neither was served yet: neither may be called seen again on the word of the other.
        assert (await ward.quarantine.retry(first.id)).outcome is Outcome.CONVERSATION
        again = await ward.quarantine.retry(second.id)
        assert (again.outcome, again.reason) == (Outcome.SEEN_AGAIN, f"the same bytes as {first.id}")
        assert len(await ward.mails()) == await ward.events() == 1


async def test_different_mails_with_one_message_id_are_both_released(tmp_path: Path) -> None:
    async with open_ward(tmp_path) as ward:
        for number, more in enumerate((b"", b"and so is the table")):
            held = await ward.admit(poisonous(more=more), f"u{number}")
            assert (await ward.quarantine.release(held.id)).outcome is Outcome.CONVERSATION
        assert len(await ward.mails()) == 2
