"""A mail read where it lies is the mail read from memory: the same attachments, the same bytes."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.engine import opened_mail
from postroom.engine.opened_mail import FileOctets, open_attachment
from postroom.errors import TemporaryError
from postroom.mail.octets import Octets
from postroom.mail.parse import attachment_bytes, parse

CORPUS = Path(__file__).resolve().parents[2].parent / "shared" / "corpus"
RICH = (
    b"From: a@example.com\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\ntext\n--x\n"
    b'Content-Type: application/pdf; name="a/b.pdf"\nContent-Transfer-Encoding: base64\n\n'
    + base64.encodebytes(bytes(range(256)) * 300)
    + b"--x\nContent-Type: image/png\nContent-Transfer-Encoding: quoted-printable\n\n=41=42\n--x--\n"
)


@pytest.fixture(autouse=True)
def _small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opened_mail, "WINDOW", 40)
    monkeypatch.setattr(opened_mail, "BEHIND", 3)


places = st.none() | st.integers(-250, 250)


@given(st.text("ab\n", max_size=200), st.lists(st.tuples(st.text("ab\n", min_size=1, max_size=4), places, places)))
def test_a_file_answers_as_its_bytes_do(text: str, asked: list[tuple[str, int | None, int | None]]) -> None:
    raw = text.encode()
    octets = FileOctets(io.BytesIO(raw), len(raw))
    assert len(octets) == len(raw)
    for word, start, stop in asked:
        wanted = word.encode()
        assert octets[start:stop] == raw[start:stop]
        if start is not None:
            assert octets.find(wanted, start, stop) == raw.find(wanted, start, stop)
            assert octets.startswith(wanted, start, stop) == raw.startswith(wanted, start, stop)


@pytest.mark.parametrize(
    "raw", [RICH, RICH.replace(b"\n", b"\r\n"), RICH.replace(b"\n", b"\r")], ids=["lf", "crlf", "cr"]
)
def test_attachments_are_those_of_the_mail_read_whole(raw: bytes) -> None:
    read = parse(raw).attachments
    assert len(read) == 2
    for one in read:
        found = open_attachment(io.BytesIO(raw), one.index)
        assert found is not None
        attachment, content = found
        whole = attachment_bytes(raw, one.index)
        assert (attachment, b"".join(content.pieces(0, content.size))) == (one, whole)
        for start, stop in ((0, 1), (1, 1), (100, 5_000), (content.size - 1, content.size)):
            assert b"".join(content.pieces(start, stop)) == (whole or b"")[start:stop]
    for index in (-1, 0, 1, 99):
        assert open_attachment(io.BytesIO(raw), index) is None


def test_a_mail_of_which_only_the_header_is_read_has_no_attachment() -> None:
    raw = b"A: b\r\n" * 2_000 + b"\r\n"
    assert open_attachment(io.BytesIO(raw), 0) is None


def test_every_attachment_of_the_corpus_is_read_the_same_from_its_file() -> None:
    compared = 0
    for path in sorted(CORPUS.rglob("*.eml"))[::7]:
        raw = path.read_bytes()
        for one in parse(raw).attachments:
            found = open_attachment(io.BytesIO(raw), one.index)
            assert found is not None, path
            assert (found[0], b"".join(found[1].pieces(0, one.size))) == (one, attachment_bytes(raw, one.index)), path
            compared += 1
    assert compared > 10


def test_a_file_that_ends_too_early_is_said_to_and_not_waited_for() -> None:
    octets: Octets = FileOctets(io.BytesIO(b"short"), 1_000)
    with pytest.raises(TemporaryError, match="too early"):
        octets.find(b"\n")
