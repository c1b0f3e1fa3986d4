from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.gateways.smtp.body import BLOCK, canonical, stuffed

LINE_ENDS_AND_DOTS = st.lists(
    st.sampled_from([b"\r", b"\n", b"\r\n", b".", b"..", b"a", b"\x00", b"\xff", b"\r\n.\r\n", b"\n.\n"]), max_size=60
).map(b"".join)
BLOCK_SIZES = st.integers(min_value=1, max_value=9)


def on_the_wire(raw: bytes, block: int = BLOCK) -> bytes:
    return b"".join(stuffed(canonical(raw, block)))


def as_the_server_reads_it(wire: bytes) -> bytes:
    """RFC 5321 §4.5.2: the first dot of a line goes; the final dot ends the mail."""
    lines = (wire + b".\r\n").split(b"\r\n")
    end = lines.index(b".")
    assert lines[end + 1 :] == [b""], "the mail would end before its end"
    return b"".join(line.removeprefix(b".") + b"\r\n" for line in lines[:end])


@given(raw=LINE_ENDS_AND_DOTS, block=BLOCK_SIZES)
def test_no_cr_or_lf_is_ever_alone_on_the_wire(raw: bytes, block: int) -> None:
    assert re.search(rb"\r(?!\n)|(?<!\r)\n", on_the_wire(raw, block)) is None


@given(raw=LINE_ENDS_AND_DOTS, block=BLOCK_SIZES)
def test_the_server_reads_the_whole_mail_and_nothing_after_it(raw: bytes, block: int) -> None:
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", raw)
    expected = lines if not lines or lines.endswith(b"\r\n") else lines + b"\r\n"
    assert as_the_server_reads_it(on_the_wire(raw, block)) == expected


@given(raw=LINE_ENDS_AND_DOTS, block=BLOCK_SIZES)
def test_where_the_blocks_are_cut_changes_nothing(raw: bytes, block: int) -> None:
    assert on_the_wire(raw, block) == on_the_wire(raw)


@pytest.mark.parametrize(
    "smuggled",
    [b"\n.\r\n", b"\n.\n", b"\r.\r\n", b"\r.\r", b"\r\n.\n", b"\r\n.\r", b"\n.\r", b"\r\n\x00.\r\n", b"\r\r\n.\r\r\n"],
)
def test_no_way_of_writing_an_end_of_mail_ends_the_mail(smuggled: bytes) -> None:
    raw = b"Subject: x\r\n\r\nfirst" + smuggled + b"MAIL FROM:<a@b>\r\n"
    assert b"MAIL FROM" in as_the_server_reads_it(on_the_wire(raw))


def test_a_large_mail_comes_in_blocks_of_bounded_size() -> None:
    raw = b"line of a mail\r\n" * 200_000
    blocks = list(canonical(raw))
    assert max(map(len, blocks)) <= BLOCK + 1
    assert b"".join(blocks) == raw
