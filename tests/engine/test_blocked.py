"""Who is on the blocklist is not served, and not written to."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from postroom.ports.desk import Refused
from postroom.routing.blocklist import Blocklist
from postroom.routing.outcome import Outcome
from tests.engine.outgoing import open_office
from tests.engine.room import RULES, mail, open_room, sending_rules, trace_of


async def test_mail_of_who_is_on_the_blocklist_is_filed_and_serves_nobody(tmp_path: Path) -> None:
    listed = replace(RULES, blocklist=Blocklist.of((), ("example.com",), ()))
    async with open_room(tmp_path) as room:
        stored = await room.only(mail(), listed)
        assert (stored.outcome, stored.conversation) == (Outcome.BLOCKED, None)
        assert trace_of(stored)["outcome"] == "blocked | its sender is on the blocklist, by 'example.com'"
        assert room.counted == [Outcome.BLOCKED]


async def test_nobody_writes_to_who_is_on_the_blocklist_in_whatever_field(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        listed = Blocklist.of((), ("evil.example",), ())
        office.desk._rules = lambda *of: replace(sending_rules(*of), blocklist=listed)
        request = office.request(await office.assigned())
        for field in ("to", "cc", "bcc"):
            others = {} if field == "to" else {"to": ("carla@example.com",)}
            with pytest.raises(Refused) as caught:
                await office.submit(replace(request, **others, **{field: ("m@mail.evil.example",)}))
            assert caught.value.problems == (
                f"{field.capitalize()}: 'm@mail.evil.example' is on the blocklist, by 'evil.example'",
            )
