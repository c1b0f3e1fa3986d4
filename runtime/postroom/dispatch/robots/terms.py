"""A text to the terms it is found by: folded, lightly stemmed words, and pairs of signs where words are not spaced.

Spelling with or without umlauts and accents makes no difference; endings of English and German words are cut roughly,
in questions and mails alike. Pure, deterministic, and linear in the text.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import pairwise

from postroom.dispatch.robots import stop_words

LONGEST_TEXT = 20_000
LONGEST_TERM = 40
WORDS_KEPT = 10_000
"""Words whose stems are remembered: few words make most of what people write."""

_UNSPACED = (
    (0x0E00, 0x0E7F),
    (0x3040, 0x30FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xAC00, 0xD7AF),
    (0xF900, 0xFAFF),
    (0x20000, 0x2FA1F),
)
"""Scripts whose words are not told apart by spaces, or whose words take many endings: Thai, Kana, Han, Hangul."""
_LOWEST = min(low for low, _ in _UNSPACED)
_ASKING = "?？؟"
_ENDS = "\n.!。！" + _ASKING
_COMBINING = (0x0300, 0x036F)
_SPELLED_OUT = (("ae", "a"), ("oe", "o"), ("ue", "u"))
_ENDINGS = (
    "ungen", "ments", "tions", "ment", "tion", "ings", "ing", "ung", "ies", "est", "ern", "ers",
    "ed", "en", "er", "em", "es", "ly", "s", "e", "y", "n", "t", "d",
)  # fmt: skip
_LONG_ENDING, _SHORTEST_STEM, _LONGEST_PARTICIPLE_MARK = 3, 4, 7


def terms(text: str) -> list[str]:
    """Give the terms of a text in their order, small words left out."""
    found: list[str] = []
    for run, is_unspaced in _runs(_folded(text[:LONGEST_TEXT])):
        if is_unspaced:
            found += _pairs(run)
        elif run not in _stops() and (len(run) > 1 or run.isdigit()):
            found.append(stem(run[:LONGEST_TERM]))
    return found


def turning_terms(text: str) -> frozenset[str]:
    """The terms of a text that turn a question around: an answer is right only where its question has them too."""
    return _turning() & frozenset(terms(text))


def sentences(text: str) -> list[tuple[str, bool]]:
    """Cut a text at its lines and full stops; with each part, whether it is a question."""
    found: list[tuple[str, bool]] = []
    part: list[str] = []
    for char in f"{text[:LONGEST_TEXT]}\n":
        if char in _ENDS:
            found.append(("".join(part), char in _ASKING))
            part = []
        else:
            part.append(char)
    return [(words, is_question) for words, is_question in found if words.strip()]


@lru_cache(maxsize=WORDS_KEPT)
def stem(word: str) -> str:
    """Cut a folded word's endings, always to the same rest; what has digits stays whole."""
    if not word.isalpha():
        return word
    if len(word) >= _LONGEST_PARTICIPLE_MARK and word.startswith("ge") and word.endswith(("t", "en")):
        word = word[2:]
    while cut := next((ending for ending in _ENDINGS if _may_go(word, ending)), ""):
        word = word[: -len(cut)]
    return word


def _may_go(word: str, ending: str) -> bool:
    least = _SHORTEST_STEM - (len(ending) >= _LONG_ENDING)
    return len(word) - len(ending) >= least and word.endswith(ending)


def _folded(text: str) -> str:
    """Fold case, width, accents and the two ways to write an umlaut."""
    # One sign may be short for a whole sentence, so what is too long is seen only now.
    plain = unicodedata.normalize("NFKC", text).casefold()[:LONGEST_TEXT]
    decomposed = unicodedata.normalize("NFD", plain)
    bare = "".join(char for char in decomposed if not _COMBINING[0] <= ord(char) <= _COMBINING[1])
    for spelled, single in _SPELLED_OUT:
        bare = bare.replace(spelled, single)
    return unicodedata.normalize("NFC", bare)


@cache
def _turning() -> frozenset[str]:
    return frozenset(stem(_folded(word)) for word in stop_words.TURNING)


@cache
def _stops() -> frozenset[str]:
    return frozenset(_folded(word) for word in stop_words.LATIN)


def _runs(text: str) -> Iterator[tuple[str, bool]]:
    """Cut into runs of letters and digits, and of signs of unspaced scripts."""
    run: list[str] = []
    was_unspaced = False
    for char in f"{text} ":
        is_unspaced = _is_unspaced(char)
        if run and (is_unspaced is not was_unspaced or not char.isalnum()):
            yield "".join(run), was_unspaced
            run = []
        if is_unspaced or char.isalnum():
            run.append(char)
            was_unspaced = is_unspaced


def _is_unspaced(char: str) -> bool:
    code = ord(char)
    return code >= _LOWEST and any(low <= code <= high for low, high in _UNSPACED)


def _pairs(run: str) -> list[str]:
    """Every two neighbours of a run, or its only sign; small words are cut out, and turning ones stand alone."""
    for word in stop_words.TURNING_SIGNS:
        run = run.replace(word, f" {word} ")
    parts = [part for whole in run.split() for part in _without_small_words(whole)]
    return [pair for part in parts for pair in ([a + b for a, b in pairwise(part)] or [part])]


def _without_small_words(run: str) -> list[str]:
    if run in stop_words.TURNING:
        return [run]
    for word in stop_words.CHINESE:
        run = run.replace(word, " ")
    return run.split()
