from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from postroom.mail import headers
from postroom.mail.headers import split_header


def names(raw: bytes) -> list[str]:
    return [header.name for header in split_header(raw).headers]


def test_a_folded_field_is_unfolded_and_keeps_its_white_space() -> None:
    block = split_header(b"Subject: a\r\n b\r\n\tc\r\nTo: x\r\n\r\nbody")
    assert block.values("subject") == ["a b\tc"]
    assert (block.body_at, block.defects) == (29, ())


def test_lf_and_crlf_mean_the_same() -> None:
    assert split_header(b"A: b\nC: d\n\nx").headers == split_header(b"A: b\r\nC: d\r\n\r\nx").headers


def test_white_space_before_the_colon_is_forgiven() -> None:
    assert split_header(b"Subject : x\r\n\r\n").values("subject") == ["x"]


def test_a_line_of_a_mailbox_file_is_left_out() -> None:
    block = split_header(b"From ann@x Mon Mar 2\nA: b\n\nx")
    assert (block.headers[0].name, block.defects) == ("A", (headers.MBOX_LINE,))


def test_a_line_that_is_no_field_between_fields_is_left_out_with_what_is_folded_to_it() -> None:
    block = split_header(b"A: b\njunk here\n more junk\nC: d\n\nx")
    assert [header.name for header in block.headers] == ["A", "C"]
    assert block.defects == (headers.JUNK_LINE,)
    assert block.values("a") == ["b"]


def test_lines_after_the_last_field_are_the_body_where_the_blank_line_is_missing() -> None:
    raw = b"A: b\nhello there\nmore\n\nend"
    block = split_header(raw)
    assert (raw[block.body_at :], block.defects) == (b"hello there\nmore\n\nend", (headers.NO_BLANK_LINE,))


def test_a_mail_without_a_header_is_all_body() -> None:
    assert split_header(b"\r\nbody").body_at == 2
    assert split_header(b"\nbody").body_at == 1
    assert split_header(b"no header\n\nbody").body_at == 0


def test_a_header_over_its_limit_is_cut_and_said() -> None:
    assert headers.TOO_LARGE in split_header(b"A: b\n" * 100, 0, None, 50, 1000).defects
    block = split_header(b"A: b\n" * 100 + b"\nx", 0, None, 10_000, 5)
    assert (len(block.headers), block.defects) == (5, (headers.TOO_MANY,))


def test_nul_and_bare_cr_in_a_value_are_taken_out_and_said() -> None:
    block = split_header(b"A: b\0c\rd\n\n")
    assert (block.values("a"), block.defects) == (["bc d"], (headers.NUL,))


def test_a_header_that_ends_with_the_mail_has_no_body() -> None:
    assert split_header(b"A: b").body_at == 4


def test_continuation_without_a_field_is_no_field() -> None:
    assert names(b" folded\nA: b\n\n") == ["A"]


@given(st.binary(max_size=400))
def test_splitting_never_raises_and_the_body_begins_inside_the_mail(raw: bytes) -> None:
    block = split_header(raw)
    assert 0 <= block.body_at <= len(raw)
    assert all("\n" not in header.value and "\0" not in header.value for header in block.headers)


LINES = [
    *(b"Subject: x", b"X:", b"A : b", b"N: \xc3\xbc", b"N: \xff", b"N: \xef\xbb\xbfx", b"N:\xc2\xa0x\xc2\x85", b"N:: "),
    *(b" folded", b"\tfolded", b" ", b"\t\xff", b"From a b", b">From : x", b"From : x", b"junk"),
    *(b"\xc3\xbc: x", b": x"),
]  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(LINES), st.sampled_from((b"\r\n", b"\r\n", b"\n", b"\r\r\n"))), max_size=8))
def test_a_header_cut_in_one_go_is_the_one_cut_line_by_line(lines: list[tuple[bytes, bytes]]) -> None:
    head = b"".join(line + end for line, end in lines)
    block = split_header(head + b"Last: x\r\n\r\n")
    # A field with a fault makes it go line by line.
    slowly = split_header(head + b"Last: x\0\r\n\r\n")
    assert block.headers == slowly.headers
    assert {*block.defects, headers.NUL} == {*slowly.defects}
