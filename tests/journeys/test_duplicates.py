"""A thousand pairs of mails that look alike: the same one twice is one effect, two different ones are two.

The pairs are generated from a seed, laid through the real intake into the real store, and counted with code of our own.
"""

from __future__ import annotations

import random
import sqlite3
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from pathlib import Path
from quopri import encodestring

import pytest

from postroom.engine.intake import Arrival
from postroom.ports.gateways import Fetched, Listed
from postroom.routing.outcome import Outcome
from tests.support.clock import VirtualClock
from tests.support.collecting import House, house

pytestmark = pytest.mark.journey

PAIRS = 1_000
SEED = 20_260_302
GATEWAYS = ("inbox", "second")
WORDS = ("order", "lamp", "broken", "Straße", "配送", "доставка", "urgent", "thanks", "ça", "invoice", "4711", "🙂")
VOLATILE = (
    "X-UIDL",
    "Status",
    "X-Status",
    "X-Keywords",
    "Delivered-To",
    "Return-Path",
    "X-Spam-Score",
    "X-Mozilla-Status",
)


@dataclass(frozen=True)
class Letter:
    """A mail before it is bytes."""

    message_id: str | None
    sender: str
    subject: str
    text: str
    received: datetime
    attachment: bytes = b""
    trace: tuple[str, ...] = ()
    to: str = "support@cc.example"
    encoding: str = "8bit"

    @property
    def raw(self) -> bytes:
        head = [
            *self.trace,
            f"Received: from mx.customer.example by mx.cc.example; {format_datetime(self.received)}",
            f"From: {self.sender}",
            f"To: {self.to}",
            f"Subject: {self.subject}",
            *([f"Message-ID: <{self.message_id}>"] if self.message_id else []),
            "MIME-Version: 1.0",
        ]
        body = self._part()
        if self.attachment:
            file = b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n"
            file += b'Content-Disposition: attachment; filename="a.pdf"\r\n\r\n' + b64encode(self.attachment)
            head.append('Content-Type: multipart/mixed; boundary="cut"')
            body = b"\r\n--cut\r\n" + body + b"\r\n--cut\r\n" + file + b"\r\n--cut--\r\n"
        return "\r\n".join(head).encode() + b"\r\n" + body

    def _part(self) -> bytes:
        content = self.text.encode()
        if self.encoding == "base64":
            content = b64encode(content)
        elif self.encoding == "quoted-printable":
            content = encodestring(content).replace(b"\n", b"\r\n")
        head = f"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: {self.encoding}\r\n\r\n"
        return head.encode() + content + b"\r\n"


@dataclass(frozen=True)
class Delivery:
    """A mail as it came: through which gateway, under which name."""

    letter: Letter
    gateway: str
    uid: str

    @property
    def key(self) -> tuple[str, str, str]:
        return f"acme/{self.gateway}", self.uid, sha256(self.letter.raw).hexdigest()


@dataclass
class Making:
    """Makes pairs; all chance is in it."""

    now: datetime
    chance: random.Random = field(default_factory=lambda: random.Random(SEED))
    made: int = 0

    def words(self, most: int) -> str:
        return " ".join(self.chance.choices(WORDS, k=self.chance.randint(1, most)))

    def first(self) -> Delivery:
        """A mail unlike all others."""
        self.made += 1
        letter = Letter(
            message_id=f"id-{self.made}.{self.chance.randrange(10**9)}@customer.example",
            sender=f"customer{self.made}@customer.example",
            subject=f"question {self.made}",
            text=f"{self.words(200)}\r\n{self.made}",
            received=self.now - timedelta(minutes=self.chance.randint(1, 600)),
            attachment=self.chance.randbytes(self.chance.choice((*[0] * 8, 50, 5000, 100_000))),
        )
        return Delivery(letter, self.chance.choice(GATEWAYS), f"uid-{self.made}")

    def other_uid(self) -> str:
        return f"other-{self.made}-{self.chance.randrange(10**6)}"

    def volatile(self) -> tuple[str, ...]:
        fields = self.chance.sample(VOLATILE, k=self.chance.randint(1, len(VOLATILE)))
        return tuple(f"{name}: {self.chance.randrange(10**6)}" for name in fields)


Second = Callable[[Making, Delivery], Delivery]


def changed(one: Delivery, uid: str, **changes: object) -> Delivery:
    return replace(one, uid=uid, letter=replace(one.letter, **changes))  # type: ignore[arg-type] # the fields of Letter


def later(make: Making, one: Delivery) -> datetime:
    return one.letter.received + timedelta(seconds=make.chance.randint(1, 3000))


KINDS: dict[str, tuple[Outcome, Second]] = {
    "the same again": (Outcome.CONVERSATION, lambda _, one: one),
    "the same bytes under another name": (
        Outcome.SEEN_AGAIN,
        lambda make, one: replace(one, uid=make.other_uid()),
    ),
    "other trace fields": (
        Outcome.COPY,
        lambda make, one: changed(one, make.other_uid(), trace=make.volatile(), received=later(make, one)),
    ),
    "other trace fields under the same name": (
        Outcome.COPY,
        lambda make, one: changed(one, one.uid, trace=make.volatile()),
    ),
    "another recipient and a tag in the subject": (
        Outcome.COPY,
        lambda make, one: changed(
            one, make.other_uid(), to="list@customer.example", subject=f"[list] {one.letter.subject}"
        ),
    ),
    "another transfer encoding": (
        Outcome.COPY,
        lambda make, one: changed(one, make.other_uid(), encoding=make.chance.choice(("base64", "quoted-printable"))),
    ),
    "the same through the other gateway": (
        Outcome.CONVERSATION,
        lambda make, one: replace(one, uid=make.other_uid(), gateway=GATEWAYS[one.gateway == GATEWAYS[0]]),
    ),
    "the same Message-ID and another body": (
        Outcome.CONVERSATION,
        lambda make, one: changed(one, make.other_uid(), text=f"{one.letter.text} {make.words(5)} again"),
    ),
    "one character of the body": (
        Outcome.CONVERSATION,
        lambda make, one: changed(one, make.other_uid(), text=one.letter.text[:-1] + "x"),
    ),
    "another attachment": (
        Outcome.CONVERSATION,
        lambda make, one: changed(one, make.other_uid(), attachment=one.letter.attachment + b"!"),
    ),
    "the same UIDL and another body": (
        Outcome.CONVERSATION,
        lambda make, one: changed(
            one, one.uid, text=make.words(20) + "y", message_id=f"new-{make.made}@customer.example"
        ),
    ),
    "another Message-ID": (
        Outcome.CONVERSATION,
        lambda make, one: changed(one, make.other_uid(), message_id=f"new-{make.made}@customer.example"),
    ),
    "another sender": (
        Outcome.CONVERSATION,
        lambda make, one: changed(one, make.other_uid(), sender=f"somebody{make.made}@customer.example"),
    ),
    "no Message-ID in the second": (
        Outcome.CONVERSATION,
        lambda make, one: changed(one, make.other_uid(), message_id=None),
    ),
    "the same more than a week later": (
        Outcome.CONVERSATION,
        lambda make, one: changed(one, make.other_uid(), received=one.letter.received - timedelta(days=8)),
    ),
}
"""What is changed in the second mail of a pair, and what has to become of it; the first is always a conversation."""


async def test_of_a_thousand_pairs_none_is_wrongly_dropped_and_none_wrongly_kept(tmp_path: Path) -> None:
    clock = VirtualClock()
    make = Making(clock.now())
    names = list(KINDS)
    pairs = [
        (names[number % len(names)], first := make.first(), KINDS[names[number % len(names)]][1](make, first))
        for number in range(PAIRS)
    ]
    async with house(tmp_path, clock, gateways=GATEWAYS) as here:
        await take_in(here, [first for _, first, _ in pairs])
        seconds = [second for _, _, second in pairs]
        make.chance.shuffle(seconds)
        await take_in(here, seconds)
        await here.intake.difficult.finish()
    ledger = outcomes(tmp_path / "var" / "postroom.db")
    wrong = [
        f"{kind}: {ledger.get(first.key)} and {ledger.get(second.key)}"
        for kind, first, second in pairs
        if ledger.get(first.key) != "conversation" or ledger.get(second.key) != KINDS[kind][0].value
    ]
    assert wrong == []
    expected = Counter(
        {key: 1 for _, first, second in pairs for key in (first.key, second.key) if ledger[key] == "conversation"}
    )
    assert effects(tmp_path / "var" / "postroom.db") == expected.total()


async def take_in(here: House, deliveries: Sequence[Delivery]) -> None:
    """Lay them through intake, 64 at a time, as a collector does."""
    for gateway in GATEWAYS:
        mine = [one for one in deliveries if one.gateway == gateway]
        for start in range(0, len(mine), 64):
            arrivals = [arrival(here, number, one) for number, one in enumerate(mine[start : start + 64], 1)]
            assert len(await here.intake.take(here.rules(gateway), arrivals)) == len(arrivals)


def arrival(here: House, number: int, delivery: Delivery) -> Arrival:
    raw = delivery.letter.raw
    spool = here.shared.spooler.open(len(raw))
    spool.write(raw)
    return Fetched(Listed(number, delivery.uid, len(raw)), spool, len(raw))


def outcomes(database: Path) -> dict[tuple[str, str, str], str]:
    """The ledger as it lies in the file."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT gateway, uid, sha256, outcome FROM receipts").fetchall()
    return {(gateway, uid, digest): outcome for gateway, uid, digest, outcome in rows}


def effects(database: Path) -> int:
    """How many customers' mails sessions were told of; each of them once."""
    with closing(sqlite3.connect(database)) as connection:
        told = [event for (event,) in connection.execute("SELECT event FROM journal") if b"message_received" in event]
        stored = connection.execute("SELECT count(*) FROM mails WHERE outcome = 'conversation'").fetchone()[0]
    assert len(set(told)) == len(told) == stored
    return len(told)
