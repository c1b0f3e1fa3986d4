"""What only we can mint: Message-IDs, and addresses that an answer comes back to where its References were lost.

An id is `conversation.mail.kid.mac@domain`, without angle brackets like every id here, an address
`local+conversation.mac@domain`. A valid token proves that its sender saw our mail, and never who he is. The MAC is
HMAC-SHA256 over tenant, conversation, mail and key id, cut to 160 bits in an id and to 80 in an address; the domain is
not in it, because gateways rewrite domains.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b32encode

from msgspec import Struct

ANCHOR = "0"
"""Stands in place of the mail in the id that names the conversation alone."""
_ULID = r"[0-9a-hjkmnp-tv-z]{26}"
_TOKEN = re.compile(rf"({_ULID})\.({_ULID}|0)\.([a-z0-9]{{1,16}})\.([a-z2-7]{{32}})")
_TAG = re.compile(rf"({_ULID})\.([a-z2-7]{{16}})")
"""Which key made it is not said: a local part has no room for that, and a ring has few keys."""
_PURPOSE = b"postroom message-id 1"
_TAG_PURPOSE = b"postroom plus-address 1"
_MAC_OCTETS, _TAG_MAC_OCTETS = 20, 10
LONGEST_TAG = 43
"""Octets of a conversation's tag."""
_LONGEST_LOCAL = 64
"""RFC 5321 §4.5.3.1.1, in octets."""
_LONGEST = 512
_MIN_KEY = 16


class KeyRing(Struct, frozen=True):
    """The keys by their id; `current` mints, the others only verify. Key ids are 1 to 16 of a-z and 0-9."""

    current: str
    keys: dict[str, bytes]

    def __post_init__(self) -> None:
        """Refuse a ring that could mint what it cannot read, or that could be guessed."""
        if self.current not in self.keys:
            raise ValueError(f"the key ring has no key {self.current!r} to mint with")
        for kid, key in self.keys.items():
            if re.fullmatch(r"[a-z0-9]{1,16}", kid) is None:
                raise ValueError(f"the key id {kid!r} must be 1 to 16 of a-z and 0-9")
            if len(key) < _MIN_KEY:
                raise ValueError(f"the key {kid!r} is shorter than {_MIN_KEY} octets")


class Token(Struct, frozen=True):
    """What a valid token names; `mail` is None in an anchor."""

    conversation: str
    mail: str | None
    kid: str


def mint_message_id(ring: KeyRing, tenant: str, conversation: str, mail: str, domain: str) -> str:
    """The Message-ID of a mail of ours; conversation and mail are ULIDs in lower case, else ValueError."""
    local = f"{conversation}.{mail}.{ring.current}.{_mac(ring, tenant, conversation, mail, ring.current)}"
    if _TOKEN.fullmatch(local) is None:
        raise ValueError(f"conversation {conversation!r} and mail {mail!r} must be ULIDs in lower case")
    return f"{local}@{domain}"


def anchor_message_id(ring: KeyRing, tenant: str, conversation: str, domain: str) -> str:
    """The id that stands first in the References of every mail of ours and names the conversation alone."""
    return mint_message_id(ring, tenant, conversation, ANCHOR, domain)


def read_token(ring: KeyRing, tenant: str, candidate: str) -> Token | None:
    """The token in a Message-ID or the local part of an address, or None; total, constant-time, letter case ignored."""
    match = _match(candidate)
    if match is None or match[3] not in ring.keys:
        return None
    conversation, mail, kid, mac = match.groups()
    if not hmac.compare_digest(mac, _mac(ring, tenant, conversation, mail, kid)):
        return None
    return Token(conversation, None if mail == ANCHOR else mail, kid)


def plus_address(ring: KeyRing, tenant: str, conversation: str, address: str) -> str:
    """The address with the conversation's tag, to which answers come; unchanged where its local part has no room."""
    local, _, domain = address.rpartition("@")
    tagged = f"{local}+{conversation}.{_tag_mac(ring, tenant, conversation, ring.current)}"
    return f"{tagged}@{domain}" if len(tagged.encode()) <= _LONGEST_LOCAL else address


def read_plus_tag(ring: KeyRing, tenant: str, tag: str) -> Token | None:
    """The token in what stands behind an address's last plus, or None; total, constant-time, letter case ignored."""
    match = _match_tag(tag)
    if match is None:
        return read_token(ring, tenant, tag)
    conversation, mac = match.groups()
    made_by = [kid for kid in ring.keys if hmac.compare_digest(mac, _tag_mac(ring, tenant, conversation, kid))]
    return Token(conversation, None, made_by[0]) if made_by else None


def is_forged_plus_tag(ring: KeyRing, tenant: str, tag: str) -> bool:
    """Whether it has the form of what we put behind a plus and is none."""
    has_form = _match_tag(tag) is not None or _match(tag) is not None
    return has_form and read_plus_tag(ring, tenant, tag) is None


def is_forged(ring: KeyRing, tenant: str, candidate: str) -> bool:
    """Whether it has the form of our tokens and is none: tampered with, another tenant's, or under no key we hold."""
    return _match(candidate) is not None and read_token(ring, tenant, candidate) is None


def _match(candidate: str) -> re.Match[str] | None:
    if len(candidate) > _LONGEST or not candidate.isascii():
        return None
    return _TOKEN.fullmatch(candidate.strip("<> \t\r\n").lower().partition("@")[0])


def _match_tag(tag: str) -> re.Match[str] | None:
    return _TAG.fullmatch(tag.lower()) if len(tag) <= _LONGEST_LOCAL and tag.isascii() else None


def _mac(ring: KeyRing, tenant: str, conversation: str, mail: str, kid: str) -> str:
    return _signed(ring.keys[kid], _PURPOSE, (tenant, conversation, mail, kid), _MAC_OCTETS)


def _tag_mac(ring: KeyRing, tenant: str, conversation: str, kid: str) -> str:
    return _signed(ring.keys[kid], _TAG_PURPOSE, (tenant, conversation, kid), _TAG_MAC_OCTETS)


def _signed(key: bytes, purpose: bytes, words: tuple[str, ...], octets: int) -> str:
    """Lengths before the fields, so that no two lists of fields give the same octets."""
    fields = [word.encode("utf-8") for word in words]
    data = purpose + b"".join(b"|%d:%b" % (len(field), field) for field in fields)
    return b32encode(hmac.new(key, data, hashlib.sha256).digest()[:octets]).decode("ascii").lower()
