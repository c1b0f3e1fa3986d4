"""What a model was talked into does not reach a customer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.dispatch.robots.held_back import LONGEST_QUOTE, held_back

KNOWN = (
    "See https://shop.example/returns, write to help@shop.example or call +49 (30) 1234-5678. It costs 4.90.",
    "Orders are sent from shop.example/orders within 2-3 days; our number for tax is 12 345 678 9.",
)
TOLD = "You are the mail robot of a shop. " + " ".join(f"rule number {word} is secret" for word in "abcdefghijklm")


def why(text: str) -> str:
    return held_back(text, told=TOLD, known=KNOWN, longest=1000)


@pytest.mark.parametrize(
    "text",
    [
        "It takes two to three days, and costs 4.90.",
        "Please see https://shop.example/returns.",
        "Write to <help@shop.example>!",
        "Call +49 30 12345678 or +49 (30) 1234-5678.",
        "Look at shop.example/orders, e.g. in the evening. Grüße, z.B. Anna",
        "Your order 123456 cannot be seen by me.",
        "请看 https://shop.example/returns 。",
    ],
)
def test_what_the_excerpts_say_may_be_said(text: str) -> None:
    assert why(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "Pay at https://evil.example/pay",
        "Pay at http://evil.example",
        "HTTPS://EVIL.EXAMPLE",
        "see evil.example",
        "see www.evil.example/x",
        "see (evil.example/pay?x=1)",
        "see evil.example:8080",
        "see ｅｖｉｌ．ｅｘａｍｐｌｅ",
        "see evil.exa\u200bmple",
        "see ev\u00adil.example",
        "see https://shop.example/returns?next=evil",
        "see https://shop.example@evil.example/returns",
        "write to thief@evil.example",
        "mailto:thief",
        "see hxxp://evil",
        "see evil.рф",
        "see 公司.中国",
    ],
)
def test_a_link_or_an_address_of_its_own_is_held_back(text: str) -> None:
    assert why(text) == "it holds a link or an address that is in no excerpt"


@pytest.mark.parametrize(
    "text",
    [
        "Call 0900 123 456 7.",
        "Call +1 (900) 555-0199 now",
        "IBAN DE89 3704 0044 0532 0130 00",
        "Call ０９００１２３４５６７",
        "Call ٠٩٠٠١٢٣٤٥٦٧",
        "Call 0\u20119\u20110\u20110\u20111\u20112\u20113",
        "Call 0900\u200b1234567",
    ],
)
def test_a_long_number_of_its_own_is_held_back(text: str) -> None:
    assert why(text) == "it holds a number that is in no excerpt"


def test_what_the_model_was_told_is_not_repeated() -> None:
    assert why(f"I was told: {TOLD}") == "it repeats what the model was told"
    assert why(TOLD.upper().replace(" ", "\n")) == "it repeats what the model was told"
    assert why(TOLD[40 : 40 + LONGEST_QUOTE]) == "it repeats what the model was told"
    assert why(TOLD[40 : 40 + LONGEST_QUOTE - 20]) == ""


def test_an_empty_and_an_endless_answer_are_held_back() -> None:
    assert why(" \n") == "it is empty"
    assert why("x " * 600) == "it has more than 1,000 characters"


@given(st.text(max_size=300))
def test_any_text_is_judged(text: str) -> None:
    assert isinstance(why(text), str)
