from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.mail.ids import message_id, message_ids


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        ("<a@x> <b@x>", ("a@x", "b@x")),
        ("<a@x>,<b@x>", ("a@x", "b@x")),
        ("<a@x><b@x>", ("a@x", "b@x")),
        ("<a@\t x>\r\n <b@x>", ("a@x", "b@x")),
        ("a@x, b@x", ("a@x", "b@x")),
        ("<a@x@y>", ("a@x@y",)),
        ("<a@x> <b@x> <a@x>", ("b@x", "a@x")),
        ("<a@x> <b@trunc", ("a@x",)),
        ("Your mail of Monday <a@x>", ("a@x",)),
        ("no id", ()),
        ("<>", ()),
        ("", ()),
        ("<a\0b@x>", ("ab@x",)),
        ("<" + "a" * 2000 + "@x>", ()),
        ("x" * 2000 + "@y", ()),
    ],
)
def test_lists_of_ids_are_read_as_they_come(value: str, ids: tuple[str, ...]) -> None:
    assert message_ids(value) == ids


def test_of_a_hundred_thousand_octets_the_last_hundred_ids_are_kept() -> None:
    ids = message_ids(" ".join(f"<{number}@x>" for number in range(12_000)))
    assert (len(ids), ids[0], ids[-1]) == (100, "11900@x", "11999@x")


def test_a_message_id_is_the_first_or_none() -> None:
    assert message_id("<a@x> <b@x>") == "a@x"
    assert message_id("") is None


@given(st.text(alphabet="<>@ab, \t\0é", max_size=200))
def test_reading_ids_never_raises_and_ids_hold_no_space_or_bracket(value: str) -> None:
    assert not any(set(found) & set("<> \t\0") for found in message_ids(value))
