"""The mails of a contact centre's day: as many as wanted, drawn from a seed; the same seed writes the same mails.

They go to the channels of the built-in day (cli/day). A part of them asks what its robot knows, a part goes on with an
earlier matter, and all others are for people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from random import Random

from msgspec import Struct

from postroom.wiring.simulation.run import Arriving

HOURS = {6: 1, 7: 4, 8: 8, 9: 11, 10: 12, 11: 11, 12: 8, 13: 8, 14: 9, 15: 9, 16: 8, 17: 6, 18: 4, 19: 3, 20: 2, 21: 1}
"""How the mails of a day are spread over its hours."""
GOES_ON = 0.08
"""The share of mails that go on with an earlier matter."""
LATER = (timedelta(minutes=40), timedelta(hours=4))
"""How long after the mail that began it."""


class Topic(Struct, frozen=True, kw_only=True):
    """What people write about to one channel; `asks` are questions that the robot knows."""

    channel: str
    share: float
    asks: tuple[str, ...] = ()
    wants: tuple[str, ...]


TOPICS = (
    Topic(
        channel="orders",
        share=0.18,
        asks=("How do I cancel my order?", "Do you have gift cards?", "Can I change my delivery address?"),
        wants=("My order holds the wrong lamp.", "I would like to add a shade to my order of yesterday."),
    ),
    Topic(
        channel="delivery",
        share=0.24,
        asks=("How long does delivery take?", "When will my parcel arrive?", "Which countries do you ship to?"),
        wants=("The parcel was left with a neighbour nobody knows.", "The tracking has shown nothing for nine days."),
    ),
    Topic(
        channel="returns",
        share=0.16,
        asks=("How do I return an item?", "When do I get my refund?", "Where do I send goods back?"),
        wants=("One of the three glasses came broken.", "The label in the parcel has another address on it."),
    ),
    Topic(
        channel="billing",
        share=0.12,
        wants=("The invoice shows a lamp I did not buy.", "Please write our company's name on the invoice."),
    ),
    Topic(
        channel="accounts",
        share=0.10,
        asks=("How do I reset my password?", "How do I delete my account?", "How do I change my email address?"),
        wants=("Somebody else's orders stand in my account.", "The page says that I am signed in twice."),
    ),
    Topic(
        channel="technical",
        share=0.10,
        wants=("The dimmer hums below thirty per cent.", "The lamp does not join our network any more."),
    ),
    Topic(
        channel="complaints",
        share=0.06,
        wants=("This is my third mail and nobody has answered.", "The fitter came a day late and was rude."),
    ),
    Topic(
        channel="wholesale",
        share=0.04,
        wants=("We need four hundred of them by May.", "Please quote for the enclosed list, as last year."),
    ),
)


class Written(Struct, frozen=True, kw_only=True):
    """A mail that was written: when, its number, on what, and which earlier one it goes on with."""

    at: datetime
    number: int
    topic: Topic
    says: str
    goes_on: int | None = None


def day_mails(midnight: datetime, count: int, seed: int) -> list[Arriving]:
    """The mails of the day that begins then, in the order of their times."""
    return [_arriving(one) for one in _written(midnight, count, Random(f"mails {seed}"))]  # noqa: S311 nothing secret


def _written(midnight: datetime, count: int, chance: Random) -> Iterator[Written]:
    earlier: list[Written] = []
    for number, at in enumerate(_moments(midnight, count, chance)):
        begun = _goes_on_with(earlier, at, chance)
        topic = begun.topic if begun else chance.choices(TOPICS, [topic.share for topic in TOPICS])[0]
        asks = bool(topic.asks) and begun is None and chance.random() < 0.5  # noqa: PLR2004 a half
        says = "That is not what I meant." if begun else chance.choice(topic.asks if asks else topic.wants)
        one = Written(at=at, number=number, topic=topic, says=says, goes_on=begun.number if begun else None)
        if not asks and begun is None:
            earlier.append(one)
        yield one


def _moments(midnight: datetime, count: int, chance: Random) -> Sequence[datetime]:
    hours = chance.choices(list(HOURS), list(HOURS.values()), k=count)
    return sorted(midnight + timedelta(hours=hour, seconds=chance.randrange(3600)) for hour in hours)


def _goes_on_with(earlier: list[Written], at: datetime, chance: Random) -> Written | None:
    """An earlier matter that somebody may go on with at that time; nobody does so twice."""
    if chance.random() >= GOES_ON:
        return None
    soonest, latest = LATER
    found = [one for one in earlier if soonest <= at - one.at <= latest]
    if not found:
        return None
    begun = chance.choice(found)
    earlier.remove(begun)
    return begun


def _arriving(one: Written) -> Arriving:
    raw = _raw(one)
    read: Callable[[int], bytes] = partial(_first, raw)
    return Arriving(at=one.at, name=f"mail {one.number}", size=len(raw), read=read)


def _first(raw: bytes, octets: int) -> bytes:
    return raw[:octets]


def _raw(one: Written) -> bytes:
    writer = one.number if one.goes_on is None else one.goes_on
    subject = f"{one.topic.channel.capitalize()} {writer}"
    fields = {
        "Received": f"from mx.customer.example by mx.shop.example; {one.at:%a, %d %b %Y %H:%M:%S %z}",
        "Date": f"{one.at:%a, %d %b %Y %H:%M:%S %z}",
        "From": f"Customer {writer} <c{writer}@customer.example>",
        "To": f"{one.topic.channel}@shop.example",
        "Subject": subject if one.goes_on is None else f"Re: {subject}",
        "Message-ID": f"<m{one.number}@customer.example>",
    }
    if one.goes_on is not None:
        fields["In-Reply-To"] = f"<m{one.goes_on}@customer.example>"
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{head}\r\n{one.says}\r\n".encode()
