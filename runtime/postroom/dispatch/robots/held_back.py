"""Whether what a model wrote may reach a customer: no link, address or long number of its own, none of its orders.

Whoever writes a mail may talk the model that reads it into anything; what he gains by it is held back here. Pure.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

LONGEST_QUOTE = 120
"""Characters in a row that an answer may share with the model's instructions."""
LONGEST_NUMBER = 6
"""Digits of a number that an answer may hold though no excerpt has it; a telephone number has more."""
_LINKS = ("://", "www.", "@", "mailto:")
_EDGES = ".,;:!?()[]<>{}\"'„“”‘’«»，。；：！？（）"
_WITHIN_NUMBERS = " -/.()+\u00a0\u2009\u2010\u2011\u2012\u2013"
_SHORTEST_DOMAIN_END = 2


def held_back(text: str, *, told: str, known: Sequence[str], longest: int) -> str:
    """Say why an answer must not be sent, or nothing. `told` is what it must not repeat, `known` what it may."""
    if not text.strip():
        return "it is empty"
    if len(text) > longest:
        return f"it has more than {longest:,} characters"
    plain = _plain(text)
    if _repeats(plain, _plain(told)):
        return "it repeats what the model was told"
    sources = [_plain(one) for one in known]
    if not set(_links(plain)) <= {link for one in sources for link in _links(one)}:
        return "it holds a link or an address that is in no excerpt"
    if not set(_numbers(plain)) <= {number for one in sources for number in _numbers(one)}:
        return "it holds a number that is in no excerpt"
    return ""


def _plain(text: str) -> str:
    """One width and case, without characters that do not show."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in folded if unicodedata.category(char) != "Cf")


def _repeats(text: str, told: str) -> bool:
    flat, orders = " ".join(text.split()), " ".join(told.split())
    quotes = {orders[at : at + LONGEST_QUOTE] for at in range(len(orders) - LONGEST_QUOTE + 1)}
    return any(flat[at : at + LONGEST_QUOTE] in quotes for at in range(len(flat)))


def _links(text: str) -> Iterator[str]:
    words = (word.strip(_EDGES) for word in text.split())
    return (word for word in words if any(mark in word for mark in _LINKS) or _is_domain(word))


def _is_domain(word: str) -> bool:
    """Whether mail programs make a link of the word by itself."""
    label, dot, end = word.partition("/")[0].partition(":")[0].rpartition(".")
    return bool(dot) and label[-1:].isalnum() and end.isalpha() and len(end) >= _SHORTEST_DOMAIN_END


def _numbers(text: str) -> Iterator[str]:
    digits: list[str] = []
    for char in f"{text}\n":
        if char.isdecimal():
            digits.append(str(unicodedata.decimal(char)))
        elif char not in _WITHIN_NUMBERS:
            if len(digits) > LONGEST_NUMBER:
                yield "".join(digits)
            digits = []
