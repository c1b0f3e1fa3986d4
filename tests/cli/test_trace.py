"""`postroom mail trace`: what it asks of the daemon and what it prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.cli.a_daemon import configured, daemon, ran
from tests.cli.simulated_house import lines

ID = "01k9f3c5v7m2q8s4t6w0x1y3z5"
FOUND: dict[str, Any] = {
    "mail": ID,
    "receipt": None,
    "tenant": "acme",
    "channel": "support",
    "conversation": "c1",
    "subject": "It \x1b]0;owned\x07 broke",
    "outcome": "conversation",
    "trace": [{"step": "automatic_reply", "verdict": "sent", "evidence": "the channel's text working"}],
    "decisions": [
        {
            "seq": 7,
            "at": "2026-03-02T09:00:00Z",
            "session": "s1",
            "event": "message_received",
            "details": "mail: m1",
            "before": "new",
            "after": "queued",
            "effects": ["enter_queue queue: first_line"],
            "generation": 1,
        }
    ],
    "more": True,
}


def test_verdicts_and_decisions_are_rows_of_one_table(tmp_path: Path) -> None:
    config = configured(tmp_path)
    with daemon(config, {f"GET /mails/{ID}/trace": (200, FOUND)}):
        result = ran(config, "mail", "trace", ID.upper())
    assert result.exit_code == 0
    assert lines(result) == [
        ["automatic reply", "sent", "the channel's text working"],
        ["outcome", "conversation", "conversation c1"],
        ["2026-03-02 09:00:00Z", "message received: new -> queued", "mail: m1; enter_queue queue: first_line"],
    ]
    assert "\x1b" not in result.stdout
    assert "older decisions than these 1000" in result.stderr


def test_programs_get_it_as_it_came_and_a_wrong_id_gets_nowhere(tmp_path: Path) -> None:
    config = configured(tmp_path)
    with daemon(config, {f"GET /mails/{ID}/trace": (200, FOUND)}) as asked:
        result = ran(config, "mail", "trace", ID, "--json")
        assert ran(config, "mail", "trace", "../x").exit_code == 2
    assert json.loads(result.stdout) == FOUND
    assert len(asked) == 1
