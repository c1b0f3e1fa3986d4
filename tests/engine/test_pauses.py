"""What is held back, for whom, and that a restart changes nothing of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from postroom.engine.pauses import KEPT_AS, Pauses
from postroom.errors import PermanentError
from postroom.ports.pauses import EVERYBODY, Paused
from postroom.settings.schema import Generation
from postroom.store.kept import FOLDER, FileKeeper
from tests.dispatch.house import TurnableClock, generation
from tests.support.inline import InlineOffload

INTAKE, SENDING = Paused.INTAKE, Paused.SENDING


def holding(*tenants: str) -> Generation:
    made = generation()
    spaces = [replace(one, sending="hold" if one.name in tenants else "on") for one in made.tenants]
    return replace(made, tenants=tuple(spaces))


async def opened(folder: Path, *held: str) -> Pauses:
    found = Pauses(FileKeeper(folder, InlineOffload()), TurnableClock(), lambda: holding(*held))
    await found.load()
    return found


async def test_a_pause_holds_its_tenant_and_its_matter_and_nothing_else_also_after_a_restart(tmp_path: Path) -> None:
    await (await opened(tmp_path)).pause(INTAKE, "acme")
    here = await opened(tmp_path)
    held = [(what, tenant) for what in Paused for tenant in ("acme", "globex") if here.is_paused(what, tenant)]
    assert held == [(INTAKE, "acme")]
    await here.resume(INTAKE, "acme")
    assert (await opened(tmp_path)).all() == ()


async def test_a_pause_for_all_holds_every_tenant_and_its_end_lets_all_go(tmp_path: Path) -> None:
    here = await opened(tmp_path)
    told: list[tuple[Paused, str]] = []

    async def tell(what: Paused, tenant: str) -> None:
        told.append((what, tenant))

    here.tell(tell)
    await here.pause(SENDING, "acme")
    await here.pause(SENDING, EVERYBODY)
    assert here.held() == (EVERYBODY,)
    assert here.is_paused(SENDING, "globex")
    with pytest.raises(PermanentError):
        await here.resume(SENDING, "acme")
    assert told == []
    await here.resume(SENDING, EVERYBODY)
    assert (here.held(), told) == ((), [(SENDING, EVERYBODY)])
    await here.resume(SENDING, EVERYBODY)
    assert told == [(SENDING, EVERYBODY)]


async def test_what_settings_hold_is_sending_alone_and_no_operator_lets_it_go(tmp_path: Path) -> None:
    here = await opened(tmp_path, "globex")
    await here.pause(SENDING, "acme")
    await here.resume(SENDING, "globex")
    assert here.held() == ("acme", "globex")
    assert [here.is_paused(what, "globex") for what in Paused] == [False, True, False]
    assert [(one.tenant, one.by) for one in here.all()] == [("acme", "operator"), ("globex", "settings")]


async def test_a_pause_keeps_its_beginning(tmp_path: Path) -> None:
    here = await opened(tmp_path)
    await here.pause(INTAKE, "acme")
    (first,) = here.all()
    await here.pause(INTAKE, "acme")
    assert here.all() == (first,) == (await opened(tmp_path)).all()


async def test_what_is_kept_and_unreadable_is_not_taken_for_nothing(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / KEPT_AS).write_text("[1]")
    with pytest.raises(PermanentError, match="pause anew"):
        await opened(tmp_path)
