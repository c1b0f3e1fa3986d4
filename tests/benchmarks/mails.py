"""The mails of the benchmark: two mixes, no two mails alike, the same octets for the same seed.

It makes bytes with LF line ends, as a delivery agent files them; it writes and sends nothing.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

ADDRESS = "support@cc.example"
"""Whom every customer writes to."""
SEED = 3
FIRST_SENT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
POLICY = SMTP.clone(linesep="\n")

PEOPLE = (
    "Ada Brandt",
    "Jörg Weiß",
    "Zoé Lefèvre",
    "Олег Попов",
    "佐藤 葵",
    "Seán Ó Briain",
    "İlker Kaya",
)
MATTERS = (
    "The lamp of order {number} flickers",
    "Lieferung {number} ist unvollständig",
    "Où est ma commande nº {number} ?",
    "Вопрос по счёту {number}",
    "ご注文 {number} の変更",
    "Please cancel contract {number}",
    "My password is refused",
    "Danke für die schnelle Hilfe ✔ {number}",
)
SENTENCES = """
hello the parcel came yesterday without its invoice and one glass was broken could you tell me when I get another
the amount on my account is wrong since March I have written twice and heard nothing
bitte senden Sie mir eine Rechnung über den vollen Betrag schöne Grüße
pourriez-vous vérifier l'adresse s'il vous plaît déjà reçu спасибо за помощь
"""
WORDS = SENTENCES.split()

Kind = Callable[[random.Random, EmailMessage], None]


def plain(rng: random.Random, mail: EmailMessage) -> None:
    """About 2 kB of text."""
    mail.set_content(prose(rng, 1_450), cte="8bit")


def alternative(rng: random.Random, mail: EmailMessage) -> None:
    """About 20 kB: text, and the same for a browser."""
    mail.set_content(prose(rng, 4_000), cte="8bit")
    paragraphs = "".join(f'<p style="margin:0 0 1em;color:#333">{prose(rng, 400)}</p>\n' for _ in range(32))
    mail.add_alternative(f"<html><body>{paragraphs}</body></html>\n", subtype="html", cte="8bit")


def small_attachment(rng: random.Random, mail: EmailMessage) -> None:
    """A file of 200 kB."""
    _attach(rng, mail, 200_000)


def large_attachment(rng: random.Random, mail: EmailMessage) -> None:
    """A file of 2 MB."""
    _attach(rng, mail, 2_000_000)


MIXES: Mapping[str, Mapping[Kind, int]] = {
    "mixed": {plain: 60, alternative: 30, small_attachment: 8, large_attachment: 2},
    "plain": {plain: 100},
}
"""Each mix: how many of a hundred mails are of which kind."""


def mails(mix: str, count: int, seed: int = SEED) -> Iterator[bytes]:
    """That many mails of the mix, the kinds shuffled within every hundred."""
    rng = random.Random(f"{mix} {seed}")
    sent: list[tuple[str, str, str]] = []
    for index, kind in zip(range(count), _kinds(rng, MIXES[mix]), strict=False):
        mail = EmailMessage(policy=POLICY)
        _address(rng, mail, index, sent)
        kind(rng, mail)
        if mail.is_multipart():
            mail.set_boundary(f"part-{rng.getrandbits(96):024x}")
        yield mail.as_bytes()


def _kinds(rng: random.Random, shares: Mapping[Kind, int]) -> Iterator[Kind]:
    while True:
        hundred = [kind for kind, share in shares.items() for _ in range(share)]
        rng.shuffle(hundred)
        yield from hundred


def _address(rng: random.Random, mail: EmailMessage, index: int, sent: list[tuple[str, str, str]]) -> None:
    """Give the mail its header; four in ten follow up on an earlier one."""
    person = rng.randrange(300)
    message_id = f"<{index}.{rng.getrandbits(64):016x}@mail.customer.example>"
    subject, above = rng.choice(MATTERS).format(number=rng.randrange(10_000, 99_999)), ""
    if sent and rng.random() < 0.4:
        above, earlier, who = rng.choice(sent[-200:])
        subject, person = f"Re: {earlier.removeprefix('Re: ')}", int(who)
    sent_at = FIRST_SENT + timedelta(seconds=41 * index)
    mail["Return-Path"] = f"<person{person}@customer.example>"
    mail["Received"] = f"from mx.customer.example by in.cc.example id {index}; {sent_at:%a, %d %b %Y %T} +0000"
    mail["Date"] = sent_at
    mail["From"] = Address(PEOPLE[person % len(PEOPLE)], f"person{person}", "customer.example")
    mail["To"] = ADDRESS
    mail["Subject"] = subject
    mail["Message-ID"] = message_id
    if above:
        mail["In-Reply-To"] = mail["References"] = above
    sent.append((message_id, subject, str(person)))


def prose(rng: random.Random, size: int) -> str:
    """Lines of words, about that many octets in UTF-8."""
    lines: list[str] = []
    while size > 0:
        line = " ".join(rng.choices(WORDS, k=rng.randint(6, 12)))
        lines.append(line)
        size -= len(line.encode()) + 1
    return "\n".join(lines) + "\n"


def _attach(rng: random.Random, mail: EmailMessage, size: int) -> None:
    mail.set_content(prose(rng, 900), cte="8bit")
    mail.add_attachment(rng.randbytes(size), maintype="application", subtype="pdf", filename="Rechnung März.pdf")
