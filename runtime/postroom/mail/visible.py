"""Text of a mail made safe to look at in a list: nothing invisible, nothing that turns the reading direction, no twins.

It changes what is shown, never what is stored.
"""

from __future__ import annotations

import unicodedata

_JOINERS = frozenset("\u200c\u200d")
"""Persian, Indic scripts and emoji need them; alone they hide nothing."""
_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE")


def visible(text: str) -> str:
    """The text with every control and format character, the bidirectional ones first, written out as <U+202E>."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(f"<U+{ord(char):04X}>" if _is_hidden(char) else char for char in text)


def visible_address(address: str) -> str:
    """The address with a domain label that mixes look-alike scripts in its A-label form (RFC 5891)."""
    local, at, domain = address.rpartition("@")
    return visible(f"{local}{at}{'.'.join(_label(label) for label in domain.split('.'))}")


def _is_hidden(char: str) -> bool:
    return char not in _JOINERS and unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def _label(label: str) -> str:
    scripts = {script for char in label for script in _SCRIPTS if unicodedata.name(char, "").startswith(script)}
    return label if len(scripts) < 2 else f"xn--{label.encode('punycode').decode('ascii')}"  # noqa: PLR2004 two scripts
