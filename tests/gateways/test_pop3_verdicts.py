"""What a refusal means: a busy mailbox is never called a wrong password, nor a wrong password a busy mailbox."""

from __future__ import annotations

import pytest

from postroom.gateways.pop3.replies import Reply, parse_reply
from postroom.gateways.pop3.verdicts import greeting_refused, redacted, refused, sign_in_refused
from postroom.ports.gateways import GatewayStatus

FAILED, AUTH = GatewayStatus.CONNECTION_FAILED, GatewayStatus.AUTH_FAILED
LOCKED, THROTTLED = GatewayStatus.LOCKED, GatewayStatus.THROTTLED


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"-ERR [IN-USE] wrong password", LOCKED),
        (b"-ERR [LOGIN-DELAY] wrong password", THROTTLED),
        (b"-ERR [SYS/TEMP] wrong password", FAILED),
        (b"-ERR [SYS/PERM] mailbox is broken", AUTH),
        (b"-ERR [AUTH] Authentication failed.", AUTH),
        (b"-ERR [X-OWN] Authentication failed.", AUTH),
        (b"-ERR Authentication failed.", AUTH),
        (b"-ERR invalid password", AUTH),
        (b"-ERR", AUTH),
        (b"-ERR your account is locked", AUTH),
        (b"-ERR account suspended, mailbox locked", AUTH),
        (b"-ERR password expired for this mailbox, already notified", AUTH),
        (b"-ERR unable to lock maildrop", LOCKED),
        (b"-ERR maildrop already locked", LOCKED),
        (b"-ERR mailbox in use by another process", LOCKED),
        (b"-ERR can't open mailbox, session already active", LOCKED),
        (b"-ERR POP3 session is busy", LOCKED),
        (b"-ERR too many logins for this mailbox", THROTTLED),
        (b"-ERR logins too frequent", THROTTLED),
        (b"-ERR temporary failure", FAILED),
        (b"-ERR server unavailable, try again later", FAILED),
    ],
)
def test_a_refused_sign_in_gets_the_status_its_code_or_else_its_wording_stands_for(
    line: bytes, status: GatewayStatus
) -> None:
    assert sign_in_refused(parse_reply(line), None).status is status


def test_the_delay_a_server_announced_is_when_to_try_again() -> None:
    error = sign_in_refused(Reply(False, "LOGIN-DELAY", "wait"), 90.0)
    assert (error.status, error.retry_after) == (THROTTLED, 90.0)


def test_a_server_that_wants_tls_before_sign_in_is_said_to_want_tls() -> None:
    line = b"-ERR [AUTH] Plaintext authentication disallowed on non-secure (SSL/TLS) connections."
    assert "set security to tls or starttls" in sign_in_refused(parse_reply(line), None).words


@pytest.mark.parametrize("code", ["", "AUTH", "X-OWN"])
def test_a_refusal_before_or_after_sign_in_is_never_a_wrong_password(code: str) -> None:
    reply = Reply(False, code, "access denied")
    assert greeting_refused(reply).status is FAILED
    assert refused("listing the mails", reply).status is FAILED


def test_a_server_that_repeats_our_password_does_not_get_it_into_the_words() -> None:
    reply = redacted(Reply(False, "", "no such command: PASS hunter2"), ("hunter2", ""))
    assert reply.text == "no such command: PASS [hidden]"
