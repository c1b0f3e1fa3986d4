"""From the settings of a channel to the rules of its sessions, compiled once a generation.

It is in charge of names and fallbacks; what the rules do stands in session/.
"""

from __future__ import annotations

from collections.abc import Callable

from postroom.routing.hours import ServiceTime
from postroom.session.policy import (
    AgentSilence,
    CustomerSilence,
    LastAgentPolicy,
    OfflinePolicy,
    Policy,
    QueuePolicy,
    RobotPolicy,
    TransferPolicy,
)
from postroom.settings.channel_rules import NoAgentReply, NoCustomerReply, OfflineMessages, SessionTransfer
from postroom.settings.compile_automatic import automatic_policy
from postroom.settings.schema import Channel, Generation, Queue, Tenant

Hours = Callable[[Tenant, Channel], ServiceTime]
"""When a channel is served, with what its calendar's feed said last."""


class Policies:
    """The rules of every channel of one generation, each compiled when it is first asked for."""

    def __init__(self, generation: Generation, hours: Hours) -> None:
        self._generation = generation
        self._hours = hours
        self._compiled: dict[tuple[str, str], Policy] = {}

    def __call__(self, tenant: str, channel: str) -> Policy:
        """Give the rules of that channel's sessions.

        Sessions outlive settings: for a channel or tenant that is gone the rules have no queue of their own, and what
        is still open there stays in the queue it is in, can be answered, and can end.
        """
        found = self._compiled.get((tenant, channel))
        if found is None:
            found = self._compiled[tenant, channel] = policy(self._generation, tenant, channel, self._hours)
        return found


def policy(generation: Generation, tenant: str, channel: str, hours: Hours) -> Policy:
    """Compile the rules of one channel's sessions."""
    space = generation.tenant(tenant)
    found = space.channel(channel) if space is not None else None
    queues = {queue.name: _queue(queue) for queue in space.queues} if space is not None else {}
    if space is None or found is None:
        return Policy(generation=generation.number, queue="", queues=queues)
    return Policy(
        generation=generation.number,
        queue=found.skill_queue,
        priority=found.priority,
        weight=found.weight,
        labels=found.labels,
        queues=queues,
        hours=hours(space, found),
        finish_queue=found.work_time.finish_queue,
        is_shadow=found.mode == "shadow",
        count_awaiting=space.parameters.count_awaiting,
        wrap_up=found.wrap_up,
        agent_gone_after=space.parameters.agent_gone_after,
        last_agent=_last_agent(found),
        customer_silence=_customer_silence(found.no_customer_reply, found.offline_messages),
        agent_silence=_agent_silence(found.no_agent_reply),
        offline=_offline(space, found.offline_messages),
        robot=_robot(found),
        transfer=_transfer(found.session_transfer),
        automatic=automatic_policy(found),
        backlog_from=found.auto_reply.backlog_from,
    )


def _queue(queue: Queue) -> QueuePolicy:
    return QueuePolicy(
        members=frozenset(queue.members),
        offer_for=queue.offer_for,
        max_missed_offers=queue.max_missed_offers,
        max_wait=queue.max_wait,
        max_length=queue.max_length,
        overflow=queue.overflow.queue if queue.overflow else "",
        overflow_after=queue.overflow.after if queue.overflow else None,
        auto_accept=queue.auto_accept,
        ageing=queue.ageing,
        first_response_within=queue.service_level.first_response_within,
        in_work_time=queue.service_level.clock == "work_time",
        is_external=queue.served_by == "mqtt",
    )


def _last_agent(channel: Channel) -> LastAgentPolicy:
    rules = channel.last_agent
    return LastAgentPolicy(
        enabled=rules.enabled, valid_for=rules.valid_for, wait=rules.wait, any_queue=rules.scope == "any"
    )


def _customer_silence(rules: NoCustomerReply, offline: OfflineMessages) -> CustomerSilence:
    return CustomerSilence(
        end_after=rules.end_after if rules.enabled else None,
        remind_after=rules.remind_after if rules.enabled else None,
        in_work_time=rules.clock == "work_time",
        after_offline=offline.called_customer_reply,
    )


def _agent_silence(rules: NoAgentReply) -> AgentSilence:
    return AgentSilence(
        transfer_after=rules.transfer_after if rules.enabled else None,
        to=rules.to,
        max_transfers=rules.max_transfers,
        escalate_to=rules.escalate_to or "",
    )


def _offline(tenant: Tenant, rules: OfflineMessages) -> OfflinePolicy:
    return OfflinePolicy(
        enabled=rules.enabled,
        route_within=rules.route_within,
        reassign_after=tenant.parameters.offline_reassign_after,
        contact_within=rules.agent_contact_within,
        to_last_agent=rules.routing == "last_agent",
        ask_robot=rules.routing == "robot",
    )


def _robot(channel: Channel) -> RobotPolicy | None:
    robot = channel.robot
    if robot is None:
        return None
    return RobotPolicy(
        name=robot.name,
        max_turns=robot.max_turns,
        timeout=robot.timeout,
        hand_off_on_failure=robot.hand_off_on_failure,
        in_work_time=robot.hours == "work_time",
    )


def _transfer(rules: SessionTransfer) -> TransferPolicy:
    return TransferPolicy(anybody=rules.to == "all", named=frozenset(rules.names))
