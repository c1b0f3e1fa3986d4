"""An office in which a story happens: settings as an administrator writes them, agents, a clock, and what goes out.

It carries the effects of `decide` out in memory, as the engine and the store do it for real, and knows no rule itself.
A story waits; on the way timers fire, the channel opens and closes, and the queue looks for agents, each at its time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec.structs import replace

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
from postroom.session.state import ConversationId, Phase, Session, SessionId, TimerKind
from postroom.settings.compile import keywords, service_time
from postroom.settings.policies import Policies
from tests.settings.making import POP3, SMTP, loaded

ZONE = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=ZONE)
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
BY_DAY = "    work_time: {workday: ['08:00-18:00']}\n"
BASE = """\
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
        f"parameters:\n  time_zone: Europe/Berlin\n{parameters}gateways:\n{POP3}{SMTP}channels:\n{BASE}{channel}"
        f"queues:\n  - name: first_line\n    members: [anna, bernd]\n{queue}"
        f"  - name: second_line\n    members: [chen]\n"
        f"agents:\n{accounts}{FAQ if 'robot:' in channel else ''}"
    )
    (folder / "faq.yaml").write_text("- questions: [Where?]\n  answer: Here.\n")
    generation = loaded(folder, text).require()
    words = keywords(generation.tenants[0]).get("support")
    return (
        Policies(generation, lambda tenant, one: service_time(tenant, one, {}, MONDAY.year)),
        lambda said: (words.first(said) or "") if words is not None else "",
    )


@dataclass
class Office:
    """One conversation with Carla, and all who may have to do with it."""

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

    @property
    def clock(self) -> str:
        """As `Mon 09:00`."""
        local = self.now.astimezone(ZONE)
        return f"{DAYS[local.weekday()]} {local:%H:%M}"

    def due(self, kind: TimerKind) -> str:
        """When a timer is due, as `Mon 09:00`."""
        local = self.timers[kind][0].astimezone(ZONE)
        return f"{DAYS[local.weekday()]} {local:%H:%M}"

    # -- Carla ----------------------------------------------------------------------------------------------------

    def carla_writes(self, text: str = "My order is late.") -> None:
        self._mails += 1
        name = f"m{self._mails}"
        self._received[name] = self.now
        self._bring(e.MessageReceived(mail=name, received_at=self.now, keyword=self._keyword(text)))

    def her_absence_note_comes(self) -> None:
        self._bring(e.MessageAttached(mail="note", mail_class="automatic_response"))

    # -- agents ---------------------------------------------------------------------------------------------------

    def ready(self, *names: str, places: int = 1) -> None:
        for name in names:
            agent = self.agents[name]
            was_gone = not agent.is_signed_in
            agent.is_ready = agent.is_signed_in = True
            agent.capacity = places
            if was_gone and self.sessions and self.session.owner == name:
                self._bring(e.AgentReturned(agent=name))
        self._look()

    def not_ready(self, name: str) -> None:
        self.agents[name].is_ready = False
        if self.session.phase is Phase.OFFERED and self.holder == name:
            self._bring(e.AgentLeft(agent=name))

    def leaves(self, name: str) -> None:
        self.agents[name].is_ready = self.agents[name].is_signed_in = False
        session = self.session
        if name in {session.holder, session.owner, session.held_for} and session.is_open:
            self._bring(e.AgentLeft(agent=name, is_gone=True))

    def accepts(self, name: str) -> None:
        offer = self.session.offer
        self._bring(e.OfferAccepted(agent=name, token=offer.token if offer else "none"))

    def declines(self, name: str) -> None:
        offer = self.session.offer
        self._bring(e.OfferDeclined(agent=name, token=offer.token if offer else "none"))

    def picks(self, name: str) -> None:
        self.agents[name].load += 1
        self._bring(e.SessionPicked(agent=name, token=self._token()))

    def replies(self, name: str) -> str:
        self._replies += 1
        reply = f"r{self._replies}"
        self._bring(e.ReplySubmitted(agent=name, token=self._token_of(), reply=reply))
        return reply

    def withdraws(self, name: str, reply: str) -> None:
        self._bring(e.ReplyWithdrawn(agent=name, token=self._token_of(), reply=reply))

    def writes_first(self, name: str) -> None:
        self._bring(e.AgentWroteFirst(agent=name, token=self._token(), reply="r1"))

    def saves_a_draft(self, name: str) -> None:
        self._bring(e.WorkSaved(agent=name, token=self._token_of()))

    def parks(self, name: str, until: str = "") -> None:
        when = self._next(until) if until else None
        self._bring(e.SessionParked(agent=name, token=self._token_of(), until=when))

    def transfers(self, name: str, *, queue: str = "", agent: str = "") -> None:
        event = e.SessionTransferred(by=name, token=self._token_of(), queue=queue, agent=agent, new_token=self._token())
        self._bring(event)

    def ends(self, name: str) -> None:
        self._bring(e.EndRequested(agent=name, token=self._token_of(), reason="solved"))

    def gives_code(self, name: str, code: str) -> None:
        self._bring(e.WrapUpDone(agent=name, token=self._token_of(), code=code))

    def sue_assigns(self, agent: str) -> None:
        self.agents[agent].load += 1
        self._bring(e.SessionAssigned(agent=agent, token=self._token(), by="sue"))

    def sue_files(self) -> None:
        self._bring(e.SessionFiled(by="sue", reason="spam", by_supervisor=True))

    # -- robot and servers ----------------------------------------------------------------------------------------

    def robot_answers(self, text: str, turn: int | None = None) -> None:
        self._bring(e.RobotAnswered(turn=turn or self.session.robot_turn, text=text))

    def robot_hands_off(self, *, failed: bool = False) -> None:
        self._bring(e.RobotHandedOff(turn=self.session.robot_turn, reason="it does not know", failed=failed))

    def server_took(self, reply: str) -> None:
        self._bring(e.ReplySent(reply=reply, sent_at=self.now))

    def server_refused(self, reply: str, session: Session | None = None) -> None:
        if session is not None and session.id != self.session.id:
            self.sessions.append(session)  # the outcome is told to the session it was written in
        self._bring(e.ReplyFailed(reply=reply, words="550 no such user"))

    def service_resumes(self) -> None:
        self._bring(e.ServiceResumed())

    # -- time -----------------------------------------------------------------------------------------------------

    def wait(self, **span: float) -> None:
        """Let time pass (the arguments are timedelta's), and whatever falls due in it."""
        self._until(self.now + timedelta(**span))

    def wait_until(self, when: str) -> None:
        """Let time pass until the next `Tue 08:00`."""
        self._until(self._next(when))

    def _next(self, when: str) -> datetime:
        day, clock = when.split()
        hour, minute = map(int, clock.split(":"))
        found = self.now.astimezone(ZONE).replace(hour=hour, minute=minute, second=0)
        while found <= self.now or DAYS[found.weekday()] != day:
            found += timedelta(days=1)
        return found

    def _until(self, end: datetime) -> None:
        while True:
            steps = [*self._timers_due(), *self._hours_due()]
            when, event = min(steps, key=lambda step: step[0], default=(end, None))
            if when > end or event is None:
                break
            self.now = max(self.now, when)
            if isinstance(event, e.Event):
                self._bring(event)
            else:
                self._fire(event)
        self.now = end
        self._look()

    def _timers_due(self) -> list[tuple[datetime, object]]:
        return [(due, kind) for kind, (due, _) in self.timers.items()]

    def _hours_due(self) -> list[tuple[datetime, object]]:
        """When the hours change something for who waits, as engine/hours.py looks for it."""
        if not self.sessions:
            return []
        session, hours = self.session, self.policy.hours
        is_open = hours.is_open(self.now)
        if session.phase is Phase.OFFLINE:
            opening = hours.next_opening(max(self.now, session.not_before or self.now))
            return [(opening, e.OpeningReached())] if opening else []
        if session.phase is not Phase.QUEUED:
            return []
        if session.not_before is not None and session.not_before > self.now:
            return [(session.not_before, e.ServiceResumed())]  # its time has come: the queue looks
        closing = hours.next_closing(self.now) if is_open and not self.policy.finish_queue else None
        return [(closing, e.ClosingReached())] if closing else []

    def _fire(self, kind: object) -> None:
        assert isinstance(kind, TimerKind)
        _, token = self.timers.pop(kind)
        self._bring(e.OfferExpired(token=token) if kind is TimerKind.OFFER_EXPIRY else e.OF_TIMER[kind])

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
