"""The field that carries the name of a file that is to be saved (RFC 6266, RFC 8187)."""

from __future__ import annotations

from urllib.parse import quote

from postroom.mail.file_names import harmless_name

# RFC 8187 §3.2.1: attr-char, beside letters and digits
_ATTR_CHAR = "!#$&+-.^_`|~"


def attachment_disposition(name: str) -> str:
    """The field value that makes a browser save the bytes under that name and never show them."""
    harmless = harmless_name(name)
    plain = "".join(char if char.isascii() else "_" for char in harmless)
    # RFC 6266 §4.3: the plain name for those who do not know filename*, which wins for those who do
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(harmless, safe=_ATTR_CHAR)}"
