"""Automatic mail for tests that are about something else: it remembers what it was to send, and knows no history."""

from __future__ import annotations

from datetime import datetime

from postroom.ports.store import Tx
from postroom.session.automatic import AutomaticFacts
from postroom.session.effects import SendAutomatic, SendRobotAnswer
from postroom.session.state import Session


class NoAutomaticMail:
    """Sends nothing (engine.carry_out.AutomaticMail)."""

    def __init__(self) -> None:
        self.asked: list[SendAutomatic | SendRobotAnswer] = []

    def facts(self, _tx: Tx, _session: Session, _mail: str, _now: datetime) -> AutomaticFacts | None:
        return None

    def robot_answers(self, _tx: Tx, _session: Session, _mail: str, _since: datetime) -> int:
        return 0

    def send(self, _tx: Tx, _session: Session, effect: SendAutomatic, _now: datetime) -> None:
        self.asked.append(effect)

    def send_robot_answer(self, _tx: Tx, _session: Session, effect: SendRobotAnswer, _now: datetime) -> None:
        self.asked.append(effect)
