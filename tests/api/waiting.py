"""Mails that wait for a person."""

from __future__ import annotations

from postroom.ports.records import Receipt
from postroom.ports.store import Tx
from postroom.routing.outcome import Outcome
from tests.api.door import PLAIN, Door
from tests.dispatch.house import ACME


async def quarantined(door: Door, tenant: str = ACME) -> Receipt:
    ref = await door.house.offload.run("blobs", door.blobs.put, PLAIN)
    receipt = Receipt(
        id=door.house.ids.new(),
        tenant=tenant,
        gateway=f"{tenant}/in",
        uid="u1",
        raw=ref,
        listed_size=len(PLAIN),
        first_seen_at=door.house.clock.now(),
    )

    def unit(tx: Tx) -> None:
        tx.mails.keep_raw(ref)
        tx.ledger.receive(receipt)
        tx.ledger.settle(receipt.id, Outcome.QUARANTINED, "three readers died", None)

    await door.house.write(unit)
    return receipt
