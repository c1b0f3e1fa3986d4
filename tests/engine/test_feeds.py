"""Calendar feeds from files and real servers: read, kept, refreshed, and never trusted."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from postroom.engine import feed_source
from postroom.engine.feed_cache import FOLDER, FeedCache
from postroom.engine.feed_source import FeedSource
from postroom.engine.feeds import Feeds
from postroom.engine.world import ThreadOffload
from postroom.observability.metrics import Metrics
from postroom.settings.load import load
from postroom.settings.schema import Generation
from postroom.wiring.in_force import InForce
from tests.settings.making import tenant, write
from tests.support.certificates import Authority
from tests.support.clock import VirtualClock
from tests.support.ics_server import Answer, IcsServer, ics_server

JUNE = "20260615"
BERLIN = ZoneInfo("Europe/Berlin")


def ics(*days: str, more: str = "") -> bytes:
    events = "".join(
        f"BEGIN:VEVENT\r\nUID:{day}\r\nSUMMARY:Closed\r\nDTSTART;VALUE=DATE:{day}\r\n{more}END:VEVENT\r\n"
        for day in days
    )
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n".encode()


class House:
    """Feeds over a configuration that a test may write anew."""

    def __init__(self, folder: Path, offload: ThreadOffload, context: ssl.SSLContext) -> None:
        self.folder = folder
        self.store = folder / "var"
        self.store.mkdir(exist_ok=True)
        self.clock = VirtualClock()
        self.metrics = Metrics("1")
        self.number = 0
        self._offload = offload
        self._context = context
        self.generation: Generation
        self.set("bank.ics")
        self.restart()

    def restart(self) -> None:
        source = FeedSource(self._offload, self._context)
        cache = FeedCache(self.store)
        self.feeds = Feeds(lambda: self.generation, source, cache, self.metrics, self.clock, self._offload)
        self.in_force = InForce(self.generation, self.clock)
        self.in_force.follow(self.feeds)

    def set(self, source: str) -> None:
        self.number += 1
        more = f"calendars:\n  - name: bank\n    ical: {source}\n" if source else ""
        calendar = f"    work_time: {{calendar: {'bank' if source else 'default'}}}\n"
        self.generation = load(write(self.folder, tenant(channel=calendar, more=more)), self.number).require()

    def days(self) -> list[str]:
        found = self.feeds.of("acme")
        return [f"{day:%Y%m%d}" for day in found["bank"].days(BERLIN)] if "bank" in found else []

    def is_up(self) -> float | None:
        families = text_string_to_metric_families(self.metrics.render().decode())
        values = (one.value for family in families for one in family.samples if one.name == "postroom_calendar_feed_up")
        return next(values, None)

    async def later(self, **span: float) -> None:
        self.clock.forward(**span)
        await self.feeds.look()


@asynccontextmanager
async def house(folder: Path, context: ssl.SSLContext | None = None) -> AsyncIterator[House]:
    offload = ThreadOffload({})
    try:
        yield House(folder, offload, context or ssl.create_default_context())
    finally:
        offload.close()


@pytest.fixture
def server() -> Iterator[IcsServer]:
    with ics_server() as served:
        yield served


async def test_a_file_is_read_at_the_start_and_again_when_it_changes(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        (tmp_path / "bank.ics").write_bytes(ics(JUNE))
        await here.feeds.prepare()
        assert here.days() == [JUNE]
        version = here.feeds.version
        await here.later(minutes=1)
        assert here.feeds.version == version, "nothing changed"
        (tmp_path / "bank.ics").write_bytes(ics(JUNE, "20260616"))
        await here.later(minutes=1)
        assert here.days() == [JUNE, "20260616"]
        assert here.feeds.version > version


@pytest.mark.parametrize("bad", [b"", b"no calendar", ics(JUNE)[:-20], b"x" * 1_048_577])
async def test_a_file_that_became_bad_or_went_away_leaves_the_last_good_in_force(tmp_path: Path, bad: bytes) -> None:
    async with house(tmp_path) as here:
        (tmp_path / "bank.ics").write_bytes(ics(JUNE))
        await here.feeds.prepare()
        assert here.is_up() == 1.0
        (tmp_path / "bank.ics").write_bytes(bad)
        with capture_logs() as logs:
            await here.later(minutes=1)
        assert (here.days(), here.is_up()) == ([JUNE], 0.0)
        assert [(line["event"], line["calendar"]) for line in logs] == [("calendar_feed_failed", "bank")]
        (tmp_path / "bank.ics").unlink()
        here.restart()
        await here.feeds.prepare()
        assert here.days() == [JUNE], "over a restart too"
        (tmp_path / "bank.ics").write_bytes(ics("20260701"))
        await here.later(minutes=1)
        assert (here.days(), here.is_up()) == (["20260701"], 1.0)


async def test_an_address_is_asked_at_its_times_and_told_what_is_known(tmp_path: Path, server: IcsServer) -> None:
    async with house(tmp_path) as here:
        here.set(f"{{source: {server.url}/x.ics, refresh_every: 2h}}")
        modified = "Mon, 02 Mar 2026 09:00:00 GMT"
        server.answers["/x.ics"] = Answer(ics(JUNE), headers={"ETag": '"one"', "Last-Modified": modified})
        await here.feeds.prepare()
        assert server.asked == [], "the start waits for no server"
        await here.feeds.look()
        assert here.days() == [JUNE]
        await here.later(minutes=119)
        assert len(server.asked) == 1
        server.answers["/x.ics"] = Answer(status=304)
        await here.later(minutes=1)
        asked = server.asked[-1][1]
        assert (asked["If-None-Match"], asked["If-Modified-Since"]) == ('"one"', modified)
        assert (here.days(), here.is_up()) == ([JUNE], 1.0)


async def test_a_server_that_fails_is_asked_again_soon_and_what_it_said_before_holds(
    tmp_path: Path, server: IcsServer
) -> None:
    async with house(tmp_path) as here:
        here.set(f"{server.url}/x.ics")
        server.answers["/x.ics"] = Answer(ics(JUNE))
        await here.feeds.look()
        server.answers["/x.ics"] = Answer(status=500)
        with capture_logs() as logs:
            await here.later(hours=12)
        assert (here.days(), here.is_up()) == ([JUNE], 0.0)
        assert logs[0]["why"] == "its server answers 500"
        here.restart()
        await here.feeds.prepare()
        assert here.days() == [JUNE]
        server.answers["/x.ics"] = Answer(ics("20260701"))
        await here.later(minutes=5)
        assert here.days() == ["20260701"]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer(b"x" * 1_048_577), "it has more than 1,048,576 octets"),
        (Answer(b"<html>"), "it does not begin with BEGIN:VCALENDAR"),
        (Answer(status=401), "its server answers 401"),
        (Answer(status=304), "its server answers 304"),
        (Answer(b"x", headers={"Content-Encoding": "gzip"}), "its server compresses it, though asked not to"),
        (
            Answer(ics(JUNE), headers={"Content-Length": "9999"}),
            "be reached or understood (RemoteProtocolError)",
        ),
        (Answer(status=302, headers={"Location": "/x.ics"}), "its server redirects more than 3 times"),
        (
            Answer(status=302, headers={"Location": "https://example.org/"}),
            "redirects to an address that is not allowed",
        ),
        (Answer(status=302, headers={"Location": "http://192.0.2.1/"}), "redirects to an address that is not allowed"),
        (Answer(status=302, headers={"Location": "file:///etc/passwd"}), "redirects to an address that is not allowed"),
        (
            Answer(status=302, headers={"Location": "http://[::/"}),
            "be reached or understood (RemoteProtocolError)",
        ),
    ],
)
async def test_what_a_server_must_not_answer(tmp_path: Path, server: IcsServer, answer: Answer, why: str) -> None:
    async with house(tmp_path) as here:
        here.set(f"{server.url}/x.ics")
        server.answers["/x.ics"] = answer
        with capture_logs() as logs:
            await here.feeds.look()
        assert why in logs[0]["why"]
        assert server.url not in str(logs), "an address may hold a secret"
        assert here.days() == []


async def test_a_mark_that_could_not_be_sent_back_is_dropped(tmp_path: Path, server: IcsServer) -> None:
    async with house(tmp_path) as here:
        here.set(f"{server.url}/x.ics")
        server.answers["/x.ics"] = Answer(ics(JUNE), headers={"ETag": '"\xff"', "Last-Modified": "x" * 2000})
        await here.feeds.look()
        await here.later(hours=12)
        assert {"If-None-Match", "If-Modified-Since"}.isdisjoint(server.asked[-1][1])
        assert here.is_up() == 1.0


async def test_a_redirect_to_an_address_of_the_same_kind_is_followed(tmp_path: Path, server: IcsServer) -> None:
    async with house(tmp_path) as here:
        here.set(f"{server.url}/x.ics")
        server.answers["/x.ics"] = Answer(status=301, headers={"Location": "/y.ics"})
        server.answers["/y.ics"] = Answer(ics(JUNE))
        await here.feeds.look()
        assert here.days() == [JUNE]


async def test_a_server_that_is_not_there_or_takes_too_long(
    tmp_path: Path, server: IcsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path) as here:
        here.set("http://127.0.0.1:9/x.ics")
        with capture_logs() as logs:
            await here.feeds.look()
        here.set(f"{server.url}/x.ics")
        monkeypatch.setattr(feed_source, "WITHIN", 0.0)
        with capture_logs() as more:
            await here.feeds.look()
        assert logs[0]["why"] == "its server cannot be reached or understood (ConnectError)"
        assert more[0]["why"] == "it took longer than 0 seconds"


async def test_a_server_is_known_by_its_certificate(tmp_path: Path) -> None:
    ours, theirs = Authority(), Authority()
    trusting = ssl.create_default_context(cadata=ours.pem.decode())
    with ics_server(ours.server_context()) as good, ics_server(theirs.server_context()) as bad:
        for served, expected in ((good, [JUNE]), (bad, [])):
            served.answers["/x.ics"] = Answer(ics(JUNE))
            folder = tmp_path / served.url.rpartition(":")[2]
            folder.mkdir()
            async with house(folder, trusting) as here:
                here.set(f"{served.url}/x.ics")
                await here.feeds.look()
                assert here.days() == expected
        good.answers["/x.ics"] = Answer(status=302, headers={"Location": "http://127.0.0.1:1/"})
        async with house(tmp_path / good.url.rpartition(":")[2], trusting) as here:
            here.set(f"{good.url}/x.ics")
            with capture_logs() as logs:
                await here.feeds.look()
            assert logs[-1]["why"] == "its server redirects to an address that is not allowed"
            assert here.days() == [JUNE]


async def test_settings_that_change_are_followed(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        (tmp_path / "bank.ics").write_bytes(ics(JUNE))
        (tmp_path / "other.ics").write_bytes(ics("20260701"))
        await here.feeds.prepare()
        here.set("other.ics")
        await here.feeds.look()
        assert here.days() == ["20260701"]
        here.set("gone.ics")
        await here.feeds.look()
        assert here.days() == [], "what another file said is not this one's"
        here.set("")
        await here.feeds.look()
        assert (here.days(), here.is_up()) == ([], None)


async def test_a_kept_file_that_is_broken_is_as_good_as_none(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        (tmp_path / "bank.ics").write_bytes(ics(JUNE))
        await here.feeds.prepare()
        (kept,) = (here.store / FOLDER).iterdir()
        assert kept.stat().st_mode & 0o777 == 0o600
        for broken in (b"", b"{}", b"\xff"):
            kept.write_bytes(broken)
            assert FeedCache(here.store).load("acme", "bank", "bank.ics") is None


async def test_what_cannot_be_kept_holds_all_the_same_and_is_told(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        (here.store / FOLDER).write_text("no folder")
        (tmp_path / "bank.ics").write_bytes(ics(JUNE))
        await here.feeds.prepare()
        assert (here.days(), here.is_up()) == ([JUNE], 0.0)


async def test_a_new_year_moves_the_span_of_an_event_that_comes_again(tmp_path: Path, server: IcsServer) -> None:
    async with house(tmp_path) as here:
        here.set(f"{{source: {server.url}/x.ics, refresh_every: 30d}}")
        here.clock.forward(days=300)
        server.answers["/x.ics"] = Answer(ics(JUNE, more="RRULE:FREQ=YEARLY\r\n"))
        await here.feeds.look()
        assert here.days()[-1] == "20370615"
        await here.later(days=10)
        assert here.days()[-1] == "20380615"
        assert len(server.asked) == 1


async def test_a_new_year_moves_the_span_of_a_file_that_never_changes(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        (tmp_path / "bank.ics").write_bytes(ics(JUNE, more="RRULE:FREQ=YEARLY\r\n"))
        await here.feeds.prepare()
        await here.later(days=366)
        assert here.days()[-1] == "20380615"


async def test_a_change_of_settings_or_feeds_compiles_service_times_anew(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        (tmp_path / "bank.ics").write_bytes(ics(JUNE))
        await here.feeds.prepare()
        monday = date(2026, 6, 15)
        first = here.in_force.policy("acme", "support").hours
        assert first is here.in_force.policy("acme", "support").hours
        assert str(first.day_kind(monday)) == "rest day (Closed)"
        (tmp_path / "bank.ics").write_bytes(ics("20260616"))
        await here.later(minutes=1)
        second = here.in_force.policy("acme", "support").hours
        assert [str(second.day_kind(monday + timedelta(days=n))) for n in (0, 1)] == ["workday", "rest day (Closed)"]
        here.set("")
        here.in_force.swap(here.generation)
        third = here.in_force.policy("acme", "support").hours
        assert str(third.day_kind(date(2026, 6, 16))) == "workday"
