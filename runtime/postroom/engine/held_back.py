"""What becomes of a mail that may not leave now: it waits for its turn or for the next day, or is never sent.

What a person or a robot wrote waits, for somebody asked for it; the channel's own texts would come too late.
"""

from __future__ import annotations

from postroom.engine.attempt_outcome import OPEN_STATES
from postroom.engine.ceilings import HeldBack
from postroom.ports.records import OutboxRow, Reply, ReplyRecipient, ReplyState
from postroom.ports.step import Step
from postroom.ports.store import Topic, Tx
from postroom.session.automatic import AutomaticKind
from postroom.session.events import ReplyDelayed


def comes_too_late(reply: Reply, held: HeldBack) -> bool:
    """Whether it is never sent: a text of the channel's that would wait for a day, or longer than turns are given."""
    is_text = bool(reply.automatic) and reply.automatic != AutomaticKind.ROBOT.value
    return is_text and (held.for_the_day or held.turn_at is None)


def put_off(tx: Tx, step: Step, row: OutboxRow, reply: Reply, held: HeldBack) -> None:
    """Let it wait; its writer is told of a day, and never of a turn."""
    tx.outbox.postpone(row.id, held.until, held.words, held.turn_at)
    tx.wake(Topic.OUTBOX)
    if held.for_the_day:
        _stand(tx, reply, ReplyState.DELAYED, held.words)
        tell_late(tx, step, reply, held.words)


def suppress(tx: Tx, row: OutboxRow, reply: Reply, words: str) -> None:
    """Never send it."""
    _stand(tx, reply, ReplyState.FAILED, words)
    close(tx, row)


def close(tx: Tx, row: OutboxRow) -> None:
    """It is done with."""
    tx.outbox.done(row.id)
    tx.wake(Topic.OUTBOX)


def tell_late(tx: Tx, step: Step, reply: Reply, words: str) -> bool:
    """Let the session hear that an agent's reply is late, once; False where it heard so before, or nobody wrote it."""
    if not reply.agent or reply.automatic or not tx.replies.tell_late(reply.id):
        return False
    step(tx, reply.session, ReplyDelayed(reply=reply.id, agent=reply.agent, words=words))
    return True


def _stand(tx: Tx, reply: Reply, state: ReplyState, words: str) -> None:
    """So it stands with everybody who still wants the mail."""
    waiting = (one for one in reply.recipients if one.state in OPEN_STATES)
    after = [ReplyRecipient(address=one.address, field=one.field, state=state, words=words) for one in waiting]
    tx.replies.set_recipients(reply.id, after)
    tx.replies.set_state(reply.id, state)
