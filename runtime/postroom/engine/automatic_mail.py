"""What sessions let machines write: the channel's texts and robots' answers, put into the store where they are decided.

It finds the rules of the channel and the mail that is answered; what is written stands in automatic.py.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from postroom.engine.automatic import AutomaticRules, Occasion, facts_of, put_in, sender_of
from postroom.engine.world import no_failpoint
from postroom.ports.store import Tx
from postroom.ports.world import Failpoint
from postroom.session.automatic import AutomaticFacts, AutomaticKind
from postroom.session.effects import SendAutomatic, SendRobotAnswer
from postroom.session.state import Session

RulesOf = Callable[[str, str], AutomaticRules | None]
"""The rules of (tenant, channel); None where it has no way out any more."""
OpeningOf = Callable[[Session, datetime], datetime | None]
"""When the session's channel is open next."""
NameOf = Callable[[str, str], str]
"""What customers call the agent of (tenant, account)."""


class AutomaticMailer:
    """The one implementation of carry_out.AutomaticMail."""

    def __init__(
        self, rules_of: RulesOf, opening_of: OpeningOf, name_of: NameOf, failpoint: Failpoint = no_failpoint
    ) -> None:
        self._rules_of = rules_of
        self._opening_of = opening_of
        self._name_of = name_of
        self._failpoint = failpoint

    def facts(self, tx: Tx, session: Session, mail: str, now: datetime) -> AutomaticFacts | None:
        """What an automatic answer to that mail would have to respect; None where nothing could be sent."""
        rules, answered = self._rules_of(session.tenant, session.channel), tx.mails.get(mail)
        if rules is None or answered is None:
            return None
        return facts_of(tx, session, answered, rules, now, offline=False)

    def robot_answers(self, tx: Tx, session: Session, mail: str, since: datetime) -> int:
        """How many answers of robots the sender of that mail had on this channel since then."""
        answered = tx.mails.get(mail)
        if answered is None or answered.answering is None:
            return 0
        return tx.automatic.of_robots(session.tenant, session.channel, sender_of(answered.answering), since)

    def send(self, tx: Tx, session: Session, effect: SendAutomatic, now: datetime) -> None:
        """Put the channel's text in; once for a session, kind and mail."""
        self._put_in(tx, session, effect.kind, effect.mail, now)

    def send_robot_answer(self, tx: Tx, session: Session, effect: SendRobotAnswer, now: datetime) -> None:
        """Put the robot's answer in; once for a session and mail."""
        self._put_in(tx, session, AutomaticKind.ROBOT, effect.mail, now, said=effect.text)

    def _put_in(
        self, tx: Tx, session: Session, kind: AutomaticKind, mail: str, now: datetime, *, said: str = ""
    ) -> None:
        rules, answered = self._rules_of(session.tenant, session.channel), tx.mails.get(mail)
        if rules is None or answered is None:
            return
        occasion = Occasion(
            kind=kind,
            mail=answered,
            next_opening=self._opening_of(session, now),
            agent_name=self._name_of(session.tenant, session.owner) if session.owner else "",
            said=said,
        )
        if put_in(tx, session, occasion, rules, now) is not None:
            self._failpoint("automatic_commit_pre")
