"""`postroom simulate`: a mailbox on a virtual clock, and what each session would have done, line by line."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest

from tests.cli.simulated_house import OFFLINE, configured, lines, mail, mbox, ran

FRIDAY_EVENING = "Fri, 06 Mar 2026 18:00:00 +0100"
SATURDAY = "Sat, 07 Mar 2026 09:00:00 +0100"
SUNDAY = "Sun, 08 Mar 2026 12:00:00 +0100"
MONDAY = "Mon, 02 Mar 2026 09:00:00 +0100"
AGAIN = (
    "queued Mon 03-02 09:00, offered 09:00, assigned 09:00, awaiting customer 11:00, "
    "assigned 11:30, awaiting customer 13:30, ended 14:30"
)


def test_a_weekend_with_a_make_up_saturday_is_served_on_saturday(tmp_path: Path) -> None:
    mails = [mail(3, SUNDAY), mail(1, FRIDAY_EVENING), mail(2, SATURDAY)]
    folder = configured(tmp_path / "config")
    result = ran("simulate", "--config", folder, "--mbox", mbox(tmp_path, mails), "--agents", "answer-after", "2h")
    assert result.exit_code == 0, result.output
    served = "support", "customer.example"
    # The customer writes from one address: after 24 hours without an automatic reply he gets one again.
    assert lines(result) == [
        [
            "Fri 2026-03-06 18:00",
            *served,
            "queued Fri 03-06 18:00, offered Sat 03-07 08:00, assigned 08:00, awaiting customer 10:00, ended 11:00",
            "non working sent",
            "no customer reply",
        ],
        [
            "Sat 2026-03-07 09:00",
            *served,
            "queued Sat 03-07 09:00, offered 09:00, assigned 09:00, awaiting customer 11:00, ended 12:00",
            "working sent",
            "no customer reply",
        ],
        [
            "Sun 2026-03-08 12:00",
            *served,
            "queued Sun 03-08 12:00, offered Mon 03-09 08:00, assigned 08:00, awaiting customer 10:00, ended 11:00",
            "non working sent",
            "no customer reply",
        ],
    ]
    assert "mails:             3, from Fri 2026-03-06 18:00 to Sun 2026-03-08 12:00\n" in result.stdout
    assert "automatic replies: 2 non_working sent, 1 working sent\n" in result.stdout
    assert "sessions:          3: 3 no_customer_reply\n" in result.stdout
    assert "sent for real:     nothing\n" in result.stdout


def test_a_night_of_offline_messages_is_opened_at_eight(tmp_path: Path) -> None:
    nights = [mail(n, f"Mon, 02 Mar 2026 22:{n:02}:00 +0100", From=f"c{n}@customer.example") for n in range(12)]
    folder = configured(tmp_path / "config", OFFLINE)
    box = mbox(tmp_path, nights)
    result = ran("simulate", "--config", folder, "--mbox", box, "--to", "2026-03-03T08:10")
    assert [row[3:] for row in lines(result)] == [
        [f"offline Mon 03-02 22:{n:02}, queued Tue 03-03 08:00", "non working sent", "open"] for n in range(12)
    ]
    at = json.loads(ran("simulate", "--config", folder, "--mbox", box, "--to", "2026-03-03T08:10", "--json").stdout)
    opened = [one["stages"][1]["at"] for one in at["simulated"]["sessions"]]
    # Ten a second, the oldest first.
    assert opened == ["2026-03-03T07:00:00Z"] * 10 + ["2026-03-03T07:00:01Z"] * 2
    after = ran("simulate", "--config", folder, "--mbox", box, "--to", "2026-03-03T09:00")
    assert lines(after)[0][3] == "offline Mon 03-02 22:00, queued Tue 03-03 08:00, offline 08:30"


def test_a_customer_who_stays_silent_and_one_who_answers(tmp_path: Path) -> None:
    answer = mail(2, "Mon, 02 Mar 2026 11:30:00 +0100", In_Reply_To="<m1@customer.example>", Subject="Re: Order 1")
    folder = configured(tmp_path / "config")
    result = ran(
        *("simulate", "--config", folder, "--mbox", mbox(tmp_path, [mail(1, MONDAY), answer])),
        *("--agents", "answer-after", "2h", "--addresses"),
    )
    assert lines(result) == [
        [
            "Mon 2026-03-02 09:00",
            "support",
            "grace@customer.example",
            AGAIN,
            "working sent",
            "no customer reply",
        ]
    ]


def test_without_agents_whoever_writes_waits(tmp_path: Path) -> None:
    result = ran("simulate", "--config", configured(tmp_path / "config"), "--mbox", mbox(tmp_path, [mail(1, MONDAY)]))
    assert lines(result)[0][3:] == ["queued Mon 03-02 09:00", "working sent", "open"]
    assert "watched until:     Mon 2026-03-09 09:00\n" in result.stdout


def test_a_mailbox_broken_in_places_is_run_all_the_same_and_said(tmp_path: Path) -> None:
    folder = configured(tmp_path / "config", rest="")
    text = (folder / "tenants" / "shop.yaml").read_text()
    inbox = "auth: password, user: help@shop.example,"
    (folder / "tenants" / "shop.yaml").write_text(text.replace(inbox, f"{inbox} max_message_size: 64kB,"))
    quoting = mail(2, SATURDAY, body="Hello,\n\nFrom here on it is mine.\nFrom me\n>From escaped", From="b@b.example")
    huge = mail(3, SUNDAY, body="x" * 70_000)
    timeless = "From: a@customer.example\nTo: help@shop.example\n\nHello"
    box = mbox(tmp_path, [mail(1, MONDAY), quoting, huge, timeless])
    result = ran("simulate", "--config", folder, "--mbox", box)
    assert result.exit_code == 0, result.output
    assert "outcomes:          2 conversation, 1 oversize\n" in result.stdout
    assert "octets are over the max_message_size of shop/inbox" in result.stdout
    assert "2 lines begin with 'From ' and separate no mails" in result.stderr
    assert "1 without a Received or Date that can be read: mail 4" in result.stderr


@pytest.mark.parametrize("kind", ["maildir", "folder"])
def test_a_maildir_and_a_folder_of_files_are_mailboxes_too(tmp_path: Path, kind: str) -> None:
    box = tmp_path / "box"
    files = ["cur/1:2,S", "new/2"] if kind == "maildir" else ["a.eml", "b.eml"]
    for number, name in enumerate(files):
        (box / name).parent.mkdir(parents=True, exist_ok=True)
        (box / name).write_text(mail(number, MONDAY))
    result = ran("simulate", "--config", configured(tmp_path / "config"), "--mbox", box)
    assert "mails:             2," in result.stdout


def test_nothing_is_left_behind_and_programs_get_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    folder, box = configured(tmp_path / "config"), mbox(tmp_path, [mail(1, MONDAY)])
    before = sorted(folder.rglob("*"))
    found = json.loads(ran("simulate", "--config", folder, "--mbox", box, "--json").stdout)
    assert (found["schema"], list(found)) == ("postroom.simulation/1", ["schema", "oddities", "simulated"])
    (session,) = found["simulated"]["sessions"]
    assert (session["customer"], session["automatic"][0]["kind"]) == ("customer.example", "working")
    assert (sorted(folder.rglob("*")), list(scratch.iterdir())) == (before, [])


def test_a_channel_in_shadow_is_simulated_as_if_it_were_live(tmp_path: Path) -> None:
    folder = configured(tmp_path / "config", "    mode: shadow\n")
    result = ran("simulate", "--config", folder, "--mbox", mbox(tmp_path, [mail(1, MONDAY)]))
    assert lines(result)[0][4] == "working sent"


def test_wrong_usage_ends_with_2_and_a_wrong_configuration_with_78(tmp_path: Path) -> None:
    folder, box = configured(tmp_path / "config"), mbox(tmp_path, [mail(1, MONDAY)])
    for words, said in (
        (("--agents", "sleep", "2h"), "write --agents answer-after 2h"),
        (("--agents", "answer-after", "soon"), "is no time like 30m or 2h"),
        (("--to", "soon"), "is no time in ISO 8601"),
        (("--gateway", "none"), "there is no receiving gateway none"),
    ):
        result = ran("simulate", "--config", folder, "--mbox", box, *words)
        assert (result.exit_code, said in " ".join(result.stderr.split())) == (2, True), result.output
    assert ran("simulate", "--config", folder).exit_code == 2
    empty = tmp_path / "empty"
    empty.write_text("no mail in here\n")
    failed = ran("simulate", "--config", folder, "--mbox", empty)
    assert (failed.exit_code, "is no mailbox file" in failed.stderr) == (1, True)
    (folder / "tenants" / "shop.yaml").write_text("channels: [{name: 1}]\n")
    assert ran("simulate", "--config", folder, "--mbox", box).exit_code == 78
