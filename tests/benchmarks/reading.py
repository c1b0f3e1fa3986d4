"""Mails read with everything taken out of them: Postroom beside Python's `email`, which is asked for the same.

Every header field unfolded, the subject decoded, addresses, ids, the dates of sending and receipt, every text decoded,
the best of them (HTML rendered by the same renderer) and what is new in it (by our own code, for all), each part
described, its size, and a hash of the content that is the same however it was encoded. A test holds that all three
find the same. Postroom also looks for reports and defects, and needs not decode an attachment to hash it; what `email`
cannot read at all is counted as read.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.policy import compat32, default
from email.utils import getaddresses, parsedate_to_datetime
from pathlib import Path
from statistics import median

from msgspec import Struct

from postroom.mail.html_text import html_to_text
from postroom.mail.parse import parse
from postroom.mail.quotes import new_text
from tests.benchmarks.mails import mails
from tests.benchmarks.report import Row, compared

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
ADDRESSES = ("from", "sender", "reply-to", "to", "cc")
IDS = ("message-id", "in-reply-to", "references")
LEAST = {"email, policy.default": 10.0, "email, compat32": 4.0}
_ID = re.compile(r"<([^<>\s]+)>")

Part = tuple[str, str | None, int]
"""Its content type, file name and decoded size."""


class Extract(Struct, frozen=True):
    """All that is taken out of a mail."""

    header: Sequence[tuple[str, str]]
    subject: str
    people: Sequence[Sequence[tuple[str, str]]]
    ids: Sequence[Sequence[str]]
    dates: tuple[datetime | None, datetime | None]
    text: str
    html: str | None
    new: str
    shape: Sequence[str]
    files: Sequence[Part]
    content_hash: str


Reader = Callable[[bytes], Extract]


def postroom(raw: bytes) -> Extract:
    """As the intake reads."""
    mail = parse(raw)
    people = (mail.from_, mail.sender, mail.reply_to, mail.to, mail.cc)
    return Extract(
        [(field.name, field.value) for field in mail.headers],
        mail.subject,
        [[(one.name, one.addr) for one in field] for field in people],
        [(mail.message_id,) if mail.message_id else (), mail.in_reply_to, mail.references],
        (mail.date, mail.received_at),
        mail.text,
        mail.html,
        new_text(mail.text).new,
        [part.content_type for part in mail.shape],
        [(one.content_type, one.name, one.size) for one in mail.attachments],
        mail.body_hash,
    )


def modern(raw: bytes) -> Extract:
    """`policy.default`: the header decoded and parsed by the library."""
    mail = message_from_bytes(raw, policy=default)
    assert isinstance(mail, EmailMessage)
    people = [
        [(one.display_name, one.addr_spec) for field in mail.get_all(name, []) for one in field.addresses]
        for name in ADDRESSES
    ]
    texts: list[tuple[str, str]] = []
    files: list[Part] = []
    whole = hashlib.sha256()
    for part in mail.walk():
        assert isinstance(part, EmailMessage)
        if part.is_multipart():
            continue
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        whole.update(content)
        if part.get_content_maintype() == "text" and not part.is_attachment():
            texts.append((part.get_content_type(), part.get_content()))
        else:
            files.append((part.get_content_type(), part.get_filename(), len(content)))
    return Extract(
        [(name, _unfolded(str(value))) for name, value in mail.raw_items()],
        str(mail["subject"] or ""),
        people,
        [tuple(_ID.findall(str(mail[name] or ""))) for name in IDS],
        (mail["date"].datetime if mail["date"] else None, _received(mail)),
        *_best(texts),
        [part.get_content_type() for part in mail.walk()],
        files,
        whole.hexdigest(),
    )


def classic(raw: bytes) -> Extract:
    """compat32: the header decoded by hand, as most programs do."""
    mail = message_from_bytes(raw, policy=compat32)
    people = [
        [(_decoded(name), address) for name, address in getaddresses(mail.get_all(field, []))] for field in ADDRESSES
    ]
    texts: list[tuple[str, str]] = []
    files: list[Part] = []
    whole = hashlib.sha256()
    for part in mail.walk():
        if part.is_multipart():
            continue
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        whole.update(content)
        if part.get_content_maintype() == "text" and part.get_content_disposition() != "attachment":
            charset = part.get_content_charset() or "utf-8"
            texts.append((part.get_content_type(), content.decode(charset, "replace").replace("\r\n", "\n")))
        else:
            files.append((part.get_content_type(), _decoded(part.get_filename() or ""), len(content)))
    return Extract(
        [(name, _unfolded(str(value))) for name, value in mail.items()],
        _decoded(str(mail["subject"] or "")),
        people,
        [tuple(_ID.findall(str(mail[name] or ""))) for name in IDS],
        (parsedate_to_datetime(mail["date"]) if mail["date"] else None, _received(mail)),
        *_best(texts),
        [part.get_content_type() for part in mail.walk()],
        files,
        whole.hexdigest(),
    )


def _unfolded(value: str) -> str:
    return value.replace("\r", "").replace("\n", "")


def _decoded(value: str) -> str:
    return str(make_header(decode_header(value))) if "=?" in value else value


def _received(mail: Message) -> datetime | None:
    topmost = mail["received"]
    return parsedate_to_datetime(str(topmost).rpartition(";")[2]) if topmost else None


def _best(texts: list[tuple[str, str]]) -> tuple[str, str | None, str]:
    """The text to read, the HTML, and what is new in the text."""
    html = next((text for kind, text in texts if kind == "text/html"), None)
    text = next((text for kind, text in texts if kind == "text/plain"), None)
    if text is None:
        text = html_to_text(html or "")
    return text, html, new_text(text).new


READERS: Mapping[str, Reader] = {"postroom": postroom, "email, policy.default": modern, "email, compat32": classic}


def run(rounds: int, count: int, say: Callable[[str], None]) -> dict[str, dict[str, list[float]]]:
    """Every reader once a round on each stock; gives its mails a second of processor time, by stock and reader."""
    stocks = {"corpus": corpus(), "mixed": list(mails("mixed", count)), "plain": list(mails("plain", count))}
    speeds: dict[str, dict[str, list[float]]] = {name: {reader: [] for reader in READERS} for name in stocks}
    for stock, raws in stocks.items():
        for turn in range(rounds if raws else 0):
            names = [*READERS][turn % len(READERS) :] + [*READERS][: turn % len(READERS)]
            for reader in names:
                speed = len(raws) / read_all(READERS[reader], raws)
                speeds[stock][reader].append(speed)
                say(f"reading {stock}, round {turn + 1} of {rounds}: {reader} {speed:,.0f} mails/s")
    return speeds


def corpus() -> list[bytes]:
    """Real mails, where they are."""
    return [file.read_bytes() for file in sorted(CORPUS.rglob("*.eml"))]


def read_all(reader: Reader, raws: Sequence[bytes]) -> float:
    """Read every mail; gives the seconds of processor time that took."""
    began = time.process_time()
    for raw in raws:
        try:
            reader(raw)
        except Exception:
            if reader is postroom:
                raise
    return time.process_time() - began


def rows(speeds: Mapping[str, Mapping[str, list[float]]]) -> list[Row]:
    """The race as figures."""
    return [
        compared(
            f"reading {stock}: beside {peer}", median(by["postroom"]), "mails/s", peer, median(by[peer]), LEAST[peer]
        )
        for stock, by in speeds.items()
        if by["postroom"]
        for peer in LEAST
    ]
