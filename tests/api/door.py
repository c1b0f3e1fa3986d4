"""The HTTP door on a real store, step, reader and desk; and the customers' mails that come to it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from litestar import Litestar

from postroom.api.app import create_app
from postroom.api.feed import JournalFeed
from postroom.api.operator.parts import OperatorParts
from postroom.api.parts import ApiParts
from postroom.api.server import HttpServer
from postroom.engine.audit_chain import verify
from postroom.engine.board import StatusBoard
from postroom.engine.mail_history import with_history
from postroom.engine.pauses import Pauses
from postroom.engine.quarantine import Quarantine
from postroom.engine.readers import Readers, StoredMailReader
from postroom.engine.replies import Desk
from postroom.engine.sending_rules import SendingRules
from postroom.engine.settle import Settler
from postroom.engine.space_watch import SpaceWatch
from postroom.engine.unrouted import Unrouted
from postroom.engine.uploads import Uploading
from postroom.engine.watch import Watch
from postroom.engine.world import no_failpoint
from postroom.mail.message import Address
from postroom.mail.recipients import Caps
from postroom.mail.tokens import KeyRing
from postroom.observability.metrics import Metrics
from postroom.ports.desk import ReplyDesk
from postroom.ports.records import StoredMail, TraceLine
from postroom.ports.store import Tx
from postroom.routing.outcome import Outcome
from postroom.session.events import MessageReceived, OfferAccepted
from postroom.session.state import ConversationId, Phase, Session
from postroom.store.blobs import FileBlobs
from postroom.store.kept import FileKeeper
from postroom.store.upload_files import UploadFolder
from tests.api.operator_door import Operations
from tests.dispatch.house import ACME, House, open_house, token_of
from tests.engine.quarantined import rules
from tests.support.inline import InlineOffload

PLAIN = (
    b"From: Carla Customer <carla@example.com>\r\nTo: help@acme.example\r\nSubject: It broke\r\n"
    b"Message-ID: <first@example.com>\r\nDate: Mon, 2 Mar 2026 08:59:00 +0000\r\n\r\nThe lamp is broken.\r\n"
)


@dataclass
class Door:
    """A door with the house behind it, and clients that are signed in."""

    house: House
    parts: ApiParts
    app: Litestar
    blobs: FileBlobs
    uploads: Uploading

    def client(self, account: str | None = "anna", url: str = "http://postroom") -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {token_of(account)}"} if account else {}
        app: Any = self.app  # httpx and Litestar both type ASGI, each in its own words
        asgi = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        transport = asgi if url == "http://postroom" else None
        return httpx.AsyncClient(transport=transport, base_url=url, headers=headers, trust_env=False, timeout=30)

    async def mail_comes(self, raw: bytes = PLAIN, *, into: ConversationId | None = None) -> Session:
        """A customer's mail is kept and decided on, as intake does it."""
        house = self.house
        house.clock.passed += 1
        conversation = house.conversation("It broke", "support")
        mail = self._stored(raw, into or conversation.id)
        ref = await house.offload.run("blobs", self.blobs.put, raw)

        def unit(tx: Tx) -> Session:
            if into is None:
                tx.conversations.add(conversation)
            tx.mails.keep_raw(ref)
            tx.mails.add(mail)
            event = MessageReceived(mail=mail.id, received_at=mail.received_at)
            return house.step.in_conversation(tx, into or conversation.id, event)[0]

        return await house.write(unit)

    async def mail_is_filed(self, raw: bytes = PLAIN, channel: str = "support") -> StoredMail:
        """A mail nobody is served for is kept beside every conversation."""
        ref = await self.house.offload.run("blobs", self.blobs.put, raw)
        mail = self._stored(raw, None, channel, Outcome.AUTOMATIC_FILED)

        def unit(tx: Tx) -> None:
            tx.mails.keep_raw(ref)
            tx.mails.add(mail)

        await self.house.write(unit)
        return mail

    def _stored(
        self,
        raw: bytes,
        conversation: ConversationId | None,
        channel: str = "support",
        outcome: Outcome = Outcome.CONVERSATION,
    ) -> StoredMail:
        return StoredMail(
            id=self.house.ids.new(),
            tenant=ACME,
            gateway="in",
            channel=channel,
            conversation=conversation,
            incoming=True,
            sha256=hashlib.sha256(raw).hexdigest(),
            size=len(raw),
            received_at=self.house.clock.now(),
            message_id="first@example.com",
            from_address="carla@example.com",
            from_name="Carla Customer",
            subject="It broke",
            mail_class="human",
            body_hash="",
            attachments=0,
            outcome=outcome,
            preview="The lamp is broken.",
            trace=(TraceLine(step="route", verdict="support", evidence="the gateway is in"),),
        )

    async def assigned(self, account: str = "anna", raw: bytes = PLAIN) -> Session:
        """A session that is the agent's."""
        session = await self.offered(account, raw)
        assert session.offer is not None
        event = OfferAccepted(agent=account, token=session.offer.token)
        return (await self.house.write(lambda tx: self.house.step(tx, session.id, event)))[0]

    async def offered(self, account: str = "anna", raw: bytes = PLAIN) -> Session:
        """A session that is offered to the agent."""
        await self.house.stand(account)
        session = await self.mail_comes(raw)
        await self.house.queues().assign_all()
        found = await self.house.session(session.id)
        assert (found.phase, found.holder) == (Phase.OFFERED, account)
        return found

    async def mails_of(self, session: Session) -> list[StoredMail]:
        return await self.house.read(lambda tx: list(tx.mails.of_conversation(session.conversation)))


@asynccontextmanager
async def open_door(folder: Path, desk: ReplyDesk | None = None) -> AsyncIterator[Door]:
    """A door answered in this process; for event streams there is `served`."""
    async with open_house(folder) as house:
        blobs = FileBlobs(folder)
        blobs.prepare()
        reader = StoredMailReader(house.store, blobs, Readers(blobs, house.offload), house.offload)
        real_desk = Desk(
            house.store, house.step, reader, blobs, house.offload, house.clock, house.ids, _rules, no_failpoint
        )
        files, space = UploadFolder(folder), SpaceWatch(lambda _: not door_is_full(folder), house.offload)
        uploads = Uploading(house.store, files, space, house.offload, house.clock, house.ids, no_failpoint)
        parts = ApiParts(
            store=house.store,
            step=house.step,
            desk=desk or real_desk,
            reader=reader,
            uploads=uploads,
            ids=house.ids,
            clock=house.clock,
            offload=house.offload,
            current=house.current,
            presence=house.presence,
            states=house.states,
            feed=JournalFeed(house.store),
            traced=with_history,
            operator=_operator(house, blobs, reader, folder),
        )
        yield Door(house, parts, create_app(parts), blobs, uploads)


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[tuple[Door, str]]:
    """A door on a real socket, and its URL."""
    async with open_door(folder) as door, on_socket(door) as url:
        yield door, url


@asynccontextmanager
async def on_socket(door: Door) -> AsyncIterator[str]:
    """The URL of the door on a real socket."""
    server = HttpServer(door.app, "127.0.0.1", 0, before_stop=door.parts.feed.close)
    server.bind()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(server.run())
        try:
            yield f"http://127.0.0.1:{server.port}"
        finally:
            server.stop()
            async with asyncio.timeout(30):
                await running


def door_is_full(folder: Path) -> bool:
    """Whether a test said that the disk has no room."""
    return (folder / "full").exists()


def _operator(house: House, blobs: FileBlobs, reader: StoredMailReader, folder: Path) -> OperatorParts:
    """What administrators use of the operator's door: gateways whose verbs always work, and a real quarantine."""
    board, readers = StatusBoard(Watch(Metrics("test")), house.clock), Readers(blobs, house.offload)
    settler = Settler(house.step, house.clock, house.ids, no_failpoint)
    by_key = {one.gateway_key: one for one in (rules(),)}
    return OperatorParts(
        store=house.store,
        reader=reader,
        offload=house.offload,
        quarantine=Quarantine(house.store, blobs, house.offload, readers, settler, house.clock, by_key.get),
        unrouted=Unrouted(house.store, reader, settler, house.clock, by_key.get),
        board=board,
        operations=Operations(board),
        pauses=Pauses(FileKeeper(folder, InlineOffload()), house.clock, house.current),
        time=house.clock,
        verify_audit=partial(verify, house.store),
        current=house.current,
        traced=with_history,
    )


def _rules(_tenant: str, _channel: str) -> SendingRules:
    return SendingRules(
        gateway="out",
        from_=Address("help@acme.example", "Acme Help"),
        envelope_from="bounces@acme.example",
        domain="mail.acme.example",
        caps=Caps(to=2, cc=1, bcc=1),
        own_addresses=frozenset({"help@acme.example"}),
        max_size=40_000_000,
        ring=KeyRing(current="k1", keys={"k1": b"k" * 32}),
    )
