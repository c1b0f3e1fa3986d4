"""What becomes of a reply at each stage of a session and each way a server can fail there (PROMISES, P16)."""

from __future__ import annotations

from pathlib import Path

import pytest

from postroom.gateways.smtp import Auth, SmtpGateway
from postroom.ports.records import ReplyState
from tests.engine.outgoing import open_office
from tests.gateways.test_smtp.test_matrix import STAGES, Fault, scripted
from tests.gateways.test_smtp.world import IMPATIENT, PASSWORD, WallClock, nowhere, plain_options
from tests.support.smtp_script import Answer, ScriptedServer, Stage, Turn

CUSTOMER = "two@example.org"
TABLE = """
          4xx      5xx      421      drop     hang     garbage  multi-line
connect   delayed  delayed  delayed  delayed  delayed  delayed  sent
EHLO      delayed  delayed  delayed  delayed  delayed  delayed  sent
AUTH      delayed  delayed  delayed  delayed  delayed  delayed  sent
MAIL      delayed  failed   delayed  delayed  delayed  delayed  sent
RCPT      delayed  failed   delayed  delayed  delayed  delayed  sent
DATA      delayed  failed   delayed  delayed  delayed  delayed  sent
dot       delayed  failed   delayed  unknown  unknown  unknown  sent
"""
"""Before MAIL the fault is the gateway's, whatever its code says: the mail waits. From MAIL on a 5yz is the mail's end.

After the final dot silence leaves it open whether the mail arrived: an agent's reply is then sent once more.
"""


def cells() -> list[tuple[Stage, Fault, str]]:
    header, *lines = TABLE.strip().splitlines()
    faults = [Fault(word) for word in header.split()]
    rows = zip(STAGES, (line.split()[1:] for line in lines), strict=True)
    return [(stage, fault, word) for stage, words in rows for fault, word in zip(faults, words, strict=True)]


@pytest.mark.parametrize(("stage", "fault", "state"), cells(), ids=str)
async def test_a_reply_ends_as_the_table_says_and_is_sent_once_the_server_is_well(
    stage: Stage, fault: Fault, state: str, tmp_path: Path
) -> None:
    is_ill, script = True, scripted(stage, fault)

    def while_ill(turn: Turn) -> Answer | None:
        return script(turn) if is_ill else None

    async with ScriptedServer(while_ill) as server:
        options = plain_options(server.port, auth=Auth.PASSWORD, user="desk", password=PASSWORD, deadlines=IMPATIENT)
        relay = SmtpGateway(options, clock=WallClock(), failpoint=nowhere)
        async with open_office(tmp_path, relay_to=relay) as office:
            reply = await office.reply(await office.assigned(), to=(CUSTOMER,))
            await office.deliver()
            assert (await office.stored(reply)).state.value == state
            is_ill = False
            was_tried_again = await office.pending()
            if was_tried_again:
                await office.deliver_next()
            after = (await office.stored(reply)).state
        await relay.close()
    assert was_tried_again == (state in {"delayed", "unknown"})
    assert after is (ReplyState.FAILED if state == "failed" else ReplyState.SENT)
    # The script keeps every mail whose dot it saw, also one that it then refused.
    assert len(server.mails) == int(stage is Stage.DOT and state != "sent") + int(state != "failed")


@pytest.mark.parametrize("refusal", [b"550 5.7.1 null sender\r\n", b"552 5.3.4 too large\r\n", b"450 4.7.1 later\r\n"])
async def test_only_a_refusal_of_the_sender_for_good_says_so(refusal: bytes) -> None:
    def refuses_null(turn: Turn) -> Answer | None:
        return Answer(refusal) if turn.stage is Stage.MAIL and b"<>" in turn.line else None

    async with ScriptedServer(refuses_null) as server:
        relay = SmtpGateway(plain_options(server.port), clock=WallClock(), failpoint=nowhere)

        async def holds() -> bool:
            return True

        outcome = await relay.send("", [CUSTOMER], b"Subject: x\r\n\r\ny\r\n", holds)
        again = await relay.send("bounces@acme.example", [CUSTOMER], b"Subject: x\r\n\r\ny\r\n", holds)
        await relay.close()
    assert outcome.sender_refused == refusal.startswith(b"550")
    assert (again.sender_refused, again.results[0].code, len(server.mails)) == (False, 250, 1)
