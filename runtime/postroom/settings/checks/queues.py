"""Skill queues and agents: members, overflow, and who may sign in."""

from __future__ import annotations

from postroom.settings.checks.names import exists, unique
from postroom.settings.problem import Page
from postroom.settings.rules import is_address
from postroom.settings.schema import Agent, Queue, Relaxation, Tenant


def check(page: Page, tenant: Tenant) -> None:
    """Check queues against agents, and agents against each other."""
    for index, queue in enumerate(tenant.queues):
        _queue(page, f"queues[{index}]", queue, tenant)
    for index, agent in enumerate(tenant.agents):
        _agent(page, f"agents[{index}]", agent, tenant)
    _tokens(page, tenant)


def _queue(page: Page, path: str, queue: Queue, tenant: Tenant) -> None:
    accounts = {agent.account for agent in tenant.agents}
    for place, member in enumerate(queue.members):
        exists(page, f"{path}.members[{place}]", member, accounts, "agent with the account")
    unique(page, ((f"{path}.members[{place}]", member) for place, member in enumerate(queue.members)), "member")
    for member, _ in queue.levels:
        exists(page, f"{path}.levels.{member}", member, queue.members, "member")
    exists(page, f"{path}.ou", queue.ou, {unit.name for unit in tenant.ous}, "organisational unit")
    if queue.served_by == "postroom" and not queue.members:
        page.warning(path, f"queue {queue.name!r} has no members: what comes in waits")
    _levels(page, path, queue)
    _overflow(page, path, queue, tenant)


def _levels(page: Page, path: str, queue: Queue) -> None:
    """Stages follow each other and each asks for less; and somebody is good enough in the end."""
    before = Relaxation(after=0, skill_level=queue.skill_level)
    for index, stage in enumerate(queue.relaxation):
        inner = f"{path}.relaxation[{index}]"
        if stage.after <= before.after:
            page.problem(f"{inner}.after", "must be later than the stage before it")
        if stage.skill_level >= before.skill_level:
            words = f"must be lower than {before.skill_level}, the level wanted before (`skill_level`, then each stage)"
            page.problem(f"{inner}.skill_level", words)
        before = stage
    best = max((dict(queue.levels).get(member, 0) for member in queue.members), default=None)
    if best is not None and best < before.skill_level:
        words = f"no member of queue {queue.name!r} has the level {before.skill_level}: what comes in waits"
        page.warning(f"{path}.levels", words)


def _overflow(page: Page, path: str, queue: Queue, tenant: Tenant) -> None:
    if queue.overflow is None:
        return
    inner = f"{path}.overflow.queue"
    if not exists(page, inner, queue.overflow.queue, {one.name for one in tenant.queues}, "queue"):
        return
    name: str | None = queue.overflow.queue
    for _ in tenant.queues:
        following = tenant.queue(name) if name and name != queue.name else None
        name = following.overflow.queue if following and following.overflow else name
    if name == queue.name:
        page.problem(inner, "leads back to where it came from")


def _agent(page: Page, path: str, agent: Agent, tenant: Tenant) -> None:
    exists(page, f"{path}.ou", agent.ou, {unit.name for unit in tenant.ous}, "organisational unit")
    exists(page, f"{path}.signature", agent.signature, {one.name for one in tenant.signatures}, "signature")
    if not agent.token_sha256:
        page.warning(path, f"agent {agent.account!r} has no token: nobody can sign in as this agent")
    if "mail" in agent.notices and agent.personal_address is None and not is_address(agent.account):
        page.problem(f"{path}.notices", "`mail` needs a `personal_address`")


def _tokens(page: Page, tenant: Tenant) -> None:
    first: dict[str, str] = {}
    for index, agent in enumerate(tenant.agents):
        for place, digest in enumerate(agent.token_sha256):
            path = f"agents[{index}].token_sha256[{place}]"
            if page.is_sound(path) and first.setdefault(digest.lower(), path) != path:
                other = page.where(first[digest.lower()])
                page.problem(path, f"is the same token as in {other}: each agent has his own")
