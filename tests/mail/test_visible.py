from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from postroom.mail.visible import visible, visible_address


def test_what_turns_the_reading_direction_is_written_out() -> None:
    assert visible("invoice\u202efdp.exe") == "invoice<U+202E>fdp.exe"
    assert visible("a\u200bb\ufeff\u2066\U000e0041\0\n") == "a<U+200B>b<U+FEFF><U+2066><U+E0041><U+0000><U+000A>"


def test_what_scripts_and_emoji_need_stays() -> None:
    for text in ("plain", "Grüße", "👨\u200d👩\u200d👧", "می\u200cخواهم", "한국어"):
        assert visible(text) == text


def test_a_domain_of_look_alike_scripts_shows_its_a_label() -> None:
    assert visible_address("a@p\u0430ypal.example").startswith("a@xn--")
    assert visible_address("a@bücher.example") == "a@bücher.example"
    assert visible_address("a@почта.example") == "a@почта.example"


@given(st.text())
def test_nothing_invisible_is_left(text: str) -> None:
    hidden = {unicodedata.category(char) for char in visible(text) if char not in "\u200c\u200d"}
    assert not hidden & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
