"""What one attempt at a reply means for each of its recipients, and for the reply as a whole. Pure."""

from __future__ import annotations

from collections.abc import Callable

from postroom.engine.retry import Fate
from postroom.ports.gateways import RecipientResult, SendOutcome
from postroom.ports.records import Reply, ReplyRecipient, ReplyState

OPEN_STATES = frozenset({ReplyState.ACCEPTED, ReplyState.SENDING, ReplyState.DELAYED, ReplyState.UNKNOWN})
"""Recipients in these states still want the mail."""
REACHED = frozenset({ReplyState.SENT, ReplyState.UNKNOWN})
"""Recipients in these states have the mail, or may have it."""

Recipients = tuple[ReplyRecipient, ...]
FateOf = Callable[[RecipientResult], Fate]

_STATE_OF = {Fate.SENT: ReplyState.SENT, Fate.FAILED: ReplyState.FAILED, Fate.AGAIN: ReplyState.DELAYED}


def wants_it(one: ReplyRecipient, *, hold_unknown: bool) -> bool:
    """Whether he is still to be handed the mail; where unknown outcomes are held, one who may have it is not."""
    return one.state in OPEN_STATES and not (hold_unknown and one.state is ReplyState.UNKNOWN)


def unknown_to(recipients: Recipients, tried: tuple[str, ...], words: str) -> Recipients:
    """Every recipient as he stands after an attempt nobody saw the end of."""
    return tuple(
        ReplyRecipient(address=one.address, field=one.field, state=ReplyState.UNKNOWN, words=words)
        if one.address in tried and one.state in OPEN_STATES
        else one
        for one in recipients
    )


def recipients_after(reply: Reply, tried: tuple[str, ...], outcome: SendOutcome, fate_of: FateOf) -> Recipients:
    """Every recipient of the reply as he stands after an attempt for the addresses in `tried`."""
    said = {result.address: result for result in outcome.results}
    return tuple(
        _after(one, _heard(one.address, said, outcome), outcome, fate_of)
        if one.address in tried and one.state in OPEN_STATES
        else one
        for one in reply.recipients
    )


def state_of(recipients: Recipients) -> ReplyState:
    """The state of the whole: the one that most needs a look."""
    states = {one.state for one in recipients}
    order = (ReplyState.UNKNOWN, ReplyState.DELAYED, ReplyState.SENDING, ReplyState.ACCEPTED, ReplyState.FAILED)
    return next((state for state in order if state in states), ReplyState.SENT)


def reached_somebody(before: Recipients, after: Recipients) -> bool:
    """Whether a To recipient has the mail now, or may have it, and none had before."""
    return bool(_to(after) & REACHED) and not _to(before) & REACHED


def failed_for_all(before: Recipients, after: Recipients) -> bool:
    """Whether the last To recipient failed now."""
    return _to(after) == {ReplyState.FAILED} != _to(before)


def _to(recipients: Recipients) -> set[ReplyState]:
    return {one.state for one in recipients if one.field == "to"}


def _heard(address: str, said: dict[str, RecipientResult], outcome: SendOutcome) -> RecipientResult:
    """What the server said of one recipient; a refusal by a gateway that is at fault says nothing about him."""
    result = said.get(address)
    if result is None or (outcome.gateway_fault is not None and not result.accepted):
        return RecipientResult(address, 0, outcome.words)
    return result


def _after(one: ReplyRecipient, result: RecipientResult, outcome: SendOutcome, fate_of: FateOf) -> ReplyRecipient:
    verdict = fate_of(result)
    state = _STATE_OF[verdict]
    if verdict is Fate.AGAIN and outcome.unknown and result.code == 0:
        state = ReplyState.UNKNOWN
    words = result.words or outcome.words
    return ReplyRecipient(address=one.address, field=one.field, state=state, code=result.code, words=words)
