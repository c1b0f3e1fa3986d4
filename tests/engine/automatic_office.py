"""Customers' mails answered automatically, as the transaction of an event does it: read, decide, put in."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from postroom.engine.automatic import AutomaticRules, Occasion, facts_of, put_in
from postroom.mail.compose_automatic import AutomaticText
from postroom.mail.message import Message
from postroom.mail.parse import parse
from postroom.ports.records import Reply, StoredMail
from postroom.ports.store import Tx
from postroom.session.automatic import (
    AutomaticKind,
    AutomaticPolicy,
    Reason,
    Suppressed,
    automatic_reply,
)
from postroom.session.state import Session
from tests.dispatch.house import ACME
from tests.engine.outgoing import Office
from tests.engine.room import mail, sending_rules

WORKING, NON_WORKING, REMINDER = AutomaticKind.WORKING, AutomaticKind.NON_WORKING, AutomaticKind.REMINDER
RULES = AutomaticRules(
    sending=sending_rules(ACME, "support"),
    policy=AutomaticPolicy(texts=frozenset(AutomaticKind)),
    texts={
        kind: (
            AutomaticText(language="en", text=f"{kind.value}: {{reference}} {{next_opening}} {{agent_name}}"),
            AutomaticText(language="de", text=f"{kind.value}: hallo", subject="Danke", html="<b>{queue}</b>"),
        )
        for kind in AutomaticKind
    },
    zone=ZoneInfo("Europe/Berlin"),
)


async def arrive(office: Office, number: int = 1, **fields: str | None) -> tuple[StoredMail, Session]:
    """A customer's mail in a conversation of its own."""
    stored = await office.room.only(mail(**{"Message_ID": f"<{number}@example.com>", **fields}, body=f"Help {number}."))
    session = await office.room.sessions(stored.conversation)
    assert session is not None
    return stored, session


def answer(
    tx: Tx, office: Office, stored: StoredMail, kind: AutomaticKind = WORKING, by: AutomaticRules = RULES
) -> Reply | Suppressed:
    """What the engine does in the transaction of an event: read, decide, put in."""
    assert stored.conversation is not None
    session, now = tx.sessions.latest(stored.conversation), office.room.house.clock.now()
    assert session is not None
    decided = automatic_reply(kind, facts_of(tx, session, stored, by, now, offline=False), by.policy, now)
    if isinstance(decided, Suppressed):
        return decided
    reply = put_in(tx, session, Occasion(kind=kind, mail=stored), by, now)
    assert reply is not None
    return reply


async def answered(
    office: Office, stored: StoredMail, kind: AutomaticKind = WORKING, by: AutomaticRules = RULES
) -> Reply | Suppressed:
    return await office.room.house.write(lambda tx: answer(tx, office, stored, kind, by))


async def sent(office: Office, number: int = 1, by: AutomaticRules = RULES) -> Reply:
    """A reply to a fresh mail, put in."""
    stored, _ = await arrive(office, number, From=f"Carla <carla{number}@example.com>")
    reply = await answered(office, stored, by=by)
    assert isinstance(reply, Reply)
    return reply


async def reason(office: Office, stored: StoredMail, kind: AutomaticKind = WORKING) -> Reason | None:
    found = await answered(office, stored, kind)
    return found.reason if isinstance(found, Suppressed) else None


def read(office: Office, reply: Reply) -> Message:
    return parse(office.room.blobs.read(reply.raw))
