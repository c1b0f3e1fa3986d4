"""What expires is shown all the time, and warned of in good time, once a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from structlog.testing import capture_logs

from postroom.engine.expiries import Expiry, ExpiryWatch, What
from postroom.observability.metrics import Metrics
from tests.dispatch.house import ACME, NINE, TurnableClock

DAY = timedelta(days=1)


def expiry(what: What, days: int) -> Expiry:
    return Expiry(what=what, tenant=ACME, name=f"{what.value}{days}", at=NINE + days * DAY)


async def test_each_is_shown_and_what_ends_soon_is_warned_of_once_a_day() -> None:
    clock, metrics = TurnableClock(), Metrics("test")

    async def source() -> Sequence[Expiry]:
        return [
            *(expiry(What.CERTIFICATE, days) for days in (-1, 30, 31)),
            *(expiry(What.GRANT, days) for days in (7, 8)),
        ]

    watch = ExpiryWatch([source], metrics, clock)
    with capture_logs() as logs:
        await watch.look()
        await watch.look()
    assert [(entry["event"], entry["name"]) for entry in logs] == [
        ("expired", "certificate-1"),
        ("expires_soon", "certificate30"),
        ("expires_soon", "oauth27"),
    ]
    shown = metrics.render().decode()
    assert 'postroom_certificate_expiry_seconds{certificate="certificate-1",tenant="acme"} -86400.0' in shown
    assert 'postroom_oauth2_expiry_seconds{gateway="oauth28",tenant="acme"} 691200.0' in shown
    clock.passed += DAY.total_seconds()
    with capture_logs() as logs:
        await watch.look()
    assert {entry["name"] for entry in logs} == {
        "certificate-1",
        "certificate30",
        "certificate31",
        "oauth27",
        "oauth28",
    }
