"""Who we are on one receiving gateway, as far as judging its mail needs it; compiled from settings, decides nothing."""

from __future__ import annotations

from msgspec import Struct

from postroom.mail.address_key import address_key


class SpamHeader(Struct, frozen=True):
    """The field, and the value in it, by which the gateway's own filter marks spam."""

    name: str
    value: str


class Identity(Struct, frozen=True, kw_only=True):
    """The settings of a receiving gateway that say what is ours; addresses and List-Ids compare without case."""

    own_addresses: tuple[str, ...] = ()
    own_lists: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    authserv_id: str = ""
    spam_header: SpamHeader | None = None
    answer_when_not_addressed: bool = False

    def is_own(self, address: str) -> bool:
        """Whether the address is ours, with any plus-tag."""
        return untagged(address) in {untagged(own) for own in self.own_addresses}

    def is_form(self, address: str) -> bool:
        """Whether the address is a listed sender of web forms."""
        return address_key(address) in {address_key(form) for form in self.forms}

    def is_own_list(self, list_id: str) -> bool:
        """Whether the List-Id is that of a group address that feeds this box."""
        name = list_id.rpartition("<")[2].strip("> \t").casefold()
        return name in {own.strip("<> \t").casefold() for own in self.own_lists}


def untagged(address: str) -> str:
    """The address as it is compared, and without its plus-tag (RFC 5233)."""
    local, _, domain = address_key(address).rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"
