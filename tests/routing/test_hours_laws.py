"""Laws of work time, over many zones and years, and its agreement with a model that looks at every minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from postroom.routing.calendar import Calendar, Dates
from postroom.routing.hours import HORIZON_DAYS, Segment, ServiceTime
from tests.routing.minutes import MINUTE, Minutes

ZONES = (
    "UTC", "Europe/Berlin", "Europe/London", "America/New_York", "America/St_Johns", "America/Sao_Paulo",
    "America/Havana", "Asia/Kathmandu", "Asia/Tehran", "Asia/Kolkata", "Asia/Gaza", "Africa/Casablanca",
    "Africa/Cairo", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Chatham", "Pacific/Kiritimati", "Antarctica/Troll",
)  # fmt: skip

TURNS = (
    ("Europe/Berlin", datetime(2026, 3, 29, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, tzinfo=UTC)),
    ("America/St_Johns", datetime(2008, 11, 2, tzinfo=UTC)),  # 00:01 becomes 23:01 of the day before
    ("America/St_Johns", datetime(2009, 3, 8, tzinfo=UTC)),
    ("America/Havana", datetime(2024, 3, 10, tzinfo=UTC)),  # midnight does not exist
    ("America/Sao_Paulo", datetime(2018, 2, 18, tzinfo=UTC)),  # 24:00 becomes 23:00
    ("Australia/Lord_Howe", datetime(2025, 4, 5, tzinfo=UTC)),  # half an hour
    ("Australia/Lord_Howe", datetime(2025, 10, 4, tzinfo=UTC)),
    ("Pacific/Apia", datetime(2011, 12, 30, tzinfo=UTC)),  # the 30th does not exist
    ("Pacific/Kiritimati", datetime(1995, 1, 1, tzinfo=UTC)),  # the 1st neither
    ("Asia/Kathmandu", datetime(1985, 12, 31, tzinfo=UTC)),  # a quarter of an hour
    ("Africa/Casablanca", datetime(2026, 2, 15, tzinfo=UTC)),
    ("Asia/Tehran", datetime(2022, 9, 21, tzinfo=UTC)),
    ("Antarctica/Troll", datetime(2026, 3, 29, tzinfo=UTC)),  # two hours
)
SPAN = 3 * 1440
EARLIEST, LATEST = datetime(1973, 1, 1), datetime(2060, 1, 1)  # noqa: DTZ001 Hypothesis wants bounds without zone


@st.composite
def segments(draw: st.DrawFn, least: int) -> tuple[Segment, ...]:
    edges = draw(st.lists(st.integers(0, 1440), min_size=2 * least, max_size=8, unique=True))
    edges.sort()
    pairs = tuple(zip(edges[::2], edges[1::2], strict=False))
    # some meet
    return draw(st.sampled_from([pairs, ((0, 360), (1320, 1440)), ((0, 720), (720, 1440)), pairs[:1]]))


@st.composite
def services(draw: st.DrawFn, zone: str, around: date) -> ServiceTime:
    days = st.integers(-2, 5).map(lambda n: around + timedelta(days=n))
    ranges = st.builds(lambda day, more: Dates(day, day + timedelta(days=more)), days, st.integers(0, 2))
    named = st.dictionaries(days, st.just("a day"), max_size=2)
    calendar = Calendar(
        weekly_off=frozenset(draw(st.sets(st.integers(0, 6), max_size=4))),
        holidays=draw(named),
        feed=draw(named),
        rest=tuple(draw(st.lists(ranges, max_size=2))),
        make_up=tuple(draw(st.lists(ranges, max_size=2))),
    )
    open_, closed = draw(segments(1)), draw(segments(0))
    return ServiceTime(workday=open_, non_workday=closed, zone=ZoneInfo(zone), calendar=calendar)


@st.composite
def places(draw: st.DrawFn) -> tuple[ServiceTime, datetime]:
    """A service time and a minute at which to look, every second time where the clock is turned."""
    zone, around = draw(
        st.sampled_from(TURNS)
        | st.tuples(st.sampled_from(ZONES), st.datetimes(EARLIEST, LATEST, timezones=st.just(UTC)))
    )
    at = around.replace(second=0, microsecond=0) + timedelta(minutes=draw(st.integers(-1440, 1440)))
    return draw(services(zone, around.date())), at


@settings(max_examples=60)
@given(places(), st.integers(0, 4400))
def test_it_agrees_with_a_model_that_looks_at_every_minute(place: tuple[ServiceTime, datetime], wanted: int) -> None:
    service, at = place
    model, end = Minutes(service, at, SPAN), at + SPAN * MINUTE
    assert service.is_open(at) is model.open[0]
    assert service.work_time_between(at, end) == model.work_time()
    for found, expected in (
        (service.next_opening(at), model.first(open_=True)),
        (service.next_closing(at), model.first(open_=False)),
        (service.add_work_time(at, wanted * MINUTE), model.after(wanted)),
    ):
        # what the model does not find in its span comes later or never
        assert found == expected if expected else found is None or found >= end


@given(places(), st.lists(st.integers(-3000, 3000), min_size=3, max_size=3))
def test_work_time_adds_up(place: tuple[ServiceTime, datetime], offsets: list[int]) -> None:
    service, at = place
    a, b, c = (at + timedelta(minutes=offset, seconds=offset % 60) for offset in offsets)
    between = service.work_time_between
    assert between(a, b) + between(b, c) == between(a, c)
    assert between(a, a) == timedelta()


@given(places(), st.timedeltas(timedelta(), timedelta(days=9)))
def test_adding_and_measuring_are_each_others_inverse(place: tuple[ServiceTime, datetime], work: timedelta) -> None:
    service, at = place
    after = service.add_work_time(at, work)
    if after is None:
        assert service.work_time_between(at, at + timedelta(days=HORIZON_DAYS - 1)) < work
        return
    assert service.work_time_between(at, after) == work
    assert service.add_work_time(at, service.work_time_between(at, after)) == after, "it is the first such instant"


@given(places(), st.timedeltas(timedelta(), timedelta(days=9)), st.timedeltas(timedelta(), timedelta(days=9)))
def test_later_is_never_sooner(place: tuple[ServiceTime, datetime], work: timedelta, wait: timedelta) -> None:
    service, at = place
    first, more = service.add_work_time(at, work), service.add_work_time(at, work + wait)
    later = service.add_work_time(at + wait, work)
    assert first is not None or more is None
    assert first is None or ((more is None or first <= more) and (later is None or first <= later))
    opening, closing = service.next_opening(at), service.next_closing(at)
    assert at in {opening, closing}
    assert opening is None or (at <= opening and service.is_open(opening))
    assert closing is None or (at <= closing and not service.is_open(closing))


@given(places())
@example((ServiceTime(workday=((0, 1440),), zone=UTC, calendar=Calendar()), datetime(2026, 1, 1, tzinfo=UTC)))
def test_every_answer_is_in_utc_whatever_the_zone_of_the_question(place: tuple[ServiceTime, datetime]) -> None:
    service, at = place
    elsewhere = at.astimezone(ZoneInfo("Asia/Kathmandu"))
    for ask in (service.next_opening, service.next_closing, lambda t: service.add_work_time(t, timedelta(hours=1))):
        answer = ask(elsewhere)
        assert answer == ask(at)
        assert answer is None or answer.tzinfo is UTC
