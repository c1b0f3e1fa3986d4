"""A journey through days: a world whose clock the test moves, so that a week takes seconds."""

from __future__ import annotations

import email
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, cast

from tests.journeys.config import Written
from tests.journeys.process import AgentClient, Process, running, wait_for
from tests.journeys.world import BOX, World
from tests.support.dovecot import running_dovecot
from tests.support.smtp_sink import start_smtp_sink

AT_ONCE = "auto_accept: true"
"""A queue whose agents are given their work without being asked."""
SOON = "250ms"


def at(text: str) -> datetime:
    """A time in UTC, written like `2026-03-06 15:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Days(World):
    """A world with a clock; it stands at the time it was last set to, and runs on."""

    _process: Process
    _ahead: timedelta

    def now(self) -> datetime:
        """What time it is in this world."""
        return datetime.now(UTC) + self._ahead

    def begin(self, when: str) -> None:
        """Let it be that time when the process starts next."""
        self._ahead = at(when) - datetime.now(UTC)

    @contextmanager
    def process(self, failpoint: str = "") -> Iterator[Process]:
        """The process, ready, at this world's time."""
        with running(self.config, self.ops, failpoint, self.now()) as self._process:
            yield self._process

    def clock(self, when: str) -> None:
        """Let it be that time now."""
        self.begin(when)
        self._process.set_clock(self.now())

    def later(self, **span: float) -> None:
        """Let time pass; the arguments are those of timedelta."""
        self._ahead += timedelta(**span)
        self._process.set_clock(self.now())

    def writes(self, token: str, body: str = "Please help.", sender: str = "", *, answers: str = "") -> None:
        """A customer's mail arrives now; `answers` is the customer whose newest mail of ours is answered."""
        more = (f"In-Reply-To: {self.to(answers)[-1]['Message-ID']}",) if answers else ()
        self.box.deliver(BOX, self.oracle.mail(token, body, at=self.now(), sender=sender or answers, more=more))

    def machine_writes(self, token: str) -> None:
        """A mail arrives that a machine wrote, and says so."""
        more = ("Auto-Submitted: auto-generated",)
        self.box.deliver(BOX, self.oracle.mail(token, at=self.now(), more=more))

    def waits(self, token: str, *phases: str, agent: str | None = None) -> dict[str, Any]:
        """Wait until the token's newest session is in one of these phases, and with that agent, and give it."""

        def there() -> dict[str, Any] | None:
            found = self.oracle.session(token)
            return found if found["phase"] in phases and agent in {None, owner(found)} else None

        what = f"{token} to be {' or '.join(phases)}{f' with {agent}' if agent else ''}"
        return cast("dict[str, Any]", wait_for(there, what, 15))

    def ends(self, token: str) -> str:
        """Let minutes pass until the session ended, and give why: its mailbox has to be listed once more before."""
        for _ in range(8):
            if self._has_ended(token):
                break
            self.later(minutes=2)
        return str(self.waits(token, "ended")["ended_because"])

    def _has_ended(self, token: str) -> bool:
        try:
            wait_for(lambda: self.oracle.session(token)["phase"] == "ended", "the end", 2)
        except AssertionError:
            return False
        return True

    def happens(self, token: str, event: str, times: int = 1) -> None:
        """Wait until that has happened so often in the token's conversation."""
        wait_for(lambda: self.oracle.events(token).count(event) >= times, f"{event} of {token}", 15)

    def to(self, customer: str) -> list[EmailMessage]:
        """Every mail that the relay was given for that customer."""
        address = f"{customer}@customer.example"
        mails = [email.message_from_bytes(one.raw, policy=default) for one in self.sink.mails()]
        return [one for one in mails if address in str(one["To"])]

    def told(self, customer: str, mails: int = 1) -> list[str]:
        """Wait until so many mails have left for the customer, and give what all of them say."""
        wait_for(lambda: len(self.to(customer)) >= mails, f"{mails} mails to {customer}", 15)
        return [str(one.get_content()) for one in self.to(customer)]

    def agent(self, name: str) -> AgentClient:
        """An agent at the HTTP door."""
        return AgentClient(self.http, name)

    def replies(self, name: str, token: str, text: str = "Here is your answer.") -> None:
        """The agent who has the session answers, and the answer has left."""
        session = self.waits(token, "assigned", agent=name)
        sent = self.oracle.events(token).count("reply_sent")
        with self.agent(name) as agent:
            body = {"token": session["assignment"]["token"], "text": text}
            agent.post(f"/sessions/{session['id']}/replies", body, key=f"{token}{sent}").raise_for_status()
        self.happens(token, "reply_sent", sent + 1)

    def ready(self, *names: str) -> None:
        """Let these agents be ready."""
        for name in names:
            with self.agent(name) as agent:
                agent.ready()

    def check(self) -> None:
        """Nothing lost, nothing doubled, nothing in the air."""
        wait_for(self.oracle.is_quiet, "the outbox to be empty")
        self.oracle.check_mails()
        self.oracle.check_quiet()
        self.oracle.check_automatic()


def owner(session: dict[str, Any]) -> str:
    """Who has the session."""
    return str((session.get("assignment") or {}).get("agent", ""))


@contextmanager
def days(folder: Path, when: str, written: Written) -> Iterator[Days]:
    """A world that begins at that time; skips where a server is missing."""
    with running_dovecot() as box:
        sink = start_smtp_sink()
        try:
            here = Days(folder, box, sink, written)
            here.begin(when)
            yield here
        finally:
            sink.stop()
