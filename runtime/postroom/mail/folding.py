"""Text folded for comparing words as a reader would: letters without case and width, nothing invisible, one space.

A symbol is what a reader takes for one letter: a character with its combining marks, composed or not.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from functools import lru_cache

EDGE = "|edge|"
"""The symbol between a letter and what is none, in scripts that set words apart. No letter folds to it."""

_SPACE = " "
_MOST_MARKS = 30
"""Marks on one letter; the rest are left out (Stream-Safe Text Format, UAX #15 §13)."""
_FOLDED = 64
"""One character of compatibility may stand for many (U+FDFA for 18); more than this no character does."""
_INVISIBLE = frozenset("\u034f\u115f\u1160\u3164\uffa0\u17b4\u17b5\u0640" + "".join(map(chr, range(0xFE00, 0xFE10))))
"""Joiners, fillers, selectors of a variant and the Arabic stretch, besides every format character."""
_ALIKE = str.maketrans({"ı": "i", "‘": "'", "’": "'", "ʼ": "'", "‐": "-", "–": "-", "\u2212": "-"})
_WITHOUT_EDGES = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1100, 0x11FF),  # Hangul letters
    (0x1780, 0x17FF),  # Khmer
    (0x19E0, 0x19FF),  # Khmer symbols
    (0x2E80, 0x2FDF),  # Han radicals
    (0x3005, 0x3007),  # Han iteration and zero
    (0x3021, 0x318F),  # Kana, Bopomofo, Hangul letters
    (0x31A0, 0x31FF),  # Bopomofo, Han strokes, Kana
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),  # Han
    (0xA960, 0xA97F),  # Hangul letters
    (0xA9E0, 0xA9FF),  # Burmese
    (0xAA60, 0xAA7F),  # Burmese
    (0xAC00, 0xD7FF),  # Hangul
    (0xF900, 0xFAFF),  # Han
    (0x1AFF0, 0x1B16F),  # Kana
    (0x20000, 0x3FFFF),  # Han
)
_FIRSTS = [first for first, _ in _WITHOUT_EDGES]


def folded(text: str) -> tuple[list[str], list[int]]:
    """The symbols of the text, an EDGE wherever a word begins or ends, and where in the text each symbol begins.

    Case, width, composition, ß and ss, the Turkish letters i, kinds of apostrophe and hyphen, runs of white space and
    everything invisible make no difference. White space between two letters of scripts without word edges, and at
    either end, is gone. The time is linear in the text.
    """
    page = _Page()
    at, length = 0, len(text)
    while at < length:
        end = at + 1
        char = text[at]
        if not char.isascii() or (end < length and not text[end].isascii()):
            while end < length and _extends(text[end]):
                end += 1
            char = _letter(text[at:end])
        else:
            char = char.lower()
        page.letters(char, at)
        at = end
    page.end(length)
    return page.symbols, page.starts


@lru_cache(maxsize=4096)
def is_word(symbol: str) -> bool:
    """Whether it is a letter, digit or mark of a script that sets words apart."""
    return (symbol[0].isalnum() or _is_mark(symbol[0])) and not is_without_edges(symbol)


def is_without_edges(symbol: str) -> bool:
    """Whether it is of a script that writes words without a space between them, or joins particles to them."""
    code = ord(symbol[0])
    place = bisect_right(_FIRSTS, code) - 1
    return place >= 0 and code <= _WITHOUT_EDGES[place][1]


def _extends(char: str) -> bool:
    """Whether the character belongs to the letter before it, or is not seen at all."""
    return not char.isascii() and (
        _is_mark(char) or _is_invisible(char) or "\u1160" <= char <= "\u11ff" or char in "\uff9e\uff9f"
    )


@lru_cache(maxsize=4096)
def _is_mark(char: str) -> bool:
    return unicodedata.category(char)[0] == "M"


@lru_cache(maxsize=4096)
def _is_invisible(char: str) -> bool:
    return char in _INVISIBLE or unicodedata.category(char) == "Cf"


def _letter(cluster: str) -> str:
    """A character and what extends it, as they compare (caseless compatibility matching, Unicode §3.13)."""
    seen = "".join(char for char in cluster[: 4 * _MOST_MARKS] if not _is_invisible(char))[:_MOST_MARKS]
    once = unicodedata.normalize("NFKC", seen).translate(_ALIKE).casefold()
    return unicodedata.normalize("NFKC", once.replace("i\u0307", "i"))[:_FOLDED].translate(_ALIKE)


class _Page:
    """Collects symbols and where each began; lives for one call of `folded`."""

    def __init__(self) -> None:
        self.symbols: list[str] = []
        self.starts: list[int] = []
        self._last = ""
        self._last_is_word = False
        self._space = -1
        """Where white space that is not written yet began, or -1."""

    def letters(self, letters: str, at: int) -> None:
        """Write what one character of the text and its marks fold to."""
        for letter in letters:
            if letter.isspace():
                self._space = at if self._space < 0 else self._space
            elif self._last and self._space < 0 and _is_mark(letter):
                self.symbols[-1] += letter
            else:
                self._letter(letter, at)

    def _letter(self, letter: str, at: int) -> None:
        if self._space >= 0:
            if self._last and not (is_without_edges(self._last) and is_without_edges(letter)):
                self._symbol(_SPACE, self._space)
            self._space = -1
        self._symbol(letter, at)

    def _symbol(self, symbol: str, at: int) -> None:
        word = is_word(symbol)
        if word is not self._last_is_word:
            self._write(EDGE, at)
        self._write(symbol, at)
        self._last, self._last_is_word = symbol, word

    def end(self, at: int) -> None:
        """Close the last word."""
        if self._last_is_word:
            self._write(EDGE, at)

    def _write(self, symbol: str, at: int) -> None:
        self.symbols.append(symbol)
        self.starts.append(at)
