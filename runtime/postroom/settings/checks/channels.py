"""Channels: what they name is there, and their rules do not contradict each other."""

from __future__ import annotations

from postroom.settings.checks.names import exists
from postroom.settings.problem import Page
from postroom.settings.rules import target
from postroom.settings.schema import Box, Channel, SmtpGateway, Tenant


def check(page: Page, tenant: Tenant) -> None:
    """Check each channel against the rest of the tenant."""
    for index, channel in enumerate(tenant.channels):
        path = f"channels[{index}]"
        _gateway(page, f"{path}.receiving_gateway", channel.receiving_gateway, tenant, Box)
        _gateway(page, f"{path}.sending_gateway", channel.sending_gateway, tenant, SmtpGateway)
        exists(page, f"{path}.skill_queue", channel.skill_queue, _queues(tenant), "queue")
        exists(page, f"{path}.ou", channel.ou, {unit.name for unit in tenant.ous}, "organisational unit")
        exists(page, f"{path}.signature", channel.signature, {one.name for one in tenant.signatures}, "signature")
        _robot(page, path, channel, tenant)
        _targets(page, path, channel, tenant)
        _mode(page, path, channel, tenant)


def _mode(page: Page, path: str, channel: Channel, tenant: Tenant) -> None:
    """A mailbox that is only tried is left as it is: all of its channels try."""
    if channel.mode != "shadow":
        return
    live = next((one for one in _beside(channel, tenant) if one.mode == "live"), None)
    if live is not None:
        page.problem(
            f"{path}.mode",
            f"`shadow` leaves mail on the server, and channel {live.name!r} takes mail from the same gateway: "
            "let both be `shadow`, or give them a gateway each",
        )


def _beside(channel: Channel, tenant: Tenant) -> list[Channel]:
    return [one for one in tenant.channels if one.receiving_gateway == channel.receiving_gateway]


def _gateway(page: Page, path: str, name: str, tenant: Tenant, wanted: type[Box | SmtpGateway]) -> None:
    if not exists(page, path, name, {gateway.name for gateway in tenant.gateways}, "gateway"):
        return
    place, found = next((i, one) for i, one in enumerate(tenant.gateways) if one.name == name)
    if page.is_sound(f"gateways[{place}].kind") and not isinstance(found, wanted):
        does, right = ("sends", "a receiving one: `pop3` or `imap`") if wanted is Box else ("receives", "`smtp`")
        page.problem(path, f"gateway {name!r} ({page.where(f'gateways[{place}]')}) {does}; it must be {right}")


def _robot(page: Page, path: str, channel: Channel, tenant: Tenant) -> None:
    if channel.robot is None:
        if channel.transfer_keywords:
            words = "are looked for while a `robot` has the word, and there is none"
            page.warning(f"{path}.transfer_keywords", words)
        return
    exists(page, f"{path}.robot", channel.robot.name, {robot.name for robot in tenant.robots}, "robot")
    if not channel.transfer_keywords:
        page.problem(f"{path}.transfer_keywords", "is needed with a `robot`: the words that lead from it to an agent")
    if not channel.robot.hand_off_on_failure and not channel.no_customer_reply.enabled:
        words = "leaves a session whose robot failed to nobody for ever: let it hand off, or enable `no_customer_reply`"
        page.problem(f"{path}.robot.hand_off_on_failure", words)


def _targets(page: Page, path: str, channel: Channel, tenant: Tenant) -> None:
    silent = channel.no_agent_reply
    if silent.to != "same_queue":
        _target(
            page, f"{path}.no_agent_reply.to", silent.to, tenant, "must be `same_queue`, `queue:NAME` or `agent:NAME`"
        )
    if silent.escalate_to is not None:
        _target(page, f"{path}.no_agent_reply.escalate_to", silent.escalate_to, tenant)
    transfer = channel.session_transfer
    if transfer.to == "named" and not transfer.names:
        page.problem(f"{path}.session_transfer", "must be `all`, `none`, or a list of `queue:NAME` and `agent:NAME`")
    for place, name in enumerate(transfer.names):
        _target(page, f"{path}.session_transfer.names[{place}]", name, tenant)


def _target(page: Page, path: str, text: str, tenant: Tenant, rule: str = "") -> None:
    found = target(text)
    if found is None:
        if rule:
            page.problem(path, rule)
        return
    kind, name = found
    known = _queues(tenant) if kind == "queue" else {agent.account for agent in tenant.agents}
    exists(page, path, name, known, kind)


def _queues(tenant: Tenant) -> set[str]:
    return {queue.name for queue in tenant.queues}
