"""What agents' mails are made of beside their own words: signatures, and answers kept ready."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from postroom.settings.rules import AtMost, Name
from postroom.settings.wording import Text

Language = Annotated[str, AtMost(35)]


class Signature(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands below an agent's mail; names in braces are those of mail.templates.LETTER_NAMES."""

    name: Name
    text: Text
    html: Text | None = None


class CannedAnswer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An answer that agents choose by its name; names in braces are those of mail.templates.ANSWER_NAMES."""

    name: Name
    text: Text
    html: Text | None = None
    language: Language = ""
    """Empty for one that is for every language; a name may stand once a language."""
    channels: tuple[str, ...] = ()
    """The channels it is for; empty for all."""
