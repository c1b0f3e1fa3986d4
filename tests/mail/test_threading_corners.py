"""The corners of threading, one row each: what a customer's client or a server between did, and where the mail goes.

Ann's conversation answers to her own first mail, to our mails and their anchor, and to its tag; a row says whether her
mail continues it, and whether it is flagged.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from postroom.mail.message import Message
from postroom.mail.parse import parse
from postroom.mail.threads import thread_keys
from tests.mail.mails import CONVERSATION, RING, TENANT, changed, mail, raw_mail
from tests.mail.test_hijack import ANCHOR, HERS, LOCAL, OTHERS, TOKEN, judged

SHARED = "kim@customer.example"
STRANGER = "zoe@elsewhere.example"
LONG = " ".join(f"<filler{number}@x.example>" for number in range(3_000))


class Corner(NamedTuple):
    """What the mail has beside Ann's clean one, and what comes of it."""

    name: str
    fields: dict[str, str | None]
    joins: bool = True
    new_participant: bool = False
    flagged: bool = False
    related: bool = False


CORNERS = (
    Corner("References are folded", {"References": f"<a@x>\r\n\t<b@x>\r\n  <{TOKEN}>"}),
    Corner("References fill 100 kB, ours the newest", {"References": f"{LONG} <{TOKEN}>"}),
    Corner("References are separated by commas", {"References": f"<a@x>,<{TOKEN}>,<b@x>"}),
    Corner("References have no blanks between", {"References": f"<a@x><{TOKEN}><b@x>"}),
    Corner("References have no brackets", {"References": f"a@x {TOKEN}"}),
    Corner("References have blanks inside the brackets", {"References": f"< {TOKEN} >"}),
    Corner("References were cut at the front, as Exchange does", {"References": f"p.example> <{TOKEN}>"}),
    Corner("References were cut at the end, in the middle of ours", {"References": f"<{TOKEN[:50]}"}, joins=False),
    Corner("References hold the anchor alone", {"References": f"<{ANCHOR}>"}),
    Corner("the client dropped References and kept In-Reply-To", {"In-Reply-To": f"<{TOKEN}>"}),
    Corner("In-Reply-To has words around it", {"In-Reply-To": f'Your message of "Mon" <{TOKEN}>'}),
    Corner("In-Reply-To is empty, References are not", {"In-Reply-To": "", "References": f"<{TOKEN}>"}),
    Corner("Message-ID is missing", {"Message-ID": None, "In-Reply-To": f"<{TOKEN}>"}),
    Corner("Message-ID is empty", {"Message-ID": "<>", "In-Reply-To": f"<{TOKEN}>"}),
    Corner("Message-ID has two at-signs", {"Message-ID": "<a@b@c.example>", "In-Reply-To": f"<{TOKEN}>"}),
    Corner("our id came back in capitals", {"In-Reply-To": f"<{TOKEN.upper()}>"}),
    Corner("our id came back with another domain", {"In-Reply-To": f"<{LOCAL}@relay.example>"}),
    Corner("our id was replaced by the relay's own", {"In-Reply-To": "<0100abc-000000@ses.example>"}, joins=False),
    Corner("there is Outlook's Thread-Index and nothing else", {"Thread-Index": "AdaQ2Y0aAAAA"}, joins=False),
    Corner("she answers her own first mail", {"Message-ID": "<2@customer.example>", "In-Reply-To": f"<{HERS}>"}),
    Corner("the token stands in the recipient alone", {"To": f"reply+{LOCAL}@in.example.org"}),
    Corner(
        "our mail was forwarded to somebody who answers it",
        {"From": STRANGER, "In-Reply-To": f"<{TOKEN}>"},
        new_participant=True,
    ),
    Corner(
        "she writes from another address, with our mail at hand",
        {"From": "ann@home.example", "References": f"<{TOKEN}>"},
        new_participant=True,
    ),
    Corner(
        "she writes from another address, and only to her own mail",
        {"From": "ann@home.example", "References": f"<{HERS}>"},
        joins=False,
        related=True,
    ),
    Corner("two people share one address", {"From": f"Kim <{SHARED}>", "References": f"<{HERS}>"}),
    Corner("she changed the subject", {"Subject": "Something else", "In-Reply-To": f"<{TOKEN}>"}),
    Corner("a new matter was written as an answer", {"Subject": "Invoice 7", "References": f"<{TOKEN}>"}),
    Corner("the subject is the same and nothing else", {"Subject": "Re: My order"}, joins=False),
    Corner("our tag stands in the subject", {"Subject": "Re: My order [#A1B2C3]"}),
    Corner("our tag stands beside another system's", {"Subject": "Re: [#1] [#2] My order [#A1B2C3] [SUP-4]"}),
    Corner("another system's tags stand alone", {"Subject": "Re: [#1] [#2] My order [SUP-4]"}, joins=False),
    Corner("our tag comes from a stranger", {"From": STRANGER, "Subject": "[#A1B2C3]"}, joins=False, related=True),
    Corner("our token stands in the subject", {"Subject": f"Re: <{TOKEN}>"}, joins=False),
    Corner("it refers to itself", {"Message-ID": "<2@x>", "In-Reply-To": "<2@x>", "References": "<2@x>"}, joins=False),
    Corner("ids have 8-bit letters", {"References": f"<\u00e4\u00f6@x> <{TOKEN}> <\u4f60@x>"}),
    Corner("ids have a NUL", {"References": f"<a\0b@x> <{TOKEN}>"}),
    Corner(
        "a second token is of a conversation that was erased",
        {"In-Reply-To": f"<{TOKEN}>", "References": f"<{OTHERS}>"},
        flagged=False,
    ),
    Corner("a list went between", {"List-Id": "<l.x.example>", "Sender": "l@x.example", "In-Reply-To": f"<{TOKEN}>"}),
    Corner(
        "it was redirected, its envelope rewritten (SRS)",
        {"Return-Path": "<SRS0=a=b=c=ann@relay.example>", "In-Reply-To": f"<{TOKEN}>"},
    ),
    Corner(
        "it is one part of a message/partial",
        {"Content-Type": 'message/partial; id="p"; number=2; total=3', "References": f"<{TOKEN}>"},
    ),
    Corner("the fields stand twice, ours in the second", {"References": f"<a@x>\r\nReferences: <{TOKEN}>"}),
)


def written(fields: dict[str, str | None]) -> Message:
    return mail(*fields.items())


@pytest.mark.parametrize("corner", CORNERS, ids=lambda one: one.name)
def test_a_mail_finds_its_conversation_or_begins_one(corner: Corner) -> None:
    found = judged(written(corner.fields))
    assert (found.conversation == CONVERSATION) is corner.joins
    assert found.conversation in {CONVERSATION, None}
    assert (found.new_participant, found.flagged) == (corner.new_participant, corner.flagged)
    assert (CONVERSATION in found.related) is corner.related


@pytest.mark.parametrize("corner", CORNERS, ids=lambda one: one.name)
def test_line_ends_and_the_order_of_the_fields_change_nothing(corner: Corner) -> None:
    as_it_is = judged(written(corner.fields))
    raw = raw_mail(changed(corner.fields.items()))
    assert judged(parse(raw.replace(b"\r\n", b"\n"))) == as_it_is


def test_a_delivery_report_without_the_mail_it_is_about_names_nothing() -> None:
    report = (
        "--b\r\n\r\nIt failed.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; ann@customer.example\r\n"
        "Action: failed\r\nStatus: 5.1.1\r\n--b--\r\n"
    )
    kind = 'multipart/report; report-type=delivery-status; boundary="b"'
    keys = thread_keys(mail(("Content-Type", kind), body=report), RING, TENANT)
    assert (keys.tokens, keys.message_ids) == ((), ())


def test_there_are_forty_corners() -> None:
    assert len({corner.name for corner in CORNERS}) == len(CORNERS) >= 40
