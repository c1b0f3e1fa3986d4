"""The lines of a mail's decision trace: each verdict in words a person reads, with its evidence."""

from __future__ import annotations

from postroom.engine.verdict import Verdict
from postroom.mail.classify import Classification
from postroom.mail.mail_class import Evidence
from postroom.mail.message import Message
from postroom.mail.threads import ThreadMatch
from postroom.ports.records import Outcome, Receipt, TraceLine
from postroom.routing.routes import RouteMatch
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


def automatic_reply(verdict: Verdict) -> TraceLine:
    """Whether the mail itself lets us answer it automatically."""
    classification = verdict.classification
    if not classification.answerable:
        return TraceLine(step="automatic_reply", verdict="not sent", evidence=classification.why_not)
    return TraceLine(step="automatic_reply", verdict="not sent", evidence="the channel has none set")


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
