"""Proves from the store's own file that every mail has its conversation and every conversation waits in the queue."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

CLAIMS: Mapping[str, tuple[str, int | None]] = {
    "receipts with the outcome `conversation`": ("SELECT COUNT(*) FROM receipts WHERE outcome = 'conversation'", None),
    "mails with their bytes": ("SELECT COUNT(*) FROM mails JOIN raws USING (sha256) WHERE incoming = 1", None),
    "mails told to a session": (
        "SELECT COUNT(*) FROM journal WHERE json_extract(CAST(event AS TEXT), '$.type') = 'message_received'",
        None,
    ),
    "receipts with another outcome or none": ("SELECT COUNT(*) FROM receipts WHERE outcome IS NOT 'conversation'", 0),
    "mails in no conversation": ("SELECT COUNT(*) FROM mails WHERE conversation IS NULL", 0),
    "sessions that do not wait in a queue": ("SELECT COUNT(*) FROM sessions WHERE phase <> 'queued'", 0),
    "conversations without a session": (
        "SELECT COUNT(*) FROM conversations WHERE id NOT IN (SELECT conversation FROM sessions)",
        0,
    ),
}
"""What is counted in the store, and how many there must be; None stands for as many as mails."""


def check_store(database: Path, mails: int) -> None:
    """Check every claim. Raises RuntimeError with those that do not hold."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as store:
        found = {claim: store.execute(query).fetchone()[0] for claim, (query, _) in CLAIMS.items()}
    wanted = {claim: mails if count is None else count for claim, (_, count) in CLAIMS.items()}
    wrong = {claim: count for claim, count in found.items() if count != wanted[claim]}
    if wrong:
        raise RuntimeError(f"of {mails} mails the store has {wrong}")
