"""TLS and sign-in: nothing secret goes out before the encryption that was asked for is up and believed."""

from __future__ import annotations

import ssl
from base64 import b64encode

import pytest
import trustme

from postroom.errors import ConfigurationError, PermanentError, TemporaryError
from postroom.gateways.smtp import Auth, Security, SmtpOptions
from postroom.ports.gateways import GatewayError, GatewayStatus
from tests.gateways.test_smtp.world import CUSTOMER, IMPATIENT, PASSWORD, codes, gateway, plain_options, send
from tests.support.given_tokens import GivenTokens
from tests.support.smtp_script import USUAL_EXTENSIONS, Answer, ScriptedServer, Stage, Then, Turn

WITH_STARTTLS = (*USUAL_EXTENSIONS, b"STARTTLS")
USER = "desk@example.com"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context


@pytest.fixture(scope="module")
def client_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def options(port: int, security: Security, tls: ssl.SSLContext | None, **more: object) -> SmtpOptions:
    chosen: dict[str, object] = {"auth": Auth.PASSWORD, "user": USER, "password": PASSWORD, "deadlines": IMPATIENT}
    return plain_options(port, security=security, tls=tls, **{**chosen, **more})


async def why_not(chosen: SmtpOptions) -> GatewayError:
    async with gateway(chosen) as relay:
        with pytest.raises(GatewayError) as caught:
            await relay.probe()
    return caught.value


async def test_implicit_tls_carries_a_mail_with_a_sign_in(
    server_context: ssl.SSLContext, client_context: ssl.SSLContext
) -> None:
    async with ScriptedServer(tls=server_context, implicit_tls=True) as server:
        outcome = await send(options(server.port, Security.TLS, client_context))
    assert codes(outcome) == {CUSTOMER: 250}
    assert PASSWORD.encode() in server.secrets_seen


async def test_starttls_introduces_itself_again_before_it_signs_in(
    server_context: ssl.SSLContext, client_context: ssl.SSLContext
) -> None:
    async with ScriptedServer(tls=server_context, extensions=WITH_STARTTLS) as server:
        outcome = await send(options(server.port, Security.STARTTLS, client_context))
    assert codes(outcome) == {CUSTOMER: 250}
    assert server.verbs()[:4] == ["EHLO", "STARTTLS", "EHLO", "AUTH"]
    assert len(server.mails) == 1


async def test_a_server_that_does_not_offer_starttls_gets_no_secret_and_no_mail(client_context: ssl.SSLContext) -> None:
    async with ScriptedServer() as server:
        error = await why_not(options(server.port, Security.STARTTLS, client_context))
        outcome = await send(options(server.port, Security.STARTTLS, client_context))
    assert error.status is GatewayStatus.CONNECTION_FAILED
    assert "does not offer STARTTLS" in error.words
    assert outcome.gateway_fault is GatewayStatus.CONNECTION_FAILED
    assert set(server.verbs()) == {"EHLO"}
    assert PASSWORD.encode() not in server.secrets_seen


async def test_a_server_that_refuses_starttls_gets_no_secret(client_context: ssl.SSLContext) -> None:
    def script(turn: Turn) -> Answer | None:
        return Answer(b"454 not now\r\n") if turn.stage is Stage.STARTTLS else None

    async with ScriptedServer(script, extensions=WITH_STARTTLS) as server:
        error = await why_not(options(server.port, Security.STARTTLS, client_context))
    assert error.status is GatewayStatus.THROTTLED
    assert server.verbs() == ["EHLO", "STARTTLS"]


@pytest.mark.parametrize("lines", [1, 2, 3, 4, 5])
async def test_lines_injected_before_the_handshake_end_the_connection(
    lines: int, server_context: ssl.SSLContext, client_context: ssl.SSLContext
) -> None:
    injected = b"".join(b"250-AUTH PLAIN\r\n" for _ in range(lines - 1)) + b"250 injected\r\n"

    def script(turn: Turn) -> Answer | None:
        return Answer(b"220 go ahead\r\n" + injected) if turn.stage is Stage.STARTTLS else None

    async with ScriptedServer(script, tls=server_context, extensions=WITH_STARTTLS) as server:
        error = await why_not(options(server.port, Security.STARTTLS, client_context))
    assert "more than one reply to STARTTLS" in error.words
    assert server.verbs() == ["EHLO", "STARTTLS"]
    assert PASSWORD.encode() not in server.secrets_seen


@pytest.mark.parametrize("then", [Then.HANG, Then.CLOSE])
async def test_a_handshake_that_never_ends_is_given_up(then: Then, client_context: ssl.SSLContext) -> None:
    def script(turn: Turn) -> Answer | None:
        return Answer(b"220 go ahead\r\n", then) if turn.stage is Stage.STARTTLS else None

    async with ScriptedServer(script, extensions=WITH_STARTTLS) as server:
        error = await why_not(options(server.port, Security.STARTTLS, client_context))
    assert error.status is GatewayStatus.CONNECTION_FAILED
    assert "STARTTLS" in error.words
    assert server.verbs() == ["EHLO", "STARTTLS"]


async def test_a_certificate_of_an_unknown_authority_is_refused_in_words(server_context: ssl.SSLContext) -> None:
    for security, implicit in ((Security.TLS, True), (Security.STARTTLS, False)):
        async with ScriptedServer(tls=server_context, implicit_tls=implicit, extensions=WITH_STARTTLS) as server:
            error = await why_not(options(server.port, security, None))
        assert "certificate of 127.0.0.1" in error.words
        assert PASSWORD.encode() not in server.secrets_seen


async def test_a_certificate_for_another_host_is_refused(authority: trustme.CA, client_context: ssl.SSLContext) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("mail.example.net").configure_cert(context)
    async with ScriptedServer(tls=context, implicit_tls=True) as server:
        error = await why_not(options(server.port, Security.TLS, client_context))
    assert "is not for the address 127.0.0.1" in error.words


async def test_tls_to_a_port_that_speaks_plain_smtp_says_what_to_check(client_context: ssl.SSLContext) -> None:
    async with ScriptedServer() as server:
        error = await why_not(options(server.port, Security.TLS, client_context))
    assert "check the port, or set security to starttls" in error.words


async def test_a_wrong_password_is_said_once_and_the_gateway_is_at_fault() -> None:
    def script(turn: Turn) -> Answer | None:
        return Answer(b"535 5.7.8 wrong\r\n") if turn.stage is Stage.AUTH else None

    async with ScriptedServer(script) as server:
        error = await why_not(options(server.port, Security.NONE, None))
    assert error.status is GatewayStatus.AUTH_FAILED
    assert "check user, password" in error.words
    assert server.verbs().count("AUTH") == 1
    assert PASSWORD not in error.words


async def test_login_is_used_where_plain_is_not_offered() -> None:
    def script(turn: Turn) -> Answer | None:
        return Answer(b"334 VXNlcm5hbWU6\r\n") if turn.line == b"AUTH LOGIN" else None

    async with ScriptedServer(script, extensions=(b"AUTH LOGIN",)) as server:
        error = await why_not(options(server.port, Security.NONE, None))
        # The script answers the user name with 250, as it does to any word it does not know: a refusal must follow.
        assert server.lines[1:3] == [b"AUTH LOGIN", b"ZGVza0BleGFtcGxlLmNvbQ=="]
    assert error.status is GatewayStatus.AUTH_FAILED


async def test_login_gives_name_and_password_one_after_the_other() -> None:
    def script(turn: Turn) -> Answer | None:
        if turn.stage is Stage.AUTH:
            server.challenges = [b"334 UGFzc3dvcmQ6\r\n", b"235 welcome\r\n"]
            return Answer(b"334 VXNlcm5hbWU6\r\n")
        return None

    async with ScriptedServer(script, extensions=(b"AUTH LOGIN",)) as server:
        assert codes(await send(options(server.port, Security.NONE, None))) == {CUSTOMER: 250}
    assert server.verbs()[1:4] == ["AUTH", "ZGVZA0BLEGFTCGXLLMNVBQ==", "CGE1NS1JYW5HCNK="]
    assert f"{USER} {PASSWORD}".encode() in server.secrets_seen


async def test_a_refused_token_is_acknowledged_and_its_code_read() -> None:
    def script(turn: Turn) -> Answer | None:
        if turn.stage is Stage.AUTH:
            server.challenges = [b"535 5.7.8 expired\r\n"]
            return Answer(b"334 eyJzdGF0dXMiOiI0MDEifQ==\r\n")
        return None

    async with ScriptedServer(script) as server:
        error = await why_not(
            options(server.port, Security.NONE, None, auth=Auth.XOAUTH2, token=GivenTokens("stale"), password="")
        )
    assert error.status is GatewayStatus.AUTH_FAILED
    assert "expired" in error.words


async def test_a_server_without_a_known_sign_in_says_so() -> None:
    async with ScriptedServer(extensions=(b"AUTH GSSAPI",)) as server:
        error = await why_not(options(server.port, Security.NONE, None))
    assert error.status is GatewayStatus.AUTH_FAILED
    assert "GSSAPI" in error.words
    assert server.verbs() == ["EHLO"]


async def test_xoauth2_sends_the_token_in_its_frame() -> None:
    more = {"auth": Auth.XOAUTH2, "token": GivenTokens("token-canary"), "password": ""}
    async with ScriptedServer() as server:
        assert codes(await send(options(server.port, Security.NONE, None, **more))) == {CUSTOMER: 250}
    assert f"user={USER}\x01auth=Bearer token-canary\x01\x01".encode() in server.secrets_seen


@pytest.mark.parametrize(
    ("why", "status"),
    [
        (TemporaryError("the token endpoint is away"), GatewayStatus.CONNECTION_FAILED),
        (PermanentError("the consent was withdrawn"), GatewayStatus.AUTH_FAILED),
    ],
)
async def test_without_a_token_nothing_is_tried_and_the_reason_is_said(why: Exception, status: GatewayStatus) -> None:
    more = {"auth": Auth.XOAUTH2, "token": GivenTokens(why), "password": ""}
    async with ScriptedServer() as server:
        error = await why_not(options(server.port, Security.NONE, None, **more))
    assert error.status is status
    assert str(why) in error.words
    assert server.verbs() == ["EHLO"]


async def test_a_token_that_grew_old_is_replaced_on_a_new_connection_and_once() -> None:
    tokens = GivenTokens("old", "new")
    old = b64encode(b"user=%b\x01auth=Bearer old\x01\x01" % USER.encode())

    def refuses_old(turn: Turn) -> Answer | None:
        return Answer(b"535 5.7.8 expired\r\n") if old in turn.line else None

    async with ScriptedServer(refuses_old) as server:
        more = {"auth": Auth.XOAUTH2, "token": tokens, "password": ""}
        assert codes(await send(options(server.port, Security.NONE, None, **more))) == {CUSTOMER: 250}
    assert server.verbs().count("AUTH") == server.connections == 2


async def test_a_fresh_token_that_is_refused_fails_the_sign_in() -> None:
    def script(turn: Turn) -> Answer | None:
        return Answer(b"535 5.7.8 no\r\n") if turn.stage is Stage.AUTH else None

    async with ScriptedServer(script) as server:
        more = {"auth": Auth.XOAUTH2, "token": GivenTokens("old", "new"), "password": ""}
        error = await why_not(options(server.port, Security.NONE, None, **more))
    assert error.status is GatewayStatus.AUTH_FAILED
    assert server.verbs().count("AUTH") == 2


def test_a_password_is_not_in_the_printed_options() -> None:
    assert PASSWORD not in repr(options(25, Security.TLS, None))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"allow_plaintext": False}, "allow_plaintext: true"),
        ({"host": "mail.example.com\r\nQUIT"}, "host must be"),
        ({"host": ""}, "host must be"),
        ({"port": 70_000}, "port must be"),
        ({"ehlo_name": "me\r\nMAIL FROM:<x@y>"}, "ehlo_name"),
        ({"ehlo_name": "two words"}, "ehlo_name"),
        ({"auth": Auth.PASSWORD, "user": "u"}, "password is missing"),
        ({"auth": Auth.PASSWORD, "password": "p"}, "user is missing"),
        ({"auth": Auth.XOAUTH2, "user": "u"}, "oauth2"),
        ({"pool": 0}, "pool"),
    ],
)
def test_options_that_cannot_work_are_refused_in_words(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        plain_options(25, **wrong) if "port" not in wrong else plain_options(**wrong)  # type: ignore[arg-type] # as above
