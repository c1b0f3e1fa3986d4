"""The reader of parts against another one that was written apart from it, on real mails."""

from __future__ import annotations

from pathlib import Path

from fast_mail_parser import ParseError, PyLazyMimePart, parse_email_tree

from postroom.mail.headers import split_header
from postroom.mail.mime import read_parts
from tests.mail.corpus import mails, needs_corpus

Leaf = tuple[str, bytes]


def ours(raw: bytes) -> list[Leaf]:
    parts = read_parts(raw, split_header(raw)).parts
    return [
        (part.content_type, part.content(raw).replace(b"\r", b"").rstrip())
        for part in parts
        if not part.is_container and not part.inside
    ]


def theirs(node: PyLazyMimePart) -> list[Leaf]:
    if node.is_message or node.content is not None:
        return [(node.content_type.lower(), (node.content or b"").replace(b"\r", b"").rstrip())]
    return [leaf for child in node.children for leaf in theirs(child)]


def agree(path: Path) -> bool | None:
    raw = path.read_bytes()
    try:
        return ours(raw) == theirs(parse_email_tree(raw, mode="lazy"))
    except ParseError:
        return None


@needs_corpus
def test_two_readers_find_the_same_parts_but_in_broken_mails() -> None:
    verdicts = [agree(path) for path in mails("bounces", "mail-gem", "mail-parser", "replies-talon")]
    compared = [verdict for verdict in verdicts if verdict is not None]
    assert len(compared) > 400
    assert sum(compared) >= 0.97 * len(compared)
