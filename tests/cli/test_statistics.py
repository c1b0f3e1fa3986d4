"""`postroom statistics`: what it asks, and what it prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.cli.a_daemon import configured, daemon, ran

SERVICE: dict[str, Any] = {
    "answered": 2,
    "first_response": {"p50": 60.0, "p90": 7200.0, "p99": 7200.0},
    "in_time": 0.5,
    "transfers": 1,
    "missed_offers": 3,
    "handled": 4,
    "handling_time": 480.0,
}
IDLE = SERVICE | {"first_response": {}, "in_time": None, "handled": 0, "handling_time": 0.0}
FIGURES = {
    "since": "2026-03-02T00:00:00Z",
    "until": "2026-03-03T00:00:00Z",
    "channels": [
        {
            "channel": "support", "mails": 9, "sessions": 8, "replies": 5, "automatic": 2, "waiting": 1,
            "oldest_at": None, "service": SERVICE,
        }
    ],
    "queues": [
        {
            "queue": "help", "sessions": 8, "within": 60.0, "target": 0.8, "waiting": 1, "oldest_at": None,
            "service": SERVICE,
        }
    ],
    "agents": [{"agent": "anna", "name": "Anna Auer", "replies": 5, "open": 2, "service": IDLE}],
}  # fmt: skip


def test_a_row_is_a_channel_a_queue_or_an_agent(tmp_path: Path) -> None:
    config = configured(tmp_path)
    with daemon(config, {"GET /statistics": (200, FIGURES)}) as asked:
        result = ran(config, "statistics", "--tenant", "acme", "--since", "2026-03-02T00:00:00Z")
        as_json = ran(config, "statistics", "--json")
    done = ["2", "1 min 00 s", "2 h 00 min", "2 h 00 min", "50 %", "1", "3", "4", "2 min 00 s", "1"]
    assert [line.split("\t") for line in result.stdout.splitlines()] == [
        ["channel", "support", "9", "8", "7", *done],
        ["queue", "help", "–", "8", "–", *done],
        ["agent", "anna", "–", "–", "5", "2", "–", "–", "–", "–", "1", "3", "0", "–", "2"],
    ]
    assert json.loads(as_json.stdout)["agents"][0]["open"] == 2
    assert "tenant=acme" in asked[0]
    assert "tenant" not in asked[1]
