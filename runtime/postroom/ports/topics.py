"""The topics of the MQTT door, and how names stand in them.

A name becomes one level of a topic, and nothing in it can be more: what is no letter, digit or one of `-._~@` is
percent-encoded, so that `/ + # $`, control characters and what else a name may hold stay data (S30). Pure.
"""

from __future__ import annotations

from urllib.parse import quote, unquote_to_bytes

from msgspec import Struct

ROOT = "postroom/v1"
LONGEST_LEVEL = 1_000
_LEVELS_OF_A_COMMAND = 7
_LEVELS_OF_AN_ANSWER = 6

COMMANDS = tuple(f"{ROOT}/+/{kind}/+/commands/+" for kind in ("agents", "queues"))
ANSWERS = f"{ROOT}/+/robots/+/answers"
"""What the service subscribes to."""


class Addressed(Struct, frozen=True, kw_only=True):
    """Whom a topic that came in names: `kind` is agents, queues or robots; `verb` is empty of a robot's answer."""

    tenant: str
    kind: str
    name: str
    verb: str = ""

    @property
    def prefix(self) -> str:
        """Where the named one's own topics begin."""
        return f"{ROOT}/{level(self.tenant)}/{self.kind}/{level(self.name)}"


def level(name: str) -> str:
    """The name as one level of a topic."""
    return quote(name, safe="@", errors="replace")


def name_of(text: str) -> str | None:
    """The name that stands in a level so, or None where no name does."""
    if len(text) > LONGEST_LEVEL:
        return None
    try:
        name = unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        return None
    return name if name and level(name) == text else None


def offers(tenant: str, queue: str) -> str:
    """Where a queue's offers are published."""
    return f"{ROOT}/{level(tenant)}/queues/{level(queue)}/offers"


def queue_command(tenant: str, queue: str, verb: str) -> str:
    """Where somebody outside answers a queue's offer."""
    return f"{ROOT}/{level(tenant)}/queues/{level(queue)}/commands/{verb}"


def inbox(tenant: str, agent: str) -> str:
    """Where an agent hears what concerns him."""
    return f"{ROOT}/{level(tenant)}/agents/{level(agent)}/inbox"


def conversation(tenant: str, conversation_id: str) -> str:
    """Where a conversation's events are published."""
    return f"{ROOT}/{level(tenant)}/conversations/{level(conversation_id)}/events"


def robot_requests(tenant: str, robot: str) -> str:
    """Where a robot is asked."""
    return f"{ROOT}/{level(tenant)}/robots/{level(robot)}/requests"


def robot_answers(tenant: str, robot: str) -> str:
    """Where a robot answers."""
    return f"{ROOT}/{level(tenant)}/robots/{level(robot)}/answers"


def gateway_status(tenant: str, gateway: str) -> str:
    """Where a gateway's status stands, retained."""
    return f"{ROOT}/{level(tenant)}/gateways/{level(gateway)}/status"


def addressed(topic: str) -> Addressed | None:
    """Whom a topic that came in names, or None where it is none of ours."""
    levels = topic.split("/")
    is_command = len(levels) == _LEVELS_OF_A_COMMAND and levels[3] in {"agents", "queues"} and levels[5] == "commands"
    is_answer = len(levels) == _LEVELS_OF_AN_ANSWER and levels[3] == "robots" and levels[5] == "answers"
    if not topic.startswith(f"{ROOT}/") or not (is_command or is_answer):
        return None
    tenant, name = name_of(levels[2]), name_of(levels[4])
    if tenant is None or name is None:
        return None
    return Addressed(tenant=tenant, kind=levels[3], name=name, verb=levels[6] if is_command else "")


def may_be_answered_at(asker: Addressed, topic: str) -> bool:
    """Whether an answer may be published there: below `replies` of who asked, and nowhere else.

    The service may publish where its clients may not, and must not lend them that.
    """
    begin = f"{asker.prefix}/replies"
    is_plain = topic.isprintable() and not set(topic) & set("+#")
    return is_plain and len(topic) <= LONGEST_LEVEL and (topic == begin or topic.startswith(f"{begin}/"))
