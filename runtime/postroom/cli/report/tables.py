"""The report on a terminal: the whole, a row a queue, a row an agent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postroom.cli.report.wording import duration, number, share
from postroom.cli.table import show_table

if TYPE_CHECKING:
    from postroom.session.spread import Spread
    from postroom.wiring.simulation.figures import AgentFigures, Figures, QueueFigures

QUEUES = (
    "queue", "sessions", "robots", "answered", "waiting", "first reply p50", "p90", "p99", "in time", "goal",
    "transfers", "occupancy",
)  # fmt: skip
AGENTS = ("agent", "at work", "sessions", "offers", "places taken", "occupancy")


def show_figures(figures: Figures) -> None:
    """Print the tables."""
    show_table(QUEUES, [*(_queue(one) for one in figures.queues), _whole(figures)], "There is no queue.")
    there = [one for one in figures.agents if one.at_work]
    show_table(AGENTS, [_agent(one) for one in there], "Nobody worked.")


def _queue(one: QueueFigures) -> tuple[str, ...]:
    counts = (one.sessions, one.by_robot, one.answered, one.waiting)
    goal = f"{share(one.target)} in {duration(one.within)}"
    return (
        one.queue,
        *(number(count) for count in counts),
        *_spread(one.first_reply),
        share(one.in_time),
        goal,
        number(one.transfers),
        share(one.occupancy),
    )


def _whole(figures: Figures) -> tuple[str, ...]:
    answered = sum(one.answered for one in figures.queues)
    waiting = sum(one.waiting for one in figures.queues)
    return (
        "all",
        *(number(count) for count in (figures.sessions, figures.by_robot, answered, waiting)),
        *_spread(figures.first_reply),
        share(figures.in_time),
        "",
        number(figures.transfers),
        share(figures.occupancy),
    )


def _spread(these: Spread) -> tuple[str, ...]:
    return duration(these.p50), duration(these.p90), duration(these.p99)


def _agent(one: AgentFigures) -> tuple[str, ...]:
    counts = number(one.sessions), number(one.offers)
    return one.agent, duration(one.at_work), *counts, share(one.places), share(one.occupancy)
