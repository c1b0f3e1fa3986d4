from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.dispatch.robots.terms import LONGEST_TERM, LONGEST_TEXT, sentences, stem, terms, turning_terms


@pytest.mark.parametrize(
    "same",
    [
        ("zurück", "zurueck", "ZURÜCK", "zuru\u0308ck", "zuruck"),
        ("Straße", "strasse", "STRASSE"),
        ("return", "returns", "returned", "returning"),
        ("delivery", "deliveries", "deliver", "delivered"),
        ("Bestellung", "bestellt", "bestellen", "Bestellungen"),
        ("Lieferung", "liefern", "geliefert"),
        ("café", "CAFE", "cafe\u0301"),
        ("ｆａｘ", "fax"),
    ],
)
def test_ways_to_write_one_word_are_one_term(same: tuple[str, ...]) -> None:
    assert len({tuple(terms(word)) for word in same}) == 1
    assert terms(same[0]) != []


def test_signs_without_spaces_are_taken_in_pairs_and_small_words_are_cut_out() -> None:
    assert terms("请问怎么退款") == ["退款"]
    assert terms("配送范围") == ["配送", "送范", "范围"]
    assert terms("配送 DHL 包裹") == ["配送", "dhl", "包裹"]


def test_small_words_and_greetings_are_no_terms() -> None:
    assert terms("Hello, could you please tell me how I can do this? Thanks and best regards") == []
    assert terms("Guten Tag, können Sie mir bitte sagen, wie das geht? Mit freundlichen Grüßen") == ["sage"]


def test_a_word_that_turns_the_question_around_is_kept_and_named() -> None:
    assert turning_terms("Do not cancel my order") == {"not"}
    assert turning_terms("Please cancel my order") == frozenset()
    assert turning_terms("Warum ist keine Rechnung dabei?") == {stem("warum"), stem("keine")}
    assert turning_terms("请不要取消订单") == {"不"}


def test_a_text_is_cut_into_sentences_and_a_question_is_told_from_a_statement() -> None:
    text = "Hello\n\nThe lamp is blue. Is it? 可以吗？好。"
    assert sentences(text) == [
        ("Hello", False),
        ("The lamp is blue", False),
        (" Is it", True),
        (" 可以吗", True),
        ("好", False),
    ]


def test_a_word_with_digits_stays_whole() -> None:
    assert terms("E27 4711 A-12s") == ["e27", "4711", "12s"]


@given(st.text())
def test_any_text_has_terms_that_are_short_and_always_the_same(text: str) -> None:
    found = terms(text)
    assert found == terms(text)
    assert all(0 < len(term) <= LONGEST_TERM for term in found)


@given(st.text(alphabet="abcdegilmnorstuy", min_size=1, max_size=30))
def test_a_stem_begins_its_word_and_is_its_own_stem(word: str) -> None:
    cut = stem(word)
    assert cut
    assert cut in word
    assert stem(cut) == cut or cut.startswith("ge")


def test_no_text_is_too_long() -> None:
    assert len(terms("lamp " * LONGEST_TEXT)) == LONGEST_TEXT // len("lamp ")
    assert len(terms("\ufdfa" * LONGEST_TEXT)) <= LONGEST_TEXT, "a sign that stands for eighteen"
