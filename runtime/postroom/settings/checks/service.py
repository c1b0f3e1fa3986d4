"""Service: work time, and the clocks of a channel against each other."""

from __future__ import annotations

from postroom.settings.calendars import DEFAULT
from postroom.settings.channel_rules import WorkTime
from postroom.settings.checks.calendars import works_some_day
from postroom.settings.checks.names import exists
from postroom.settings.problem import Page, shown
from postroom.settings.schema import Channel, Queue, Tenant
from postroom.settings.units import duration_words, segment


def check(page: Page, tenant: Tenant) -> None:
    """Check each channel's hours and timers."""
    for index, channel in enumerate(tenant.channels):
        path = f"channels[{index}]"
        _work_time(page, f"{path}.work_time", channel.work_time, tenant)
        _customer_silence(page, path, channel, tenant.queue(channel.skill_queue))
        _offline(page, path, channel)


def _work_time(page: Page, path: str, hours: WorkTime, tenant: Tenant) -> None:
    for key, segments in (("workday", hours.workday), ("non_workday", hours.non_workday)):
        taken: list[tuple[int, int]] = []
        for place, text in enumerate(segments):
            _segment(page, f"{path}.{key}[{place}]", text, taken)
    known = {calendar.name for calendar in (DEFAULT, *tenant.calendars)}
    if not exists(page, f"{path}.calendar", hours.calendar, known, "calendar"):
        return
    if not hours.non_workday and not works_some_day(tenant.calendar(hours.calendar)):
        words = f"is never open: calendar {shown(hours.calendar)} has no working day, and `non_workday` is empty"
        page.warning(path, words)


def _segment(page: Page, path: str, text: str, taken: list[tuple[int, int]]) -> None:
    found = segment(text)
    if found is None:
        page.problem(path, "must be `HH:MM-HH:MM` within 00:00-24:00", shown(text))
    elif found[0] >= found[1]:
        # 24:00 is an end only: no segment that begins there can end later
        over_midnight = "one over midnight is two, `22:00-24:00` and `00:00-06:00`"
        page.problem(path, f"must begin before it ends, and 24:00 is an end only; {over_midnight}", shown(text))
    elif any(found[0] < end and start < found[1] for start, end in taken):
        page.problem(path, "overlaps another segment", shown(text))
    else:
        taken.append(found)


def _customer_silence(page: Page, path: str, channel: Channel, queue: Queue | None) -> None:
    silence, inner = channel.no_customer_reply, f"{path}.no_customer_reply"
    if silence.remind_after is None:
        if silence.remind_with:
            page.warning(f"{inner}.remind_with", "is sent after `remind_after`, and there is none: nobody is reminded")
        return
    if silence.remind_after >= silence.end_after:
        page.problem(f"{inner}.remind_after", f"must be shorter than `end_after` ({duration_words(silence.end_after)})")
    if queue is not None and queue.max_wait is not None and silence.remind_after <= queue.max_wait:
        longest = duration_words(queue.max_wait)
        page.problem(f"{inner}.remind_after", f"must be longer than queue {queue.name!r} lets wait ({longest})")
    if not silence.remind_with:
        page.problem(f"{inner}.remind_with", "is needed with `remind_after`: the reminder's text by language")


def _offline(page: Page, path: str, channel: Channel) -> None:
    offline, silence, inner = channel.offline_messages, channel.no_customer_reply, f"{path}.offline_messages"
    if offline.routing == "last_agent" and not channel.last_agent.enabled:
        page.problem(f"{inner}.routing", "`last_agent` needs the channel's `last_agent: {enabled: true}`")
    if offline.routing == "robot" and channel.robot is None:
        page.problem(f"{inner}.routing", "`robot` needs the channel's `robot`")
    if offline.enabled and silence.enabled and offline.called_customer_reply >= silence.end_after:
        end = duration_words(silence.end_after)
        page.problem(f"{inner}.called_customer_reply", f"must be shorter than `no_customer_reply.end_after` ({end})")
