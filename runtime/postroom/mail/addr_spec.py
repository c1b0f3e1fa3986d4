"""The strict grammar of an address that mail may be sent to; it reads one bare addr-spec and nothing else.

No display name, comment, quote, group, route or literal (RFC 5321 §4.1.2 has them all): what is left cannot be read in
two ways by two programs.
"""

from __future__ import annotations

import re
import unicodedata

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_ASCII_ATOM = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+/=?^_`{|}~-")
_MAX_LOCAL, _MAX_DOMAIN, _MAX_ADDRESS = 64, 253, 254


def recipient(text: str, *, smtputf8: bool = False) -> str | None:
    """The address with its domain in lower case, or None; characters beyond ASCII only with `smtputf8` (RFC 6531)."""
    local, at, domain = text.rpartition("@")
    if not at or not _within_size(text, local, domain) or not (smtputf8 or text.isascii()):
        return None
    if not _is_local(local) or not _is_domain(domain):
        return None
    return f"{local}@{domain.lower()}"


def needs_smtputf8(address: str) -> bool:
    """Whether the local part is beyond ASCII, so that only a server with SMTPUTF8 can take it (RFC 6531 §3.3)."""
    return not address.rpartition("@")[0].isascii()


def ascii_domain(address: str) -> str:
    """The address with its domain in A-labels where that can be done (RFC 5891); otherwise as it is."""
    local, at, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return f"{local}{at}{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        return address


def _within_size(text: str, local: str, domain: str) -> bool:
    """RFC 5321 §4.5.3.1, in octets."""
    return (
        len(text) <= _MAX_ADDRESS
        and len(text.encode("utf-8", "replace")) <= _MAX_ADDRESS
        and 0 < len(local.encode("utf-8", "replace")) <= _MAX_LOCAL
        and len(domain) <= _MAX_DOMAIN
    )


def _is_local(local: str) -> bool:
    if local.isascii():
        # RFC 2047 §5 (3): no encoded word in an addr-spec; a program that decodes it all the same reads another one.
        return not ("=?" in local and "?=" in local) and _LOCAL.fullmatch(local) is not None
    # RFC 6532 §3.1 wants NFC; anything else is another spelling of the same address.
    return unicodedata.is_normalized("NFC", local) and all(
        atom and all(char in _ASCII_ATOM or _is_letter(char) for char in atom) for atom in local.split(".")
    )


def _is_domain(domain: str) -> bool:
    labels = domain.split(".")
    # A name without a dot is no mail domain (RFC 7085), and one of digits alone at the end is an IPv4 address.
    return len(labels) > 1 and not labels[-1].isdecimal() and all(map(_is_label, labels))


def _is_label(label: str) -> bool:
    if label.isascii():
        return _LABEL.fullmatch(label) is not None
    # RFC 5892 §2.1 disallows what NFKC changes: a full-width letter would be looked up as another domain.
    whole = unicodedata.is_normalized("NFKC", label) and len(label) <= 63  # noqa: PLR2004 RFC 1035 §2.3.4
    inner = label.replace("-", "")
    return whole and label[0] != "-" != label[-1] and all(_is_letter(char) or char.isalnum() for char in inner)


def _is_letter(char: str) -> bool:
    """Letters, marks and decimal digits beyond ASCII; never a space, a control or a format character."""
    return not char.isascii() and unicodedata.category(char) in {"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Nd"}
