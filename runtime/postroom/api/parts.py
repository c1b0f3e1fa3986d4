"""What the HTTP door is built from: ports and values, handed in once and never changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, Protocol

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from postroom.api.feed import JournalFeed
from postroom.api.operator.parts import OperatorParts
from postroom.ports.desk import MailReader, ReplyDesk
from postroom.ports.records import AgentRow, StoredMail
from postroom.ports.step import Step
from postroom.ports.store import Store, Tx
from postroom.ports.upload_desk import UploadDesk
from postroom.ports.world import Clock, Ids, Offload
from postroom.routing.agents import AgentState
from postroom.settings.schema import Generation
from postroom.settings.taking import Taking


class Presence(Protocol):
    """Is told what is seen of agents."""

    def seen(self, tenant: str, agent: str) -> None:
        """Note that the agent made a request."""
        ...

    def arrived(self, tenant: str, agent: str) -> None:
        """Note that the agent opened an event stream."""
        ...

    def left(self, tenant: str, agent: str) -> None:
        """Note that one of the agent's event streams ended."""
        ...


class AgentStates(Protocol):
    """Sets agents ready, not ready and offline."""

    def ask(self, tx: Tx, tenant: str, agent: str, state: AgentState, reason: str) -> AgentRow:
        """Do what the agent asked for, in the caller's transaction, and give his row as it is then."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiParts:
    """Everything a resource may use."""

    store: Store
    step: Step
    desk: ReplyDesk
    reader: MailReader
    ids: Ids
    clock: Clock
    offload: Offload
    current: Callable[[], Generation]
    presence: Presence
    states: AgentStates
    feed: JournalFeed
    traced: Callable[[Tx, Sequence[StoredMail]], tuple[StoredMail, ...]]
    """Gives mails with their whole decision traces."""
    uploads: UploadDesk
    operator: OperatorParts
    """What administrators use of the operator's door."""
    export_file: Callable[[str], IO[bytes] | None] = lambda _: None
    """Opens the finished file of an export, or gives None; blocking. Raises TemporaryError."""
    settings: Taking | None = None
    """Who takes changes to settings; None where they are read from files."""


Parts = NamedDependency[SkipValidation[ApiParts]]
"""How a route asks for the parts."""
