"""A quarantine on a real store, with a real child reader that dies of poisonous mails for as long as it is told to."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from postroom.engine.quarantine import Quarantine
from postroom.engine.readers import Readers, StoredMailReader
from postroom.engine.settle import Settler
from postroom.engine.unrouted import Unrouted
from postroom.engine.verdict import IntakeRules
from postroom.engine.world import no_failpoint
from postroom.mail.identity import Identity
from postroom.mail.tokens import KeyRing
from postroom.ports.records import Receipt, StoredMail
from postroom.ports.store import Tx
from postroom.routing.outcome import Outcome
from postroom.routing.routes import Route
from postroom.store.blobs import FileBlobs
from tests.dispatch.house import ACME, House, open_house

POISON = b"poisonous"
CHILD = f"""
import io, os, resource, sys
raw = sys.stdin.buffer.read()
if {POISON!r} in raw and os.path.exists(sys.argv[1]):
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.kill(os.getpid(), 11)
sys.stdin = io.TextIOWrapper(io.BytesIO(raw))
from postroom.engine.child_reader import main
main()
"""
REASON = "reading it ended the reader by signal 11"


def poisonous(subject: str = "It broke", token: str = "one", more: bytes = b"") -> bytes:
    """A customer's mail whose body no reader survives."""
    head = (
        f"From: Carla Customer <carla@example.com>\r\nTo: help@acme.example\r\nSubject: {subject}\r\n"
        f"Message-ID: <{token}@example.com>\r\nDate: Mon, 2 Mar 2026 08:59:00 +0000\r\n\r\n"
    )
    return head.encode() + b"The lamp is " + POISON + b".\r\n" + more


@dataclass
class Ward:
    """Where mails lie in quarantine."""

    house: House
    quarantine: Quarantine
    unrouted: Unrouted
    reader: StoredMailReader
    blobs: FileBlobs
    cause: Path
    rules: dict[str, IntakeRules]

    def cure(self) -> None:
        """From now on readers survive every mail."""
        self.cause.unlink()

    async def admit(
        self, raw: bytes, uid: str = "u1", gateway: str = f"{ACME}/in", outcome: Outcome = Outcome.QUARANTINED
    ) -> Receipt:
        """A mail came, was read three times, and ended so."""
        self.house.clock.passed += 1
        ref = await self.house.offload.run("blobs", self.blobs.put, raw)
        row = Receipt(
            id=self.house.ids.new(),
            tenant=gateway.partition("/")[0],
            gateway=gateway,
            uid=uid,
            raw=ref,
            listed_size=len(raw),
            first_seen_at=self.house.clock.now(),
            oversize=outcome is Outcome.OVERSIZE,
        )

        def unit(tx: Tx) -> Receipt:
            tx.mails.keep_raw(ref)
            receipt, _ = tx.ledger.receive(row)
            for _ in range(2):
                tx.ledger.count_attempt(receipt.id)
            tx.ledger.settle(receipt.id, outcome, REASON, None)
            found = tx.ledger.get(receipt.id)
            assert found is not None
            return found

        return await self.house.write(unit)

    async def lost(self, raw: bytes) -> Receipt:
        """A mail came that no route matched."""
        held = await self.admit(raw)
        mail = StoredMail(
            id=self.house.ids.new(),
            tenant=ACME,
            gateway="in",
            channel="",
            conversation=None,
            incoming=True,
            sha256=held.raw.sha256,
            size=held.raw.size,
            received_at=held.first_seen_at,
            message_id=None,
            from_address="carla@example.com",
            from_name="",
            subject="It broke",
            mail_class="human",
            body_hash="",
            attachments=0,
            outcome=Outcome.UNROUTED,
            preview="",
        )

        def unit(tx: Tx) -> None:
            tx.mails.add(mail)
            tx.ledger.reopen(held.id)
            tx.ledger.settle(held.id, Outcome.UNROUTED, "no notification route matches", mail.id)

        await self.house.write(unit)
        return await self.receipt(held.id)

    async def receipt(self, receipt_id: str) -> Receipt:
        found = await self.house.read(lambda tx: tx.ledger.get(receipt_id))
        assert found is not None
        return found

    async def mails(self) -> list[StoredMail]:
        """Every mail that was taken in."""
        return await self.house.read(lambda tx: list(tx.mails.latest(ACME, 100)))

    async def events(self) -> int:
        """How many decisions there were."""
        return await self.house.read(lambda tx: len(tx.journal.after(ACME, 0, 1_000)))


def rules(gateway: str = "in", channel: str = "support", automatic_mail: str = "serve") -> IntakeRules:
    """A gateway whose every mail goes to the channel."""
    return IntakeRules(
        tenant=ACME,
        gateway=gateway,
        identity=Identity(own_addresses=("help@acme.example",)),
        routes=(Route(name="all", when=None, channel=channel),),
        automatic_mail={channel: automatic_mail},
        ring=KeyRing(current="k1", keys={"k1": b"k" * 32}),
    )


@asynccontextmanager
async def open_ward(folder: Path, *rows: IntakeRules) -> AsyncIterator[Ward]:
    """A quarantine whose cause is still there."""
    cause = folder / "cause"
    cause.touch()
    by_key = {one.gateway_key: one for one in rows or (rules(),)}
    async with open_house(folder / "store") as house:
        blobs = FileBlobs(folder / "store")
        blobs.prepare()
        readers = Readers(blobs, house.offload, child=(sys.executable, "-c", CHILD, str(cause)))
        settler = Settler(house.step, house.clock, house.ids, no_failpoint)
        quarantine = Quarantine(house.store, blobs, house.offload, readers, settler, house.clock, by_key.get)
        reader = StoredMailReader(house.store, blobs, readers, house.offload)
        unrouted = Unrouted(house.store, reader, settler, house.clock, by_key.get)
        yield Ward(house, quarantine, unrouted, reader, blobs, cause, by_key)
