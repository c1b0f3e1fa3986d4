"""The IMAP protocol core: bytes in, values out; whatever the bytes are, it ends in values or in a ProtocolFault."""

from __future__ import annotations

import contextlib
import re
import time
from base64 import b64decode
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from postroom.gateways.faults import ProtocolFault, UnsafeArgument
from postroom.gateways.imap.commands import folder, quoted, uid_set
from postroom.gateways.imap.inbound import MAX_LINE, Inbound
from postroom.gateways.imap.names import internal_date, lasting_name
from postroom.gateways.imap.responses import Response, Status, begun, is_mail, literal_size, without_size
from postroom.gateways.imap.snapshot import Mail, Selected, Snapshot, listed_mail
from postroom.gateways.imap.values import MOST_VALUES, number, pairs, read_values
from postroom.gateways.imap.verdicts import refused, said_bye, sign_in_refused
from postroom.ports.gateways import GatewayStatus
from tests.support.imap_script import uids_of

PLAUSIBLE = st.lists(
    st.sampled_from(
        [
            b"(",
            b")",
            b" ",
            b'"',
            b"\\",
            b"UID",
            b"5",
            b"BODY[]",
            b"{3}",
            b"NIL",
            b"[",
            b"]",
            b"* 1 FETCH ",
            b"\xff",
            b"%",
        ]
    ),
    max_size=40,
).map(b"".join)


def untagged(line: bytes) -> Response:
    return Response(b"*", [line])


@pytest.mark.parametrize(
    ("line", "values"),
    [
        (b"", []),
        (b"1 EXISTS", [b"1", b"EXISTS"]),
        (b'FETCH (UID 5 X "a \\"b\\" (c")', [b"FETCH", [b"UID", b"5", b"X", b'a "b" (c']]),
        (b"((()))", [[[[]]]]),
        (b'(FLAGS (\\Seen $x) BODY[] "")', [[b"FLAGS", [b"\\Seen", b"$x"], b"BODY[]", b""]]),
    ],
)
def test_values_are_read(line: bytes, values: list[object]) -> None:
    assert read_values([line]) == values


@pytest.mark.parametrize("line", [b"(", b")", b"())", b'"a', b"(" * 11 + b")" * 11, b"a " * (MOST_VALUES + 1), b'a"'])
def test_what_is_no_list_of_values_is_a_fault(line: bytes) -> None:
    with pytest.raises(ProtocolFault):
        read_values([line])


@given(PLAUSIBLE, st.binary(max_size=200))
def test_any_line_is_values_or_a_fault(plausible: bytes, noise: bytes) -> None:
    for line in (plausible, noise, plausible + noise):
        with contextlib.suppress(ProtocolFault):
            read_values([line])
        with contextlib.suppress(ProtocolFault):
            untagged(line).data()
        with contextlib.suppress(ProtocolFault):
            listed_mail(untagged(b"1 FETCH " + line))
        with contextlib.suppress(ProtocolFault):
            begun(line)
        with contextlib.suppress(ProtocolFault):
            literal_size(line)
        untagged(line).status()
        is_mail(b"* 1 FETCH (" + line)
        assert internal_date(line) is None or line


@pytest.mark.parametrize(
    "line",
    [b"(" * 60_000, b'"' * 60_000, b"\\" * 60_000, b'"\\' * 30_000, b"BODY[] " * 9_000, b" " * 60_000, b"{1" * 30_000],
)
def test_a_line_made_to_take_long_does_not(line: bytes) -> None:
    began = time.process_time()
    for _ in range(3):
        with contextlib.suppress(ProtocolFault):
            read_values([line])
        untagged(line).status()
        is_mail(b"* 1 FETCH (" + line)
        literal_size(line)
    assert time.process_time() - began < 5


@given(st.lists(st.integers(1, 2**32 - 1), min_size=1, max_size=50))
def test_a_set_of_uids_says_exactly_these(uids: list[int]) -> None:
    said = uid_set(uids).decode()
    found = {uid for part in said.split(",") for uid in _range(part)} if len(said) < 400 else set(uids)
    assert found == set(uids)
    assert uid_set([3, 1, 2, 7]) == b"1:3,7"
    assert uids_of("1:3,7", 9) == {1, 2, 3, 7}


def _range(part: str) -> range:
    low, _, high = part.partition(":")
    return range(int(low), int(high or low) + 1)


@pytest.mark.parametrize("octet", [*range(0x20), 0x7F])
def test_no_control_character_gets_into_any_argument(octet: int) -> None:
    for build in (quoted, folder):
        with pytest.raises(UnsafeArgument):
            build(f"a{chr(octet)}b")


@given(st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs"], exclude_characters="\x7f"), max_size=40))
def test_a_folders_name_is_quoted_ascii_that_stands_for_it(name: str) -> None:
    said = folder(name)
    assert said.isascii()
    assert said[:1] == said[-1:] == b'"'
    assert _name_of(re.sub(rb"\\(.)", rb"\1", said[1:-1])) == name


def _name_of(said: bytes) -> str:
    """RFC 3501 §5.1.3, read back."""
    name, rest = "", said.decode()
    while rest:
        plain, shift, rest = rest.partition("&")
        name += plain
        if shift:
            coded, _, rest = rest.partition("-")
            padded = coded.replace(",", "/") + "=" * (-len(coded) % 4)
            name += b64decode(padded).decode("utf-16-be") if coded else "&"
    return name


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("INBOX", b'"INBOX"'),
        ('a "b" \\c', b'"a \\"b\\" \\\\c"'),
        ("Tom & Jerry", b'"Tom &- Jerry"'),
        ("Entwürfe", b'"Entw&APw-rfe"'),
        ("台北", b'"&U,BTFw-"'),
    ],
)
def test_folders_are_named_as_the_specification_says(name: str, said: bytes) -> None:
    assert folder(name) == said


@pytest.mark.parametrize(
    ("text", "at"),
    [
        (b"17-Jul-1996 02:44:25 -0700", datetime(1996, 7, 17, 9, 44, 25, tzinfo=UTC)),
        (b" 7-jul-1996 02:44:25 +0000", datetime(1996, 7, 7, 2, 44, 25, tzinfo=UTC)),
        (b"01-Jan-2026 00:00:00 +0530", datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=5, minutes=30)))),
        (b"32-Jan-2026 00:00:00 +0000", None),
        (b"01-Foo-2026 00:00:00 +0000", None),
        (b"01-Jan-2026", None),
        (b"01-Jan-99999 00:00:00 +0000", None),
        (b"01-Jan-2026 00:00:00 +9999", None),
        (b"", None),
        (b"\xff", None),
    ],
)
def test_internal_dates(text: bytes, at: datetime | None) -> None:
    assert internal_date(text) == at


def test_names_last_and_differ_by_folder_and_validity() -> None:
    names = [lasting_name(*one) for one in (("INBOX", 1, 2), ("inbox", 1, 2), ("A", 1, 2), ("B", 1, 2), ("A", 2, 2))]
    assert names[0] == names[1] == "imap:1:2"
    assert len(set(names)) == 4


def test_lines_and_literals_are_taken_apart_wherever_they_are_cut() -> None:
    inbound = Inbound()
    for octet in b"* 1 FETCH {3}\r\nab":
        assert inbound.line() is None
        inbound.feed(bytes((octet,)))
        if octet == 10:
            assert inbound.line() == b"* 1 FETCH {3}"
    assert (inbound.octets(3), inbound.octets(3)) == (b"ab", b"")
    inbound.feed(b"c)\r\nrest")
    assert (inbound.octets(1), inbound.line(), inbound.peek(), len(inbound)) == (b"c", b")", b"rest", 4)


@pytest.mark.parametrize("data", [b"x" * MAX_LINE, b"a\nb\r\n", b"\n"])
def test_a_line_without_its_end_is_a_fault(data: bytes) -> None:
    inbound = Inbound()
    inbound.feed(data)
    with pytest.raises(ProtocolFault):
        inbound.line()


@pytest.mark.parametrize(
    ("line", "size", "rest"),
    [
        (b"a {12}", 12, b"a "),
        (b"a {12+}", 12, b"a "),
        (b"a ~{0}", 0, b"a "),
        (b"a {12} ", None, b"a {12} "),
        (b"a {-1}", None, b"a {-1}"),
        (b"a {}", None, b"a {}"),
    ],
)
def test_literals_are_announced_at_the_end_of_a_line(line: bytes, size: int | None, rest: bytes) -> None:
    assert (literal_size(line), without_size(line)) == (size, rest)


def test_statuses_are_read_with_their_codes() -> None:
    assert untagged(b"OK [UIDVALIDITY 7] fine").status() == Status("OK", "UIDVALIDITY", "7", "fine")
    assert untagged(b"no").status() == Status("NO")
    assert untagged(b"BYE").status() == Status("BYE")
    assert untagged(b"NO [").status() == Status("NO", text="[")
    assert untagged(b"OKAY").status() is None
    assert untagged(b"5 EXISTS").status() is None


def test_attributes_are_pairs_and_numbers_are_digits() -> None:
    assert pairs([b"uid", b"5", b"FLAGS", []]) == {b"UID": b"5", b"FLAGS": []}
    for wrong in (b"UID", [b"UID"], [[b"UID"], b"5"]):
        with pytest.raises(ProtocolFault):
            pairs(wrong)  # type: ignore[arg-type] # lists of bytes are values
    assert number(b"5") == 5
    assert [number(one) for one in (b"x", b"-1", b"9" * 21)] == [None] * 3
    assert (number(None), number([])) == (None, None)


def test_a_listing_is_read_from_fetch_responses_alone() -> None:
    line = b'3 FETCH (RFC822.SIZE 10 UID 5 INTERNALDATE "17-Jul-1996 02:44:25 -0700" X (1 2))'
    assert listed_mail(untagged(line)) == Mail(5, 10, datetime(1996, 7, 17, 9, 44, 25, tzinfo=UTC))
    for other in (b"3 EXISTS", b"3 FETCH (FLAGS ())", b"3 FETCH (UID 0)", b"FLAGS (a)"):
        assert listed_mail(untagged(other)) is None


def test_a_folder_is_unchanged_only_when_all_says_so() -> None:
    then = Selected(folder="A", validity=1, next_uid=9, count=2, is_read_only=False)
    snapshot = Snapshot(then, {})
    assert snapshot.is_still(then)
    for other in (replaced(then, count=1), replaced(then, next_uid=10), replaced(then, validity=2)):
        assert not snapshot.is_still(other)
    assert snapshot.continues(replaced(then, next_uid=12)) == 9
    for other in (replaced(then, validity=2), replaced(then, next_uid=8), replaced(then, next_uid=None)):
        assert snapshot.continues(other) is None


def replaced(selected: Selected, **more: object) -> Selected:
    return replace(selected, **more)


def test_refusals_become_statuses_and_words() -> None:
    no = Status("NO", "NOPERM", text="not yours")
    assert refused("opening", no).words == (
        "this user may not do that in this mailbox: its administrator has to allow it while opening"
        " (the server said: [NOPERM] not yours)"
    )
    assert refused("x", Status("NO", "AUTHENTICATIONFAILED")).status is GatewayStatus.CONNECTION_FAILED
    assert said_bye("p", Status("BYE", text="invalid password"), "x").status is GatewayStatus.CONNECTION_FAILED
    assert "[hidden]" in sign_in_refused(Status("NO", text="not sesame"), ("sesame",)).words
    assert "wants TLS" in sign_in_refused(Status("NO", text="use STARTTLS first"), ()).words
