"""The language of a mail, to choose a text among those a channel has: rather no guess than a wrong one.

What the mail declares comes first, then the script it is written in, then its commonest words.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence

from postroom.mail.language_words import FREQUENT, SIMPLIFIED, TRADITIONAL
from postroom.mail.message import Message
from postroom.mail.quotes import new_text

_LOOKED_AT = 4_000
_MOST_TAGS = 20
_SHARE = 0.3
"""Of all letters, how many make the mail one of that script: the rest are names, addresses and foreign words."""
_ENOUGH_WORDS = 2
_LEAD = 1.3
_LANGUAGE_OF = {"HANGUL": "ko", "THAI": "th", "GREEK": "el", "HEBREW": "he", "ARABIC": "ar", "DEVANAGARI": "hi"}


def pick_language(message: Message, offered: Sequence[str], fallback: str) -> str:
    """One of the offered tags (BCP 47): what the mail declares, else what it is written in, else the fallback."""
    for declared in _declared(message):
        if found := lookup(declared, offered):
            return found
    written = language_of(new_text(message.text).new)
    return (lookup(written, offered) if written else None) or fallback


def lookup(wanted: str, offered: Sequence[str]) -> str | None:
    """The offered tag for a language range (RFC 4647 §3.4), then any of that language, in its script if there is one.

    Chinese tells its scripts apart: zh-TW, zh-HK and zh-MO are Traditional, any other zh is Simplified.
    """
    known = {_normal(tag): tag for tag in reversed(offered)}
    subtags = _normal(wanted).split("-")
    while subtags:
        if (tag := "-".join(subtags)) in known and _script(tag) == _script(_normal(wanted)):
            return known[tag]
        subtags.pop()
    for same in (_script, _language):
        if tags := [tag for tag in map(_normal, offered) if same(tag) == same(_normal(wanted))]:
            return known[tags[0]]
    return None


def language_of(text: str) -> str | None:
    """The tag of the language the text is written in; None where it is too short or too mixed to tell."""
    text = text[:_LOOKED_AT]
    scripts = _scripts(text)
    letters = sum(scripts.values())
    if not letters:
        return None
    if scripts["KANA"] >= letters * _SHARE / 3:
        return "ja"
    if scripts["HAN"] >= letters * _SHARE:
        return "zh-TW" if _is_traditional(text) else "zh-CN"
    for script, language in _LANGUAGE_OF.items():
        if scripts[script] >= letters * _SHARE:
            return language
    return _by_words(text)


def _declared(message: Message) -> list[str]:
    """Tags of Content-Language and then Accept-Language (RFC 3282), each by its order, which is that of preference."""
    values = (*message.all_headers("Content-Language"), *message.all_headers("Accept-Language"))
    tags = (tag.partition(";")[0].strip() for value in values[:_MOST_TAGS] for tag in value[:500].split(","))
    return [tag for tag in tags if tag and tag != "*"][:_MOST_TAGS]


def _normal(tag: str) -> str:
    return tag.strip().replace("_", "-").casefold()


def _script(tag: str) -> str:
    """The language, with its script where it has two."""
    if _language(tag) != "zh":
        return _language(tag)
    return "zh-hant" if not {"tw", "hk", "mo", "hant"}.isdisjoint(tag.split("-")) else "zh-hans"


def _language(tag: str) -> str:
    language = tag.partition("-")[0]
    return {"nb": "no", "nn": "no", "iw": "he", "in": "id"}.get(language, language)


def _scripts(text: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for char, count in Counter(text).items():
        if char.isalpha():
            found[_script_of(char)] += count
    return found


def _script_of(char: str) -> str:
    word = unicodedata.name(char, "").partition(" ")[0]
    return {"HIRAGANA": "KANA", "KATAKANA": "KANA", "CJK": "HAN"}.get(word, word)


def _is_traditional(text: str) -> bool:
    return sum(map(text.count, TRADITIONAL)) > sum(map(text.count, SIMPLIFIED))


def _by_words(text: str) -> str | None:
    """The language of which most of the words are common ones, if it leads."""
    folded = unicodedata.normalize("NFC", text).casefold().replace("’", "'")
    words = Counter("".join(char if char.isalpha() or char == "'" else " " for char in folded).split())
    scores = sorted(
        ((sum(words[word] for word in frequent), language) for language, frequent in FREQUENT.items()), reverse=True
    )
    (best, language), (second, _) = scores[0], scores[1]
    return language if best >= _ENOUGH_WORDS and best >= second * _LEAD else None
