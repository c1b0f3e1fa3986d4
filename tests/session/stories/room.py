"""What the engine and the store do for real, in memory: events are decided, and effects carried out.

It knows no rule itself; after each decision it holds timers and places against what the session says of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from postroom.mail.keywords import Keywords
from postroom.session import events as e
from postroom.session.automatic import DAY, TEN_MINUTES, AutomaticFacts
from postroom.session.deadlines import deadlines, due_at
from postroom.session.decide import decide
from postroom.session.effects import (
    AnyEffect,
    ArmTimer,
    CancelTimer,
    Ignore,
    KeepRobotNote,
    NotifyAgent,
    OpenSession,
    RaiseAlarm,
    ReleasePlace,
    SendAutomatic,
    SendReply,
    SendRobotAnswer,
    SuppressAutomatic,
    TakePlace,
)
from postroom.session.facts import AgentFact, Facts, QueueFact
from postroom.session.policy import Policy
from postroom.session.rules.handover import next_target
from postroom.session.state import ConversationId, Phase, Session, SessionId, TimerKind
from postroom.settings.compile import keywords, service_time
from postroom.settings.policies import Policies
from tests.settings.making import POP3, SMTP, loaded

ZONE = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=ZONE)
CHANNEL = """\
  - name: support
    receiving_gateway: inbox
    sending_gateway: outbox
    skill_queue: first_line
"""
FAQ = "robots:\n  - kind: faq\n    name: rita\n    file: faq.yaml\n"


@dataclass
class Agent:
    """An agent's row."""

    name: str
    is_ready: bool = False
    is_signed_in: bool = False
    load: int = 0
    capacity: int = 1

    @property
    def fact(self) -> AgentFact:
        return AgentFact(
            name=self.name,
            is_ready=self.is_ready,
            has_place=self.load < self.capacity,
            is_signed_in=self.is_signed_in,
        )


def policies(folder: Path, channel: str, *, queue: str, parameters: str) -> tuple[Policies, Callable[[str], str]]:
    """The rules of a tenant in which anna and bernd serve the first line and chen the second."""
    accounts = "".join(
        f"  - account: {name}\n    name: {name.title()}\n    token_sha256: [{number:064x}]\n"
        for number, name in enumerate(("anna", "bernd", "chen"))
    )
    text = (
        f"parameters:\n  time_zone: Europe/Berlin\n{parameters}gateways:\n{POP3}{SMTP}channels:\n{CHANNEL}{channel}"
        f"queues:\n  - name: first_line\n    members: [anna, bernd]\n{queue}"
        f"  - name: second_line\n    members: [chen]\n"
        f"agents:\n{accounts}{FAQ if 'robot:' in channel else ''}"
    )
    (folder / "faq.yaml").write_text("- questions: [Where?]\n  answer: Here.\n")
    generation = loaded(folder, text).require()
    words = keywords(generation.tenants[0]).get("support", Keywords())

    def keyword(text: str) -> str:
        found = words.first(text)
        return found.keyword if found is not None else ""

    return (
        Policies(generation, lambda tenant, one: service_time(tenant, one, {}, MONDAY.year)),
        keyword,
    )


@dataclass
class Room:
    """One conversation, and all who may have to do with it; what a story does in it is office.py's."""

    folder: Path
    channel: str = ""
    queue: str = ""
    parameters: str = ""
    now: datetime = MONDAY
    agents: dict[str, Agent] = field(default_factory=lambda: {name: Agent(name) for name in ("anna", "bernd", "chen")})
    out: list[str] = field(default_factory=list)
    """What went out to Carla."""
    told: list[str] = field(default_factory=list)
    """What the agents were told."""
    alarms: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    timers: dict[TimerKind, tuple[datetime, str]] = field(default_factory=dict)
    last: tuple[AnyEffect, ...] = ()
    is_answerable: bool = True
    is_sent_at_once: bool = True
    """Whether a server takes what is handed to it at once."""

    def __post_init__(self) -> None:
        compiled, self._keyword = policies(self.folder, self.channel, queue=self.queue, parameters=self.parameters)
        self.policy: Policy = compiled("acme", "support")
        self._mails = self._replies = self._tokens = 0
        self._received: dict[str, datetime] = {}
        self._automatic: list[tuple[datetime, str, str]] = []
        self._answered_by: tuple[str, datetime] | None = None

    # -- what a story looks at ------------------------------------------------------------------------------------

    @property
    def session(self) -> Session:
        return self.sessions[-1]

    @property
    def phase(self) -> Phase:
        return self.session.phase

    @property
    def holder(self) -> str | None:
        return self.session.holder

    # -- the engine -----------------------------------------------------------------------------------------------

    def _bring(self, event: e.AnyEvent | e.Event) -> None:
        if not self.sessions:
            self.sessions.append(self._new())
        before = self.session
        after, effects = decide(before, event, self._facts(event), self.policy, self.now)  # type: ignore[arg-type] # a union
        self.sessions[-1] = after
        self.last = effects
        self._check(after, before)
        for effect in effects:
            self._carry_out(effect, after)
        self._check_timers(after)
        for effect in effects:
            if isinstance(effect, SendReply) and self.is_sent_at_once:
                self._bring(e.ReplySent(reply=effect.reply, sent_at=self.now))
        if any(isinstance(effect, OpenSession) for effect in effects):
            self.sessions.append(self._new())
            self.timers.clear()
            self._bring(event)
        self._look()

    def _new(self) -> Session:
        number = len(self.sessions) + 1
        return Session(
            id=SessionId(f"s{number}"),
            conversation=ConversationId("c1"),
            tenant="acme",
            channel="support",
            opened_at=self.now,
        )

    def _look(self) -> None:
        """Let the queue look for an agent, as dispatch/queues.py does."""
        if not self.sessions or self.phase is not Phase.QUEUED:
            return
        session = self.session
        if session.is_shadow or (session.not_before is not None and session.not_before > self.now):
            return
        names = [session.held_for] if session.held_for else sorted(self.policy.of_queue(session.queue).members)
        able = [name for name in names if self.agents[name].fact.is_ready and self.agents[name].fact.has_place]
        able = [name for name in able if name not in session.left_out]
        first = sorted(able, key=lambda name: session.passed_over.index(name) + 1 if name in session.passed_over else 0)
        if first:
            self.agents[first[0]].load += 1
            self._bring(e.AgentReserved(agent=first[0], token=self._token()))

    def _carry_out(self, effect: AnyEffect, session: Session) -> None:
        match effect:
            case TakePlace(agent=agent):
                self.agents[agent].load += 1
            case ReleasePlace(agent=agent):
                self.agents[agent].load -= 1
            case ArmTimer(kind=kind):
                self.timers[kind] = (effect.due_at, effect.token)
            case CancelTimer(kind=kind):
                self.timers.pop(kind, None)
            case SendReply(reply=reply):
                self.out.append(reply)
                self._answered_by = (session.owner, self.now)
            case SendAutomatic(kind=text, mail=mail):
                self.out.append(f"{text.value} to {mail}")
                self._automatic.append((self.now, session.id, text.value))
            case _:
                self._remember(effect)

    def _remember(self, effect: AnyEffect) -> None:
        match effect:
            case SendRobotAnswer(text=said):
                self.out.append(f"robot: {said}")
            case SuppressAutomatic(kind=text, reason=reason):
                self.notes.append(f"no {text.value}: {reason.value}")
            case KeepRobotNote(text=said):
                self.notes.append(f"robot, too late: {said}")
            case NotifyAgent(agent=agent, what=what):
                self.told.append(f"{agent}: {what}")
            case RaiseAlarm(what=what):
                self.alarms.append(what)
            case Ignore(reason=why):
                self.notes.append(why)
            case _:
                pass

    def _facts(self, event: e.AnyEvent | e.Event) -> Facts:
        session = self.session
        target = event.agent if isinstance(event, e.SessionTransferred | e.SessionAssigned) else ""
        if isinstance(event, e.AgentStayedSilent):
            target = (next_target(session, self.policy) or "").removeprefix("agent:")
        if isinstance(event, e.OpeningReached):
            target = session.held_for
        queue = event.queue if isinstance(event, e.SessionTransferred) else session.queue or self.policy.queue
        members = self.policy.of_queue(queue).members
        last = self._answered_by
        earlier = self.sessions[-2] if len(self.sessions) > 1 else None
        mail = event.mail if isinstance(event, e.MessageReceived) else session.customer_mail
        return Facts(
            owner=self._fact(session.owner),
            target=self._fact(target),
            last_agent=self._fact(last[0]) if last else None,
            last_replied_at=last[1] if last else None,
            had_agent=earlier is not None and earlier.assignment is not None,
            queue=QueueFact(name=queue, signed_in=sum(self.agents[name].is_signed_in for name in members)),
            automatic=self._history(mail) if mail else None,
        )

    def _fact(self, name: str) -> AgentFact | None:
        return self.agents[name].fact if name in self.agents else None

    def _history(self, mail: str) -> AutomaticFacts:
        confirmed = [one for one in self._automatic if one[2] != "reminder"]
        return AutomaticFacts(
            mail=mail,
            received_at=self._received.get(mail, self.now),
            answerable=self.is_answerable,
            why_not="" if self.is_answerable else "list",
            recipient="carla@example.com",
            sent_in_session=sum(one[1] == self.session.id for one in confirmed),
            reminded=any(one[1] == self.session.id and one[2] == "reminder" for one in self._automatic),
            last_in_conversation=max((one[0] for one in confirmed), default=None),
            to_sender_in_ten_minutes=sum(self.now - one[0] < TEN_MINUTES for one in self._automatic),
            to_sender_in_a_day=sum(self.now - one[0] < DAY for one in self._automatic),
        )

    def _token(self) -> str:
        self._tokens += 1
        return f"t{self._tokens}"

    def _token_of(self) -> str:
        owner = self.session.assignment
        return owner.token if owner else "none"

    def _check(self, after: Session, before: Session) -> None:
        """What holds in every story."""
        assert replace(after, phase=before.phase).id == before.id
        for agent in self.agents.values():
            assert agent.load >= 0

    def _check_timers(self, session: Session) -> None:
        due = {kind: due_at(kind, one.started_at, session, self.policy) for kind, one in deadlines(session).items()}
        expected = {kind: when for kind, when in due.items() if when is not None}
        assert {kind: when for kind, (when, _) in self.timers.items()} == expected
        assert sum(agent.load for agent in self.agents.values()) == (1 if session.holder else 0)
