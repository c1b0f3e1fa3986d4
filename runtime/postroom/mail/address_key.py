"""The form of an address by which two of them are compared: as lenient as mail systems are, and no more.

Letter case alone is folded. Case folding as Unicode has it would make one address of two that anybody can register:
"straße" and "strasse", or a Kelvin sign and a k. What is beyond ASCII stays beyond ASCII, and one character stays one.
"""

from __future__ import annotations


def address_key(address: str) -> str:
    """The address in lower case, whole: every large mail system ignores the case of the local part too."""
    return address.lower() if address.isascii() else "".join(map(_lower, address))


def _lower(char: str) -> str:
    folded = char.lower()
    return folded if len(folded) == 1 and folded.isascii() == char.isascii() else char
