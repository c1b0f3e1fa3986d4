"""What the top-level header says, as the fields of a Message; it looks at no body."""

from __future__ import annotations

from postroom.mail.addresses import parse_addresses
from postroom.mail.charsets import one_line
from postroom.mail.dates import parse_date, received_date
from postroom.mail.encoded_words import decode_words
from postroom.mail.headers import Block
from postroom.mail.ids import message_id, message_ids
from postroom.mail.limits import LIMITS
from postroom.mail.message import Address, Message
from postroom.mail.mime import Part

NO_DATE = "the Date field is missing or cannot be read"
TWO_FROM = "the header has more than one From field"
_LONGEST_SUBJECT = 2_000
_LONGEST_LIST = 128 * 1024


def read_envelope(block: Block, top: Part, size: int) -> Message:
    """A Message of its header alone; `top` is the mail itself as its first part."""
    fields = _Fields(block)
    received = fields.all("received")
    date = parse_date(fields.first("date"))
    defects = [TWO_FROM] * (len(fields.all("from")) > 1) + [NO_DATE] * (date is None)
    return Message(
        size=size,
        headers=block.headers,
        subject=one_line(decode_words(fields.first("subject")[: LIMITS.header_block]))[:_LONGEST_SUBJECT],
        from_=fields.addresses("from"),
        sender=fields.addresses("sender"),
        reply_to=fields.addresses("reply-to"),
        to=fields.addresses("to"),
        cc=fields.addresses("cc"),
        delivered_to=fields.addresses("delivered-to", "x-original-to", "envelope-to"),
        message_id=message_id(fields.first("message-id")[:_LONGEST_LIST]),
        in_reply_to=message_ids(fields.joined("in-reply-to")),
        references=message_ids(fields.joined("references")),
        date=date,
        received_at=received_date(received[0]) if received else None,
        received_count=len(received),
        content_type=top.content_type,
        content_type_parameters=tuple(top.parameters.items()),
        defects=(*block.defects, *defects),
    )


class _Fields:
    """The fields by name, in lower case."""

    def __init__(self, block: Block) -> None:
        self.all = block.values

    def first(self, name: str) -> str:
        values = self.all(name)
        return values[0] if values else ""

    def joined(self, name: str) -> str:
        return " ".join(self.all(name))[-_LONGEST_LIST:]

    def addresses(self, *names: str) -> tuple[Address, ...]:
        """Every mailbox of every field of these names, in order."""
        found: list[Address] = []
        for value in (value for name in names for value in self.all(name)):
            found += parse_addresses(value, LIMITS.addresses - len(found))
            if len(found) >= LIMITS.addresses:
                break
        return tuple(found)
