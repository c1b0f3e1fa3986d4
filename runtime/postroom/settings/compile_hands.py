"""Under what name, with what signature and from what address an agent writes on a channel."""

from __future__ import annotations

from postroom.mail.addr_spec import recipient
from postroom.mail.address_key import address_key
from postroom.mail.letter import Words
from postroom.settings.letters import CannedAnswer
from postroom.settings.rules import is_address
from postroom.settings.schema import Agent, Channel, SmtpGateway, Tenant


def signature(tenant: Tenant, channel: Channel, agent: Agent | None) -> Words | None:
    """The agent's, else the channel's; none where the channel has none, not even the agent's."""
    if channel.signature is None:
        return None
    wanted = agent.signature if agent is not None and agent.signature is not None else channel.signature
    found = next((one for one in tenant.signatures if one.name == wanted), None)
    return Words(text=found.text, html=found.html) if found is not None else None


def personal(channel: Channel, gateway: SmtpGateway, agent: Agent | None) -> tuple[str, str]:
    """The agent's own address and an empty reason, or none and why his mails cannot bear it."""
    if not channel.reply_with_personal_email:
        return "", f"agents do not write as themselves on channel {channel.name}"
    own = _own_address(agent)
    if not own:
        return "", "the agent has no mail address of his own"
    if not admits(gateway, own):
        return "", f"the identities of gateway {gateway.name} do not admit {own}"
    return own, ""


def admits(gateway: SmtpGateway, address: str) -> bool:
    """Whether mail through the gateway may bear the address: it is listed, or its domain is."""
    key = address_key(address)
    domain = key.rpartition("@")[2]
    admitted = map(address_key, gateway.identities)
    return any(one == key or one.removeprefix("@") == domain for one in admitted)


def personal_addresses(tenant: Tenant, channel: Channel) -> frozenset[str]:
    """The addresses of agents that are ours on the channel, and no customer's."""
    if not channel.reply_with_personal_email:
        return frozenset()
    return frozenset(own for agent in tenant.agents if (own := _own_address(agent)))


def canned_answers(tenant: Tenant, channel: str) -> tuple[CannedAnswer, ...]:
    """The answers kept ready for the channel."""
    return tuple(one for one in tenant.canned_answers if not one.channels or channel in one.channels)


def _own_address(agent: Agent | None) -> str:
    if agent is None:
        return ""
    own = agent.personal_address or (agent.account if is_address(agent.account) else "")
    return recipient(own) or ""
