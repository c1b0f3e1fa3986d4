"""STAT, LIST and UIDL as servers really give them: every mail is named, and no two mails share a name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.gateways.faults import ProtocolFault
from postroom.gateways.pop3 import uids
from postroom.gateways.pop3.listing import Entry, combine, parse_sizes, parse_stat, parse_uids


def listed(sizes: bytes, names: bytes) -> tuple[Entry, ...]:
    return combine(parse_sizes(sizes, 100), parse_uids(names, 100))


@pytest.mark.parametrize(
    ("sizes", "names", "entries"),
    [
        (b"1 10\r\n2 20\r\n", b"1 a\r\n2 b\r\n", (Entry(1, "a", 10), Entry(2, "b", 20))),
        (b"1 10\r\n2 20\r\n", b"2 b\r\n1 a\r\n", (Entry(1, "a", 10), Entry(2, "b", 20))),
        (b"1 10\r\n2 20\r\n", b"1 a\r\n2 a\r\n", (Entry(1, "", 10), Entry(2, "", 20))),
        (b"1 10\r\n2 20\r\n", b"1 a\r\n", (Entry(1, "a", 10), Entry(2, "", 20))),
        (b"1 10\r\n", b"1 a\r\n2 b\r\n", (Entry(1, "a", 10), Entry(2, "b", 0))),
        (b"1 10\r\n", b"1 a\r\n1 b\r\n", (Entry(1, "", 10),)),
        (b"1 10\r\n", b"1 a\r\n1 a\r\n", (Entry(1, "a", 10),)),
        (b"1 10\r\n", b"1\r\n", (Entry(1, "", 10),)),
        (b"1 10\r\n", b"1   \r\n", (Entry(1, "", 10),)),
        (b"1 10\r\n", b"", (Entry(1, "", 10),)),
        (b"1 10\r\n1 99\r\n", b"1 a\r\n", (Entry(1, "a", 10),)),
        (b"1\r\n2 x\r\n3 -4\r\n", b"", (Entry(1, "", 0), Entry(2, "", 0), Entry(3, "", 0))),
        (b"0 10\r\n-1 10\r\nx 10\r\n99999999999 1\r\n\r\n", b"zero a\r\n\r\n", ()),
        (b"7 10 and more words\r\n", b"7 a\r\n", (Entry(7, "a", 10),)),
    ],
)
def test_list_and_uidl_that_disagree_lose_no_mail(sizes: bytes, names: bytes, entries: tuple[Entry, ...]) -> None:
    assert listed(sizes, names) == entries


def test_an_uidl_outside_its_standard_is_named_by_its_hash_and_a_proper_one_by_itself() -> None:
    proper, long = b"!" + b"~" * 69, b"a" * 71
    assert uids.from_uidl(proper) == proper.decode()
    hashed = {uids.from_uidl(raw) for raw in (long, b"a b", b"a  b", b"\xfc", b"\xfd", b"a\x00b")}
    assert len(hashed) == 6
    assert all(uid.startswith("uidl-sha256:") and len(uid) == 76 for uid in hashed)


def test_a_header_names_a_mail_whatever_fields_the_server_rewrites() -> None:
    first = uids.from_header(b"Subject: x\r\nStatus: N\r\nX-UIDL: 1\r\n", 100)
    later = uids.from_header(b"Subject: x\r\nStatus: RO\r\nX-UIDL: 9\r\n", 100)
    assert first == later
    assert first != uids.from_header(b"Subject: y\r\n", 100)
    assert first != uids.from_header(b"Subject: x\r\n", 101)


def test_names_that_repeat_are_told_apart() -> None:
    assert uids.told_apart(["a", "b", "a", "a"]) == ["a", "b", "a#2", "a#3"]


def test_a_listing_over_the_limit_is_refused_with_the_limit_in_words() -> None:
    body = b"".join(b"%d 10\r\n" % n for n in range(1, 102))
    with pytest.raises(ProtocolFault, match="more than 100 mails"):
        parse_sizes(body, 100)


@pytest.mark.parametrize(("text", "count"), [("3 1200", 3), ("0 0", 0), ("", None), ("three", None), ("-1 0", None)])
def test_stat_is_believed_only_when_it_is_a_number(text: str, count: int | None) -> None:
    assert parse_stat(text) == count


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_no_listing_makes_the_reader_raise_and_no_uid_is_given_twice(sizes: bytes, names: bytes) -> None:
    given_uids = [entry.uid for entry in listed(sizes, names) if entry.uid]
    assert len(given_uids) == len(set(given_uids))


@given(st.dictionaries(st.integers(1, 20), st.sampled_from(["", "a", "b", "c"])), st.sets(st.integers(1, 20)))
def test_every_mail_that_list_or_uidl_names_is_in_the_listing_once(names: dict[int, str], sizes: set[int]) -> None:
    numbers = [entry.number for entry in combine(dict.fromkeys(sizes, 1), names)]
    assert sorted(numbers) == sorted(names.keys() | sizes)


WORDS = st.lists(st.sampled_from([b"1", b"2", b"3", b"01", b"0", b"a", b"b", b"\xff", b"", b"99999999999"]), max_size=3)


@given(st.lists(WORDS.map(b" ".join), max_size=6))
def test_reading_a_listing_in_bulk_gives_what_reading_it_line_by_line_gives(lines: list[bytes]) -> None:
    body = b"".join(line + b"\r\n" for line in lines)
    odd = body + b"?\r\n"
    assert parse_sizes(body, 100) == parse_sizes(odd, 100)
    assert parse_uids(body, 100) == parse_uids(odd, 100)
