"""An automatic reply before it is bytes: a channel's text with its names filled in, addressed to the one who wrote.

RFC 3834: it says that a machine wrote it, to one recipient, in the thread of what it answers; it quotes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from postroom.mail.answering import Answering
from postroom.mail.automatic_subjects import usual_subject
from postroom.mail.compose import Reply, Writer, chained
from postroom.mail.message import Address
from postroom.mail.templates import Place, fill


class AutomaticText(Struct, frozen=True, kw_only=True):
    """What is sent in one language: templates, the subject empty for the usual one."""

    language: str
    """Empty for a text that is for every other language."""
    text: str
    subject: str = ""
    html: str | None = None


class Ours(Struct, frozen=True, kw_only=True):
    """What of the reply is ours: its author, its id, the anchor of its conversation, and its time (aware)."""

    from_: Address
    answers_to: str
    message_id: str
    anchor: str
    date: datetime


def in_language(texts: Sequence[AutomaticText], wanted: str) -> AutomaticText | None:
    """The text in that language, else its main form (`pt` for `pt-BR`), else the one for all others, else the first."""
    return min(texts, key=lambda text: _distance(text.language.casefold(), wanted.casefold()), default=None)


def _distance(language: str, wanted: str) -> int:
    primary = wanted.partition("-")[0]
    if language == wanted:
        return 0
    if language == primary:
        return 1
    if language.partition("-")[0] == primary:
        return 2
    return 3 if not language else 4


def automatic_mail(
    text: AutomaticText, values: Mapping[str, str], answering: Answering, ours: Ours, *, is_reminder: bool
) -> Reply:
    """The reply as compose() takes it; the subject is fixed, so that no ping-pong can make it grow."""
    subject = text.subject or usual_subject(text.language, is_reminder=is_reminder)
    return Reply(
        from_=ours.from_,
        reply_to=Address(ours.answers_to) if ours.answers_to != ours.from_.addr else None,
        to=(Address(answering.recipient),),
        subject=fill(subject, values, Place.HEADER),
        date=ours.date,
        message_id=ours.message_id,
        in_reply_to=answering.in_reply_to,
        references=chained(ours.anchor, answering.references),
        text=fill(text.text, values, Place.TEXT),
        html=fill(text.html, values, Place.HTML) if text.html is not None else None,
        writer=Writer.AUTOMATIC_REPLY,
        loop_mark=ours.from_.addr,
    )
