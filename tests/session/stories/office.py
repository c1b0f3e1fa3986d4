"""An office in which a story happens: settings as an administrator writes them, agents, a clock, and what goes out.

A story waits; on the way timers fire, the channel opens and closes, and the queue looks for agents, each at its time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from postroom.session import events as e
from postroom.session.state import Phase, Session, TimerKind
from tests.session.stories.room import ZONE, Room

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
BY_DAY = "    work_time: {workday: ['08:00-18:00']}\n"


@dataclass
class Office(Room):
    """The verbs of a story, as Carla and the agents say them."""

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
