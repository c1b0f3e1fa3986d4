"""The engine's rooms on a real store, real blobs and the real step; only the time stands until a test moves it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from postroom.engine.intake import Intake
from postroom.engine.readers import CHILD, Readers
from postroom.engine.replies import SendingRules
from postroom.engine.settle import Settler
from postroom.engine.verdict import IntakeRules
from postroom.engine.world import FailpointReached
from postroom.mail.identity import Identity
from postroom.mail.message import Address
from postroom.mail.recipients import Caps
from postroom.mail.tokens import KeyRing, anchor_message_id, mint_message_id
from postroom.ports.gateways import Fetched, Listed, TooLarge
from postroom.ports.records import Conversation, Receipt, StoredMail
from postroom.routing.conditions import Field, TextTest
from postroom.routing.outcome import Outcome
from postroom.routing.routes import Action, Inlet, Route, derived
from postroom.session.state import ConversationId, Session
from postroom.store.blobs import FileBlobs
from tests.dispatch.house import ACME, House, open_house

RING = KeyRing(current="k1", keys={"k1": b"k" * 32})
DOMAIN = "mail.acme.example"
HELP, SHOP = "help@acme.example", "shop@acme.example"
INLETS = (
    Inlet(channel="shop", gateway="in", addresses=(SHOP,)),
    Inlet(channel="support", gateway="in"),
    Inlet(channel="shop_too", gateway="shop_in"),
)


def class_is(*classes: str) -> TextTest:
    return TextTest.equal(Field.CLASS, *classes)


def sender_is(address: str) -> TextTest:
    return TextTest.equal(Field.SENDER, address)


def route(name: str, when: TextTest, *, channel: str | None = None, action: Action = Action.CHANNEL) -> Route:
    return Route(name=name, when=when, channel=channel, action=action)


def rules(*written: Route, gateway: str = "in", automatic_mail: str = "serve", tenant: str = ACME) -> IntakeRules:
    """A gateway's rules: shop by its address, all else to support, after the written routes."""
    return IntakeRules(
        tenant=tenant,
        gateway=gateway,
        identity=Identity(own_addresses=(HELP, SHOP), forms=("form@acme.example",)),
        routes=(*written, *derived([inlet for inlet in INLETS if inlet.channel != "shop_too"], written)),
        automatic_mail={"support": automatic_mail, "shop": automatic_mail},
        ring=RING,
    )


RULES = rules()


def mail(body: str = "Please help.", **fields: str | None) -> bytes:
    """A customer's mail; a field is named with underscores, and left out where it is None."""
    header: dict[str, str | None] = {
        "From": "Carla Customer <carla@example.com>",
        "To": HELP,
        "Subject": "It broke",
        "Message-ID": "<first@example.com>",
        **{name.replace("_", "-"): value for name, value in fields.items()},
    }
    lines = [f"{name}: {value}" for name, value in header.items() if value is not None]
    return "\r\n".join((*lines, "", body, "")).encode()


def dsn(about: str, *, to: str = "bounces@acme.example") -> bytes:
    """A delivery report (RFC 3464) about the mail with that Message-ID."""
    report = (
        "--b\r\nContent-Type: text/plain\r\n\r\nIt could not be delivered.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.com\r\n\r\n"
        "Final-Recipient: rfc822; carla@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{about}>\r\nSubject: Re: It broke\r\n\r\n--b--"
    )
    return mail(
        report,
        From="Mail Delivery System <MAILER-DAEMON@mx.example.com>",
        To=to,
        Subject="Undelivered Mail Returned to Sender",
        Message_ID="<bounce@mx.example.com>",
        Return_Path="<>",
        MIME_Version="1.0",
        Content_Type="multipart/report; report-type=delivery-status; boundary=b",
    )


class Passing:
    """A failpoint that fails once at one place, where a test names one."""

    def __init__(self) -> None:
        self.fails_at = ""

    def __call__(self, name: str) -> None:
        if name == self.fails_at:
            self.fails_at = ""
            raise FailpointReached(f"the failpoint {name} was reached")


@dataclass
class Room:
    """Everything from a spool to the disk."""

    house: House
    blobs: FileBlobs
    readers: Readers
    failpoint: Passing
    intake: Intake
    counted: list[Outcome] = field(default_factory=list)

    async def take(self, *raws: bytes, by: IntakeRules = RULES, uids: Iterable[str] = ()) -> list[Listed]:
        """Take these mails in as one batch, and let those be read that have to be read alone."""
        names = list(uids) or [f"uid-{self.house.ids.new()}" for _ in raws]
        forgettable = await self.intake.take(by, [self.fetched(raw, uid) for raw, uid in zip(raws, names, strict=True)])
        await self.intake.difficult.finish()
        return forgettable

    def fetched(self, raw: bytes, uid: str) -> Fetched:
        spool = self.blobs.open(len(raw))
        spool.write(raw)
        return Fetched(Listed(1, uid, len(raw)), spool, len(raw))

    async def receipts(self) -> list[Receipt]:
        """Every receipt in the order of arrival, whatever its outcome."""
        found = await self.house.read(
            lambda tx: [one for outcome in Outcome for one in tx.ledger.by_outcome(ACME, outcome, 999)]
        )
        unsettled = await self.house.read(lambda tx: list(tx.ledger.unsettled(999)))
        return sorted((*found, *unsettled), key=lambda one: one.id)

    async def outcomes(self) -> list[Outcome | None]:
        return [receipt.outcome for receipt in await self.receipts()]

    async def only(self, raw: bytes, by: IntakeRules = RULES) -> StoredMail:
        """Take one mail in and give it as it is stored."""
        await self.take(raw, by=by)
        return (await self.mails())[-1]

    async def mails(self) -> list[StoredMail]:
        """Every incoming mail in the order of storing."""
        found = await self.house.read(lambda tx: list(tx.mails.latest(ACME, 9_999)))
        return sorted(found, key=lambda one: one.id)

    async def conversation(self, of: StoredMail) -> Conversation:
        assert of.conversation is not None
        name = of.conversation
        found = await self.house.read(lambda tx: tx.conversations.get(name))
        assert found is not None
        return found

    async def sessions(self, conversation: ConversationId | None) -> Session | None:
        assert conversation is not None
        return await self.house.read(lambda tx: tx.sessions.latest(conversation))

    async def events(self, conversation: ConversationId | None) -> list[str]:
        """The kinds of events of a conversation, in order."""
        assert conversation is not None
        entries = await self.house.read(lambda tx: list(tx.journal.of_conversation(conversation)))
        return [type(entry.event).__name__ for entry in entries]

    def token(self, conversation: ConversationId | None) -> str:
        """The Message-ID of a reply of ours in the conversation."""
        assert conversation is not None
        return mint_message_id(RING, ACME, conversation, self.house.ids.new(), DOMAIN)

    def too_large(self, header: bytes, uid: str, size: int) -> TooLarge:
        return TooLarge(Listed(1, uid, size), header)


def trace_of(stored: StoredMail) -> dict[str, str]:
    """Verdict and evidence of each step of a mail's trace."""
    return {line.step: f"{line.verdict} | {line.evidence}" for line in stored.trace}


def anchor(conversation: str) -> str:
    return anchor_message_id(RING, ACME, conversation, DOMAIN)


def sending_rules(_tenant: str, _channel: str) -> SendingRules:
    return SendingRules(
        gateway="out",
        from_=Address(HELP, "Acme Help"),
        envelope_from="bounces@acme.example",
        domain=DOMAIN,
        caps=Caps(to=2, cc=1, bcc=1),
        own_addresses=frozenset({HELP, SHOP}),
        max_size=100_000,
        ring=RING,
    )


@asynccontextmanager
async def open_room(folder: Path, child: Sequence[str] = CHILD) -> AsyncIterator[Room]:
    """Open the store in the folder and put the engine's rooms around it."""
    async with open_house(folder) as house:
        failpoint = Passing()
        blobs = FileBlobs(folder, failpoint)
        blobs.prepare()
        readers = Readers(blobs, house.offload, child)
        settler = Settler(house.step, house.clock, house.ids, failpoint)
        counted: list[Outcome] = []

        def count(_rules: IntakeRules, outcome: Outcome, _octets: int, _seconds: float) -> None:
            counted.append(outcome)

        intake = Intake(house.store, blobs, house.offload, readers, settler, house.clock, house.ids, failpoint, count)
        yield Room(house, blobs, readers, failpoint, intake, counted)
