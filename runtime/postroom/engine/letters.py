"""What an agent's mail is made of beside whom it goes to: whose name it bears, and all of its words.

It is pure but for the cleaning of HTML, which is dear and is run by who calls it off the event loop.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct

from postroom.engine.html_out import TYPED_PICTURES, sendable
from postroom.mail.html_text import html_to_text
from postroom.mail.letter import Words, filled, letter
from postroom.mail.message import Address
from postroom.ports.desk import Letter, ReadyAnswer, Refused
from postroom.ports.records import Conversation, TraceLine

PERSONAL = "personal"
REFERENCE = 8
"""Characters of a conversation's id that people see."""


class Canned(Struct, frozen=True, kw_only=True):
    """An answer kept ready, as the settings write it."""

    name: str
    words: Words
    language: str = ""


class Hand(Struct, frozen=True, kw_only=True):
    """One agent as he writes on one channel."""

    name: str = ""
    signature: Words | None = None
    personal: str = ""
    """His own address, where mail of the channel may bear it."""
    why_not: str = ""
    """Why it may not."""
    is_preset: bool = False
    """Whether the channel's agents write as themselves unless they say otherwise."""


class Sender(NamedTuple):
    """Whose address the mail bears, and what is told of it: nothing where nobody asked for the agent's own."""

    from_: Address
    told: str

    def trace(self) -> tuple[TraceLine, ...]:
        """The choice as a line of the mail's trace."""
        if not self.told:
            return ()
        is_his = self.told == PERSONAL
        verdict, evidence = (PERSONAL, self.from_.addr) if is_his else ("the channel's", self.told)
        return (TraceLine(step="from", verdict=verdict, evidence=evidence),)


def sender_of(wanted: str, hand: Hand, ours: Address) -> Sender:
    """The agent's own address where it is wanted and may be; it is never anything that a request names."""
    asked = wanted == PERSONAL or (not wanted and hand.is_preset)
    if not asked:
        return Sender(ours, "")
    if not hand.personal:
        return Sender(ours, hand.why_not or "the agent's own address is not known")
    return Sender(Address(hand.personal, "" if "@" in hand.name else hand.name), PERSONAL)


def reference_of(conversation: str) -> str:
    """The short mark of a conversation."""
    return conversation[-REFERENCE:].upper()


def values_of(hand: Hand, from_: Address, thread: Conversation) -> dict[str, str]:
    """The values of mail.templates.LETTER_NAMES."""
    return {
        "agent_name": hand.name,
        "channel_name": thread.channel,
        "from_address": from_.addr,
        "from_name": from_.name,
        "reference": reference_of(thread.id),
        "tenant": thread.tenant,
    }


def ready(canned: Canned, values: Mapping[str, str], thread: Conversation, customer_name: str) -> ReadyAnswer:
    """The canned answer with every name of mail.templates.ANSWER_NAMES filled in."""
    known = {
        **values,
        "customer_address": thread.customer,
        "customer_name": customer_name or thread.customer,
        "subject": thread.subject,
    }
    words = filled(canned.words, known)
    return ReadyAnswer(name=canned.name, language=canned.language, text=words.text, html=words.html)


def typed(request: Letter) -> Words:
    """What the agent typed: his HTML cleaned, and a text beside it where he wrote none. Raises Refused. Blocking."""
    if request.html is None:
        return Words(text=request.text)
    cleaned = sendable(request.html, TYPED_PICTURES)
    if cleaned is None:
        raise Refused(("html: it is too large to be cleaned; send a text, or the HTML as a file",))
    return Words(text=request.text if request.text.strip() else html_to_text(cleaned), html=cleaned)


def whole(own: Words, answer: ReadyAnswer | None, signature: Words | None, below: Words | None) -> Words:
    """All words of the mail; a canned answer follows what was typed."""
    if answer is not None:
        chosen = Words(text=answer.text, html=answer.html)
        own = letter(own, None, chosen) if own.text.strip() or own.html else chosen
    return letter(own, signature, below)


def signature_of(hand: Hand, values: Mapping[str, str]) -> Words | None:
    """The agent's signature with its names filled in."""
    return filled(hand.signature, values) if hand.signature is not None else None
