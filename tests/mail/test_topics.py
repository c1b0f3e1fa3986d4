from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.mail.topics import topic


@pytest.mark.parametrize(
    "subject",
    [
        "my order",
        " Re:  my order ",
        "RE: AW: Fwd: my order",
        "Re[2]: my order",
        "Re (3): my order",
        "回复：my order",
        "İLT: my order",
        "Trả lời: my order",
        "Réf : my order",
        "[#A1B2C3] my order",
        "Re: [#A1B2C3] Re: my order",
        "Re: my order [#A1B2C3D4]",
    ],
)
def test_a_topic_has_no_mark_of_replying_and_no_tag(subject: str) -> None:
    assert topic(subject) == "my order"


@pytest.mark.parametrize(
    "subject", ["report: 3", "[#1] x", "x [#not a tag]", ": x", "[urgent] x", "[#A1B2C3 x", "x]", "x [#-------]", ""]
)
def test_what_is_no_mark_stays(subject: str) -> None:
    assert topic(subject) == subject


@given(st.text(max_size=60))
def test_a_mark_before_a_topic_changes_nothing(subject: str) -> None:
    assert topic(f"Re: {subject}") == topic(subject)


def test_marks_without_end_cost_a_bounded_number_of_looks() -> None:
    assert topic("Re: " * 10_000).startswith("Re: ")
