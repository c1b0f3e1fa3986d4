"""A mail as its agent reads it: its row, what its bytes say, and everything that was decided about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from postroom.api.parts import ApiParts
from postroom.errors import PostroomError
from postroom.mail.message import Address, Message
from postroom.ports.records import StoredMail, TraceLine

LONGEST_TEXT = 200_000
"""Characters of one mail's text in an answer; the raw mail has the rest."""
MOST_ADDRESSES = 200


class AddressView(Struct, frozen=True):
    """A mailbox: its bare address, and the name it goes by, which proves nothing."""

    address: str
    name: str


class AttachmentView(Struct, frozen=True, kw_only=True):
    """A file of a mail; it is fetched by its index."""

    index: int
    name: str
    content_type: str
    size: int
    inline: bool


class MailView(Struct, frozen=True, kw_only=True):
    """One mail. `incoming` False is a reply of ours; `readable` False where its bytes cannot be read any more."""

    id: str
    incoming: bool
    received_at: datetime
    message_id: str | None
    from_address: str
    from_name: str
    to: tuple[AddressView, ...]
    cc: tuple[AddressView, ...]
    subject: str
    mail_class: str
    outcome: str
    size: int
    new_participant: bool
    readable: bool
    text: str
    text_is_cut: bool
    has_html: bool
    attachments: tuple[AttachmentView, ...]
    defects: tuple[str, ...]
    trace: tuple[TraceLine, ...]


async def mail_view(parts: ApiParts, mail: StoredMail) -> MailView:
    """Show one mail, read again from its bytes; one that cannot be read is shown by its row."""
    try:
        message = await parts.reader.message(mail.sha256)
    except PostroomError:
        return _mail_view(mail, Message(size=mail.size), readable=False)
    return _mail_view(mail, message, readable=True)


def _mail_view(mail: StoredMail, message: Message, *, readable: bool) -> MailView:
    return MailView(
        id=mail.id,
        incoming=mail.incoming,
        received_at=mail.received_at,
        message_id=mail.message_id,
        from_address=mail.from_address,
        from_name=mail.from_name,
        to=_addresses(message.to),
        cc=_addresses(message.cc),
        subject=mail.subject,
        mail_class=mail.mail_class,
        outcome=mail.outcome.value,
        size=mail.size,
        new_participant=mail.new_participant,
        readable=readable,
        text=message.text[:LONGEST_TEXT],
        text_is_cut=len(message.text) > LONGEST_TEXT,
        has_html=message.html is not None,
        attachments=tuple(
            AttachmentView(
                index=one.index, name=one.name, content_type=one.content_type, size=one.size, inline=one.inline
            )
            for one in message.attachments
        ),
        defects=message.defects,
        trace=mail.trace,
    )


def _addresses(addresses: Sequence[Address]) -> tuple[AddressView, ...]:
    return tuple(AddressView(address=one.addr, name=one.name) for one in addresses[:MOST_ADDRESSES])
