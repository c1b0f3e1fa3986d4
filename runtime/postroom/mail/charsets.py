"""Octets to text under whatever charset a mail claims: an allow-list with the aliases mail really uses.

It never raises, never guesses a charset nobody named but UTF-8 and windows-1252, and refuses UTF-7, which hides markup.
"""

from __future__ import annotations

import re

_ALIASES: dict[str, str] = {
    # What is labelled a subset is nearly always its superset: the WHATWG Encoding Standard §4.2 maps the same way.
    "us-ascii": "ascii", "ascii": "ascii", "ansi_x3.4-1968": "ascii", "646": "ascii", "iso646-us": "ascii",
    "utf-8": "utf-8", "utf8": "utf-8", "unicode-1-1-utf-8": "utf-8", "utf-8-sig": "utf-8", "utf8mb4": "utf-8",
    "utf-16": "utf-16", "utf-16le": "utf-16-le", "utf-16be": "utf-16-be", "utf-32": "utf-32", "unicode": "utf-16",
    "iso-8859-1": "cp1252", "iso8859-1": "cp1252", "latin1": "cp1252", "latin-1": "cp1252", "l1": "cp1252",
    "iso_8859-1": "cp1252", "8859-1": "cp1252", "windows-1252": "cp1252", "cp1252": "cp1252", "ansi": "cp1252",
    "cp-1252": "cp1252", "win-1252": "cp1252",
    "iso-8859-2": "iso8859-2", "latin2": "iso8859-2", "iso-8859-3": "iso8859-3", "iso-8859-4": "iso8859-4",
    "iso-8859-5": "iso8859-5", "iso-8859-6": "iso8859-6", "iso-8859-7": "iso8859-7", "iso-8859-8": "iso8859-8",
    "iso-8859-8-i": "iso8859-8", "iso-8859-8-e": "iso8859-8", "iso-8859-6-i": "iso8859-6",
    "iso-8859-9": "cp1254", "latin5": "cp1254", "iso-8859-10": "iso8859-10", "iso-8859-11": "cp874",
    "iso-8859-13": "iso8859-13", "iso-8859-14": "iso8859-14", "iso-8859-15": "iso8859-15", "latin9": "iso8859-15",
    "iso-8859-16": "iso8859-16", "tis-620": "cp874", "windows-874": "cp874",
    **{f"windows-125{n}": f"cp125{n}" for n in (0, 1, 3, 4, 5, 6, 7, 8)},
    **{f"cp125{n}": f"cp125{n}" for n in (0, 1, 3, 4, 5, 6, 7, 8)},
    "cp437": "cp437", "cp850": "cp850", "ibm850": "cp850", "cp852": "cp852", "ibm852": "cp852", "cp866": "cp866",
    "ibm866": "cp866", "koi8-r": "koi8-r", "koi8-u": "koi8-u", "koi8-ru": "koi8-u",
    "macintosh": "mac-roman", "x-mac-roman": "mac-roman", "x-mac-cyrillic": "mac-cyrillic",
    "gb2312": "gbk", "gb_2312-80": "gbk", "x-gbk": "gbk", "gbk": "gbk", "cp936": "gbk", "windows-936": "gbk",
    "gb18030": "gb18030", "hz-gb-2312": "hz", "big5": "big5hkscs", "big5-hkscs": "big5hkscs", "cp950": "cp950",
    "cn-big5": "big5hkscs", "x-x-big5": "big5hkscs",
    "iso-2022-jp": "iso2022-jp-ext", "iso-2022-jp-1": "iso2022-jp-1", "iso-2022-jp-2": "iso2022-jp-2",
    "iso-2022-jp-3": "iso2022-jp-3", "iso-2022-jp-2004": "iso2022-jp-2004", "cp50220": "iso2022-jp-ext",
    "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932", "x-sjis": "cp932", "windows-31j": "cp932",
    "cp932": "cp932", "ms_kanji": "cp932", "euc-jp": "euc-jp", "x-euc-jp": "euc-jp",
    "euc-kr": "cp949", "ks_c_5601-1987": "cp949", "ks_c_5601": "cp949", "ksc5601": "cp949", "cp949": "cp949",
    "windows-949": "cp949", "uhc": "cp949", "korean": "cp949", "iso-2022-kr": "iso2022-kr",
    "viscii": "cp1258", "armscii-8": "cp1252",
}  # fmt: skip

_JUNK = re.compile(r"[^a-z0-9._-]")
_REFUSED = frozenset({"utf-7", "utf7", "unicode-1-1-utf-7", "x-unicode-2-0-utf-7", "csunicode11utf7"})
_UNDECODABLE = "\ufffd"
_CONTROLS: dict[int, int | None] = dict.fromkeys([n for n in range(32) if n not in {9, 10}] + [127])
_CONTROLS |= dict.fromkeys(range(0xD800, 0xE000), 0xFFFD)
_CONTROL_OCTETS = bytes([n for n in range(32) if n not in {9, 10}] + [127])


def codec_of(label: str) -> str | None:
    """The codec for a charset label as mails write it, or None where it is unknown or refused."""
    # RFC 2231 §5: a language may follow an asterisk.
    name = _JUNK.sub("", label.lower().partition("*")[0])
    return None if name in _REFUSED else _ALIASES.get(name)


def decode(data: bytes, label: str = "") -> str:
    """Text of these octets; what cannot be read is U+FFFD, and an unknown charset is read as UTF-8 or windows-1252."""
    if data.isascii() and (label == "" or codec_of(label) in {"ascii", "utf-8", "cp1252"}):
        return data.decode("ascii")
    codec = codec_of(label)
    if codec is None or codec == "ascii":
        return _unlabelled(data)
    if codec == "utf-8":
        return _utf8(data)
    return data.decode(codec, "replace").removeprefix("\ufeff")


def fits(data: bytes, label: str) -> bool:
    """Whether these are octets of the charset named, which is ASCII where none is (RFC 2045 §5.2)."""
    codec = codec_of(label or "us-ascii")
    if codec is None:
        return False
    try:
        data.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def decode_header(data: bytes) -> str:
    """Text of raw header octets, which RFC 6532 §3 lets be UTF-8 and old mailers leave in anything."""
    return data.decode("ascii") if data.isascii() else _unlabelled(data)


def clean(text: str) -> str:
    """The text with LF line ends, and without the control characters and lone surrogates that no view can show."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    # Looking first is many times quicker than translating, and few texts have any.
    return text.translate(_CONTROLS) if _has_controls(text) else text


def _has_controls(text: str) -> bool:
    try:
        octets = text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return len(octets.translate(None, _CONTROL_OCTETS)) < len(octets)


def one_line(text: str) -> str:
    """The text as one line: every run of white space is one space, control characters are gone."""
    if text.isprintable():
        return " ".join(text.split())
    return " ".join(clean(text).split())


def _unlabelled(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _utf8(data: bytes) -> str:
    """UTF-8 as claimed, unless most of what is not ASCII says otherwise."""
    text = data.decode("utf-8-sig", "replace")
    broken = text.count(_UNDECODABLE)
    if broken and broken > sum(not char.isascii() for char in text[:100_000]) - broken:
        return data.decode("cp1252", "replace")
    return text
