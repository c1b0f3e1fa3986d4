"""Mails read with everything taken out of them: Postroom beside Python's `email`, which is asked for the same.

Header fields decoded, addresses, ids, date, the best text (HTML rendered by the same renderer), what is new in it,
attachments decoded and described, a hash of the content. What `email` cannot read at all is counted as read.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.policy import compat32, default
from email.utils import getaddresses, parsedate_to_datetime
from pathlib import Path
from statistics import median

from postroom.mail.html_text import html_to_text
from postroom.mail.parse import parse
from postroom.mail.quotes import new_text
from tests.benchmarks.mails import mails
from tests.benchmarks.report import Row, compared

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
ADDRESSES = ("from", "to", "cc", "reply-to", "sender")
WORDS = ("subject", "message-id", "in-reply-to", "references", "content-type", "auto-submitted", "list-id")
LEAST = {"email, policy.default": 10.0, "email, compat32": 4.0}

Reader = Callable[[bytes], object]


def postroom(raw: bytes) -> object:
    """As the intake reads."""
    message = parse(raw)
    return message, new_text(message.text)


def modern(raw: bytes) -> object:
    """`policy.default`: the header decoded and parsed by the library."""
    mail = message_from_bytes(raw, policy=default)
    assert isinstance(mail, EmailMessage)
    header = [str(mail[name] or "") for name in WORDS]
    people = [[(one.display_name, one.addr_spec) for one in mail[name].addresses] for name in ADDRESSES if mail[name]]
    date = mail["date"].datetime if mail["date"] else None
    body = mail.get_body(("plain", "html"))
    text = body.get_content() if body is not None else ""
    if body is not None and body.get_content_type() == "text/html":
        text = html_to_text(text)
    return header, people, date, new_text(text), [_described(part) for part in mail.walk()]


def classic(raw: bytes) -> object:
    """compat32: the header decoded by hand, as most programs do."""
    mail = message_from_bytes(raw, policy=compat32)
    header = [str(make_header(decode_header(mail[name]))) for name in WORDS if mail[name]]
    people = [
        getaddresses([str(make_header(decode_header(one))) for one in mail.get_all(name, [])]) for name in ADDRESSES
    ]
    date = parsedate_to_datetime(mail["date"]) if mail["date"] else None
    leaves = [part for part in mail.walk() if not part.is_multipart()]
    text = next((_text(part) for part in leaves if part.get_content_type() == "text/plain"), None)
    if text is None:
        text = next((html_to_text(_text(part)) for part in leaves if part.get_content_type() == "text/html"), "")
    return header, people, date, new_text(text), [_described(part) for part in mail.walk()]


def _text(part: Message) -> str:
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content.decode(part.get_content_charset() or "utf-8", "replace")


def _described(part: Message) -> tuple[str, str | None, int, str]:
    content = b"" if part.is_multipart() else part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return part.get_content_type(), part.get_filename(), len(content), hashlib.sha256(content).hexdigest()


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
