"""How mail programs of the world mark where a reply ends and what it answers begins: one line at a time, no decisions.

Every pattern is looked for in lines of bounded length and is free of nested repetition, so a line costs linear time.
"""

from __future__ import annotations

import re
from enum import IntEnum

from postroom.mail import reply_words as words

LONGEST_LINE = 500
"""A mark is looked for only in lines up to this long."""


class Certainty(IntEnum):
    """Whether a line is an attribution: not at all, only if marked lines follow, or by itself."""

    NO = 0
    IF_MARKED = 1
    YES = 2


_ANY_VERB = "|".join(map(re.escape, sorted(words.VERBS, key=len, reverse=True)))
_VERB = re.compile(rf"(?<![^\W\d_])(?:{_ANY_VERB})(?![^\W\d_])")
_VERB_AT_END = re.compile(rf"(?:^|[^\w]|(?<=[^a-z])(?=[^a-z]))(?:{_ANY_VERB})\Z")
_LONGEST_VERB = 60
_DAY = re.compile(r"\b(?:19|20|25)\d{2}\b|\d{1,2}[./-] ?\d{1,2}[./-] ?\d{2,4}|\d{1,2}[年月日]|\b\d{1,2}\. ?[^\W\d_]{3}")
_TIME = re.compile(r"\d{1,2}[:.h]\d{2}")
_WEEKDAY = re.compile(r"[^\W\d_]{2,14}[.,] ?(?:den )?\d")
_ADDRESS = re.compile(r"[^\s<>@\"']{1,80}@[^\s<>@\"']{1,80}")
_BRACKETED = re.compile(r"[<(\[][^\s<>@\"']{1,80}@[^\s<>@\"']{1,80}[>)\]]|<mailto:")
_FIELD = re.compile(r"[ \t\u00a0>*_]{0,12}([^:：<>@|\n]{1,24}?)[ \t\u00a0*_]{0,4}[:：]")
_ROW = re.compile(r"[ \t>]{0,8}\| {0,4}([^:：<>@|\n]{1,24}?) {0,4}\|")
_RULE = re.compile(r"[ \t>*]{0,8}[_\u2500\u2014=-]{4,}[ \t]*$")
_HYPHENS = re.compile(r"[ \t>*]{0,8}[-_=\u2010-\u2015\u2500]{2,}")
_HYPHENS_AFTER = re.compile(r"[-_=\u2010-\u2015\u2500]{2,}[ \t*:：]{0,8}\Z")
_EDGE = " \t>*_\u00a0"
_LONGEST_DEVICE_LINE = 120
_LONGEST_OFFER = 50
_UNSEEN: dict[int, str | None] = dict.fromkeys(
    map(ord, "\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
)
_PLAIN = _UNSEEN | {ord(digit): str(n) for n, digit in enumerate("٠١٢٣٤٥٦٧٨٩")}
_SPECIAL = frozenset(map(chr, _PLAIN))
_JOINED = (*(f"{word} " for word in words.BEGINNINGS if " " in word), *words.BEGINNINGS_JOINED)
_KINDS = {name: kind for kind in ("to", "date", "sent", "subject", "from") for name in getattr(words, kind.upper())}
_PHRASES = (*words.BEGIN_FORWARDED, *words.SENT_FROM, *(begin for begin, _ in words.SENT_AROUND))
_HEAD = 4
_HEADS = frozenset(phrase[:_HEAD] for phrase in _PHRASES)
_SHORT_HEADS = tuple(phrase for phrase in _PHRASES if len(phrase) < _HEAD)
"""How the lines that programs write begin."""
_FRONT = frozenset(f"{_EDGE}>&-_=\u2010\u2011\u2012\u2013\u2014\u2015\u2500").union(map(chr, _UNSEEN))


def could_mark(line: str) -> bool:
    """Whether any question of this file could be answered yes for the line alone; most lines fail it, and quickly."""
    head = line[:_HEAD].casefold()
    return (
        line[0] in _FRONT
        or could_end(line)
        or head[:_HEAD] in _HEADS
        or head.startswith(_SHORT_HEADS)
        or "|" in line
        or "utlook" in line
    )


def could_end(line: str) -> bool:
    """Whether an attribution that began on a line before could end on this one."""
    return ":" in line or "@" in line or "：" in line


def is_quoted(line: str) -> bool:
    """A line with the mark of a quote in front."""
    return line.lstrip(" \t").startswith(">")


def attribution(line: str) -> Certainty:
    """`On DATE, NAME wrote:` in any language, on one line or joined from several."""
    if len(line) > LONGEST_LINE or not ("@" in line or ":" in line or "：" in line):
        return Certainty.NO
    text = _plain(line)
    if not ("@" in text or text.endswith((":", "："))):
        return Certainty.NO
    bracketed = "@" in text and _BRACKETED.search(text) is not None
    day, time, begins = bool(_DAY.search(text)), bool(_TIME.search(text)), _begins(text)
    if not text.endswith((":", "：")):
        # Some programs forget the colon: then everything else must be there.
        whole = bracketed and day and time and begins and _ends_with_verb(text)
        return Certainty.YES if whole else Certainty.NO
    text = text.rstrip(":： ")
    if bracketed:
        return _by_address(text, (day, time, begins))
    return _by_date(text, (day, time, begins))


def _by_address(text: str, seen: tuple[bool, bool, bool]) -> Certainty:
    day, time, begins = seen
    if _ends_with_verb(text) or (day and _VERB.search(text)) or (day and time and begins):
        return Certainty.YES
    return Certainty.NO


def _by_date(text: str, seen: tuple[bool, bool, bool]) -> Certainty:
    """Without an address: people begin so too, where they tell of themselves or of whom they write to."""
    day, time, begins = seen
    if not (day or time) or _VERB.search(text) is None:
        address = _ADDRESS.match(text) is not None if "@" in text else False
        return Certainty.YES if address and _ends_with_verb(text) else Certainty.NO
    told = not words.PERSONS.isdisjoint(text.replace(",", " ").split())
    sure = begins and not told and (_ends_with_verb(text) or time)
    return Certainty.YES if sure else Certainty.IF_MARKED if day and time else Certainty.NO


def begins_attribution(line: str) -> bool:
    """Whether an attribution, perhaps wrapped over several lines, could begin here."""
    if len(line) > LONGEST_LINE:
        return False
    text = _plain(line)
    return _begins(text) or (text.endswith("<") and text != "<")


def _begins(text: str) -> bool:
    first = text.partition(" ")[0]
    return (
        first in words.BEGINNINGS or text[:1].isdigit() or _WEEKDAY.match(text) is not None or text.startswith(_JOINED)
    )


def is_original_line(line: str) -> bool:
    """`-----Original Message-----`, `Begin forwarded message:`, `---- On DATE NAME wrote ----` and the like."""
    if len(line) > LONGEST_LINE:
        return False
    text = _plain(line.replace("&nbsp;", " "))
    if text.startswith(words.BEGIN_FORWARDED):
        return True
    before, after = _HYPHENS.match(line), _HYPHENS_AFTER.search(line[-40:])
    if before is None or after is None:
        return False
    inner = text.strip(f"{_EDGE}-=:：\u2010\u2011\u2012\u2013\u2014\u2015\u2500")
    return inner.startswith(words.ORIGINAL) or attribution(f"{inner}:") is Certainty.YES


def is_rule(line: str) -> bool:
    """A ruled line, which marks nothing by itself."""
    return len(line) <= LONGEST_LINE and _RULE.match(line) is not None


def is_long_rule(line: str) -> bool:
    """The line of underscores that Outlook sets before what it quotes."""
    return is_rule(line) and line.count("_") >= 20  # noqa: PLR2004 Outlook's own has 32


def field_of(line: str) -> str | None:
    """`from`, `to`, `date`, `sent` or `subject` where the line begins like such a field of a quoted header, or None."""
    line = line[:LONGEST_LINE]
    if not (":" in line or "：" in line or "|" in line):
        return None
    match = _FIELD.match(line) or _ROW.match(line)
    return _KINDS.get(_name(match[1])) if match is not None else None


def is_field_shaped(line: str) -> bool:
    """Whether it could be a field of a header in a language not known here."""
    return _FIELD.match(line[:LONGEST_LINE]) is not None


def is_of_header(line: str) -> bool:
    """Whether it could stand in the header of a quoted mail: a field, its row in a table, or the rest of a long one."""
    return is_field_shaped(line) or has_address(line) or line.lstrip().startswith("|")


def has_address(line: str) -> bool:
    """Whether there is a mail address in it."""
    return "@" in line and _ADDRESS.search(line[:LONGEST_LINE]) is not None


def has_time(line: str) -> bool:
    """Whether it names a day and an hour."""
    return _DAY.search(line[:LONGEST_LINE]) is not None and _TIME.search(line[:LONGEST_LINE]) is not None


def is_signature_mark(line: str) -> bool:
    """The two hyphens of RFC 3676 §4.3, with or without their space."""
    return line.rstrip(" \r\u00a0") == "--"


def is_list_footer(line: str, following: str) -> bool:
    """The line above `NAME mailing list`, which list servers add at the end."""
    return line.rstrip().strip("_") == "" != line.strip() and following[:LONGEST_LINE].rstrip().endswith("mailing list")


def is_device_line(line: str) -> bool:
    """`Sent from my phone`, `Get Outlook for iOS` in any language: a short line that a program wrote."""
    if len(line) > LONGEST_LINE:
        return False
    written = _translated(line, _UNSEEN).strip(_EDGE)
    text = written.casefold()
    # In the middle of a sentence the words mean what they say.
    if not text or len(text) > _LONGEST_DEVICE_LINE or not (written[0] == written[0].upper() or text[0] == "i"):
        return False
    if text.endswith((":", "?", "!")) or (". " in text and not text.endswith("brevity.")):
        return False
    return _names_program(text.rstrip(".")) or _names_outlook(text) or _names_own(written)


def _names_program(text: str) -> bool:
    written = text.startswith(words.SENT_FROM) or any(
        text.startswith(begin) and text.endswith(end) for begin, end in words.SENT_AROUND
    )
    return written and any(name in text for name in words.PROGRAMS)


def _names_outlook(text: str) -> bool:
    text = text.replace("[", "").partition("<")[0].partition("]")[0].rstrip()
    if "outlook" not in text or not ("ios" in text or "android" in text) or len(text) > _LONGEST_OFFER:
        return False
    return text.startswith(words.GET) or text.endswith(words.GET_ENDS)


def _names_own(written: str) -> bool:
    """`Sent from my` and a name, or a word for a telephone."""
    name = written.removeprefix("Sent from my ")
    return name != written and all(
        part.casefold().strip(".") in words.OWN or any(char.isupper() or char.isdigit() for char in part)
        for part in name.split()
    )


def _plain(line: str) -> str:
    return _translated(line, _PLAIN).strip(_EDGE).casefold()


def _translated(line: str, table: dict[int, str | None]) -> str:
    # Most lines have nothing to translate, and looking is many times quicker.
    return line if line.isascii() or _SPECIAL.isdisjoint(line) else line.translate(table)


def _name(field: str) -> str:
    return _translated(field, _UNSEEN).strip(_EDGE).replace("\u3000", "").casefold()


def _ends_with_verb(text: str) -> bool:
    return _VERB_AT_END.search(text[-_LONGEST_VERB:]) is not None
