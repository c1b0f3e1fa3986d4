"""The lines of a mail's decision trace: each verdict in words a person reads, with its evidence."""

from __future__ import annotations

from collections.abc import Sequence

from postroom.engine.verdict import Verdict
from postroom.mail.classify import Classification
from postroom.mail.keywords import KeywordHit
from postroom.mail.mail_class import Evidence
from postroom.mail.message import Message
from postroom.mail.threads import ThreadMatch
from postroom.ports.records import Receipt, TraceLine
from postroom.routing.outcome import Outcome
from postroom.routing.routes import RouteMatch
from postroom.session.effects import (
    AnyEffect,
    AskRobot,
    Ignore,
    KeepRobotNote,
    Noted,
    OpenSession,
    SendAutomatic,
    SendRobotAnswer,
    SuppressAutomatic,
)
from postroom.session.state import Session


def read(message: Message) -> TraceLine:
    """What reading the bytes found wrong with them."""
    verdict = f"{len(message.defects)} defects" if message.defects else "clean"
    return TraceLine(step="read", verdict=verdict, evidence="; ".join(message.defects[:5]))


def classified(classification: Classification) -> TraceLine:
    """The class, its caveats, and the header fields that say so."""
    names = sorted(caveat.value for caveat in classification.caveats)
    caveats = f" ({', '.join(names)})" if names else ""
    evidence = "; ".join(_evidence(piece) for piece in classification.evidence)
    return TraceLine(step="class", verdict=classification.kind.value + caveats, evidence=evidence)


def _evidence(piece: Evidence) -> str:
    where = f" {piece.header}: {piece.value}" if piece.header else ""
    return f"{piece.rule}{where}"


def routed(match: RouteMatch | None) -> TraceLine:
    """The notification route that matched first, and why."""
    if match is None:
        return TraceLine(step="route", verdict="unrouted", evidence="no notification route matches")
    target = match.route.channel or match.route.action.value
    return TraceLine(step="route", verdict=f"{match.route.name} -> {target}", evidence=match.reason)


def thread(found: ThreadMatch) -> TraceLine:
    """The conversation the mail belongs to, and by which evidence."""
    verdict = "continues" if found.conversation else "new conversation"
    if found.new_participant:
        verdict += ", new participant"
    return TraceLine(step="thread", verdict=verdict, evidence=found.evidence)


def joined(conversations: Sequence[str]) -> TraceLine:
    """Which conversations were laid into this mail's because it shows that they are one."""
    evidence = f"it ties in {', '.join(conversations)}, of the same people"
    return TraceLine(step="joined", verdict="laid into this conversation", evidence=evidence)


def not_answered(verdict: Verdict) -> TraceLine:
    """Why a mail that nobody is served for is not answered by itself either."""
    why = verdict.classification.why_not or "nobody is served for it"
    return TraceLine(step="automatic_reply", verdict="not sent", evidence=why)


def decided(effects: Sequence[AnyEffect]) -> tuple[TraceLine, ...]:
    """What a session's decision gave as its verdicts."""
    return tuple(line for effect in effects if (line := _verdict(effect)) is not None)


def _verdict(effect: AnyEffect) -> TraceLine | None:
    match effect:
        case SendAutomatic():
            return TraceLine(step="automatic_reply", verdict="sent", evidence=f"the channel's text {effect.kind.value}")
        case SuppressAutomatic():
            return TraceLine(step="automatic_reply", verdict="not sent", evidence=effect.words)
        case AskRobot() | SendRobotAnswer() | KeepRobotNote():
            return TraceLine(step="robot", verdict=_robot(effect), evidence=f"turn {effect.turn}")
        case Noted():
            return TraceLine(step=effect.what, verdict=effect.words)
        case OpenSession():
            return TraceLine(step="session", verdict="over: a new one is opened")
        case Ignore():
            return TraceLine(step="ignored", verdict=effect.reason)
        case _:
            return None


def _robot(effect: AskRobot | SendRobotAnswer | KeepRobotNote) -> str:
    match effect:
        case AskRobot():
            return f"{effect.robot} is asked"
        case SendRobotAnswer():
            return "its answer is sent"
        case KeepRobotNote():
            return "its answer came too late: a note"


def keyword(hit: KeywordHit | None) -> tuple[TraceLine, ...]:
    """The word that leads from the robot to an agent, where the mail has one."""
    return (TraceLine(step="keyword", verdict=hit.keyword, evidence=hit.evidence),) if hit else ()


def session(found: Session) -> TraceLine:
    """Where the session stood once it had this mail."""
    holder = f", {found.holder}" if found.holder else ""
    return TraceLine(step="session", verdict=found.phase.value, evidence=f"queue {found.queue}{holder}")


def ended(outcome: Outcome, words: str) -> TraceLine:
    """How the mail ended, where that is more than its conversation."""
    return TraceLine(step="outcome", verdict=outcome.value, evidence=words)


def oversize(receipt: Receipt) -> str:
    """Why only a stub of the mail was kept."""
    return f"{receipt.listed_size} octets are over the gateway's max_message_size; the mail stays on the server"
