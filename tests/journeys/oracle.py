"""The independent ledger: what was injected, and proof that each of it is somewhere exactly once.

It reads the store's file, the maildrop and the sink with code of its own; the runtime never sees it.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

SECOND_OF_MARCH = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Oracle:
    """Knows every token injected as a mail, and every reply posted."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self.tokens: list[str] = []

    def mail(
        self,
        token: str,
        body: str = "Please help.",
        *,
        at: datetime = SECOND_OF_MARCH,
        sender: str = "",
        more: tuple[str, ...] = (),
    ) -> bytes:
        """A customer's mail that carries the token, received then, with more header fields; the oracle remembers it."""
        self.tokens.append(token)
        received = at + timedelta(seconds=len(self.tokens) % 60)
        lines = (
            f"Received: from mx.customer.example; {format_datetime(received)}",
            f"From: Customer {sender or token} <{sender or token}@customer.example>",
            "To: support@cc.example",
            f"Subject: question {token}",
            "Date: Mon, 02 Mar 2026 09:00:00 +0000",
            f"Message-ID: <{token}@customer.example>",
            *more,
            "",
            body,
            ".",
            "..two dots above, one here",
            "",
        )
        return "\r\n".join(lines).encode()

    def session(self, token: str) -> dict[str, Any]:
        """The newest session that the token's mail came to, as it is stored; nothing before there is one."""
        found = self.sessions(token)
        return found[-1] if found else {"phase": ""}

    def sessions(self, token: str) -> list[dict[str, Any]]:
        """Every session of the conversation that the token's mail belongs to, the oldest first."""
        query = "SELECT s.state FROM sessions s JOIN mails m USING (conversation) WHERE m.subject = ? ORDER BY s.seq"
        return [json.loads(state) for (state,) in self._rows(query, f"question {token}")]

    def history(self, token: str) -> list[dict[str, Any]]:
        """The journal of that conversation: `at`, `event` and `effects` of each entry."""
        query = (
            "SELECT j.at, j.event, j.effects FROM journal j JOIN mails m USING (conversation)"
            " WHERE m.subject = ? ORDER BY j.seq"
        )
        rows = self._rows(query, f"question {token}")
        return [{"at": _time(at), "event": json.loads(event), "effects": json.loads(rest)} for at, event, rest in rows]

    def events(self, token: str) -> list[str]:
        """What happened in that conversation, in its order."""
        return [str(entry["event"]["type"]) for entry in self.history(token)]

    def effects(self, token: str, kind: str) -> list[dict[str, Any]]:
        """What of that kind was decided in that conversation, in its order."""
        return [one for entry in self.history(token) for one in entry["effects"] if one["type"] == kind]

    def due(self, token: str) -> list[timedelta]:
        """How long each timer of the token's newest session runs."""
        query = "SELECT due_at - started_at FROM timers WHERE session = ?"
        return [timedelta(microseconds=length) for (length,) in self._rows(query, self.session(token).get("id"))]

    def when(self, event: str) -> list[tuple[str, datetime]]:
        """To whose conversation that happened, and when, in its order."""
        query = (
            "SELECT (SELECT subject FROM conversations c WHERE c.id = j.conversation), at FROM journal j"
            " WHERE json_extract(CAST(event AS TEXT), '$.type') = ? ORDER BY seq"
        )
        return [(subject.split()[-1], _time(at)) for subject, at in self._rows(query, event)]

    def check_automatic(self) -> None:
        """No mail was answered by itself twice, no session told the same twice, and no machine was answered."""
        rows = self._rows("SELECT session, kind, mail FROM automatic_replies")
        assert len(rows) == len(set(rows)), "one occasion was answered twice"
        once = Counter((session, kind) for session, kind, _ in rows if kind != "robot")
        assert not once or max(once.values()) == 1, "a session was told the same twice"
        answered = self._rows(
            "SELECT m.subject FROM automatic_replies a JOIN mails m ON m.id = a.mail WHERE m.mail_class <> 'human'"
        )
        assert answered == [], "a machine was answered"

    def settled(self) -> int:
        """How many receipts have an outcome by now."""
        return len(self._rows("SELECT id FROM receipts WHERE outcome IS NOT NULL"))

    def check_mails(self, on_server: Sequence[bytes] = ()) -> None:
        """Every token is in exactly one place, whole, with exactly one effect."""
        stored = Counter(
            subject.split()[-1]
            for (subject,) in self._rows(
                "SELECT subject FROM mails WHERE incoming = 1 AND outcome IN ('conversation', 'automatic_filed')"
            )
        )
        waiting = Counter(token for token in self.tokens for raw in on_server if f"<{token}@".encode() in raw)
        lost = [token for token in self.tokens if not stored[token] and not waiting[token]]
        doubled = [token for token, times in stored.items() if times > 1]
        assert not lost, f"lost: {lost}"
        assert not doubled, f"doubled: {doubled}"
        assert set(stored) <= set(self.tokens)
        self._check_bytes()
        self._check_effects()

    def check_quiet(self) -> None:
        """Nothing hangs in the air: no receipt without outcome, no outbox row, no leaked place, a sound file."""
        assert self._rows("SELECT id FROM receipts WHERE outcome IS NULL") == []
        assert self._rows("SELECT id FROM outbox WHERE state = 'pending'") == []
        assert self._rows("PRAGMA integrity_check") == [("ok",)]
        self._check_places()

    def is_quiet(self) -> bool:
        """Whether no effect waits to leave."""
        return self._rows("SELECT id FROM outbox WHERE state = 'pending'") == []

    def journal_count(self, event: str) -> int:
        """How often that happened."""
        return sum(json.loads(row)["type"] == event for (row,) in self._rows("SELECT event FROM journal"))

    def replies(self) -> dict[str, int]:
        """Message-ID of every reply with the number of its attempts whose outcome is unknown."""
        unknown = "(SELECT count(*) FROM attempts a WHERE a.reply = r.id AND a.is_unknown = 1)"
        query = f"SELECT message_id, {unknown} FROM replies r"
        return dict(self._rows(query))

    def check_replies(self, posted: int, at_sink: Iterable[bytes]) -> None:
        """Every posted reply left, byte for byte the same each time, and twice only where an outcome is unknown."""
        unknown = self.replies()
        assert len(unknown) == posted
        copies: dict[str, list[str]] = {}
        for raw in at_sink:
            message_id = next(name for name in unknown if f"<{name}>".encode() in raw.split(b"\r\n\r\n")[0])
            copies.setdefault(message_id, []).append(hashlib.sha256(raw).hexdigest())
        assert set(copies) == set(unknown), "a reply was lost"
        for message_id, hashes in copies.items():
            assert len(set(hashes)) == 1, "a reply changed between attempts"
            assert len(hashes) <= 1 + unknown[message_id], "a reply was doubled without an unknown outcome"

    def _check_bytes(self) -> None:
        """What is stored is what was injected, to the octet (the maildrop ends lines with CRLF)."""
        incoming = "SELECT r.sha256, r.small FROM raws r JOIN mails m ON m.sha256 = r.sha256 WHERE m.incoming = 1"
        for sha256, content in self._rows(incoming):
            if content is not None:
                assert hashlib.sha256(content).hexdigest() == sha256
                assert content.endswith(b"\r\n.\r\n..two dots above, one here\r\n"), content[-60:]

    def _check_effects(self) -> None:
        """Each stored mail brought its event to exactly one session, and no conversation has two open ones."""
        served = {
            mail for (mail,) in self._rows("SELECT id FROM mails WHERE incoming = 1 AND outcome = 'conversation'")
        }
        entries = self._rows("SELECT event FROM journal WHERE CAST(effects AS TEXT) NOT LIKE '%\"open_session\"%'")
        events = [json.loads(event) for (event,) in entries]
        told = Counter(event["mail"] for event in events if event["type"] == "message_received")
        assert told == Counter(served)
        two_open = "SELECT conversation FROM sessions WHERE phase <> 'ended' GROUP BY conversation HAVING count(*) > 1"
        assert self._rows(two_open) == []

    def _check_places(self) -> None:
        """Every agent's load is the number of sessions that hold a place of his."""
        query = "SELECT agent, count(*) FROM sessions WHERE phase IN ('offered', 'assigned', 'wrap_up') GROUP BY agent"
        held = dict(self._rows(query))
        loads = dict(self._rows("SELECT name, load FROM agents"))
        assert {name: held.get(name, 0) for name in loads} == loads

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Every row of a query; none where the database or its tables are not there yet."""
        if not self._database.exists():
            return []
        with closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True, timeout=10)) as connection:
            try:
                return connection.execute(query, values).fetchall()
            except sqlite3.OperationalError as error:
                if "no such table" not in str(error):
                    raise
                return []


def _time(micros: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
