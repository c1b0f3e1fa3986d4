"""A mailbox read over IMAP by the real process: mails arrive at once, are served, and outlive a kill."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journeys.process import wait_for
from tests.journeys.world import BOX, World, world

pytestmark = [pytest.mark.server, pytest.mark.journey]


def over_imap(here: World, extra: str = "") -> None:
    """Have the gateway read the same box over IMAP, polled so seldom that only IDLE brings mail at once."""
    path = here.config / "tenants" / "acme.yaml"
    text = (
        path.read_text().replace("kind: pop3", "kind: imap").replace(f"port: {here.box.pop3}", f"port: {here.box.imap}")
    )
    path.write_text(text.replace("    poll_every: 1s\n", f"    poll_every: 5m\n{extra}"))


def test_mail_is_taken_in_as_soon_as_the_server_tells_of_it(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        over_imap(here)
        here.deliver(2)
        with here.process() as process:
            here.wait_until_collected()
            here.deliver(1)
            here.wait_until_collected()
            assert process.stop() == 0
        here.oracle.check_mails()


def test_a_process_killed_between_commit_and_deletion_takes_nothing_in_twice(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        over_imap(here)
        here.deliver(5)
        with here.process("dele_pre:kill:1") as process:
            process.wait_killed("dele_pre")
        assert len(here.box.mails(BOX)) == 5
        with here.process() as process:
            here.wait_until_collected()
            assert process.stop() == 0
        here.oracle.check_mails()


def test_mails_that_stay_are_read_once(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        over_imap(here, "    after_intake: flag\n")
        here.deliver(3)
        with here.process() as process:
            wait_for(lambda: here.oracle.settled() >= 3, "every mail to have its outcome")
            assert process.stop() == 0
        with here.process() as process:
            here.deliver(1)
            wait_for(lambda: here.oracle.settled() >= 4, "the new mail to have its outcome")
            assert process.stop() == 0
        assert len(here.box.mails(BOX)) == 4
        here.oracle.check_mails()
