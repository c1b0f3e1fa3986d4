"""Access tokens from a real endpoint: fetched once, used while good, renewed when refused; no refresh token is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from postroom.errors import PermanentError, TemporaryError
from postroom.gateways.oauth2 import AccessTokens, TokenRefused, with_fresh_token
from postroom.gateways.oauth2_grant import Grant
from postroom.gateways.oauth2_request import GrantType, OAuth2Options
from postroom.gateways.tls import TlsOptions, Trust
from postroom.ports.gateways import GatewayError, GatewayStatus
from postroom.store.kept import FOLDER, FileKeeper
from tests.support.certificates import Authority
from tests.support.clock import VirtualClock
from tests.support.inline import InlineOffload
from tests.support.token_server import Raw, Said, TokenServer, token

SECRET, FIRST = "client-secret-canary", "refresh-token-canary"


def client(server: TokenServer, **more: object) -> OAuth2Options:
    options = OAuth2Options(token_endpoint=server.url, client_id="desk", client_secret=SECRET, scope="mail", seconds=2)
    return replace(options, **more)  # type: ignore[arg-type] # fields by name


class World:
    """One process's tokens over a folder; another over the same folder is what a restart finds."""

    def __init__(self, folder: Path, options: OAuth2Options) -> None:
        self.clock = VirtualClock()
        self.keeper = FileKeeper(folder, InlineOffload())
        self.grant = Grant(options, self.keeper)
        self.tokens = AccessTokens(options, self.grant, self.clock)

    async def refresh(self) -> str:
        self.clock.forward(hours=3)
        return await self.tokens.get()


@asynccontextmanager
async def refreshing(folder: Path, server: TokenServer) -> AsyncIterator[World]:
    async with server.serving():
        yield World(folder, client(server, grant=GrantType.REFRESH_TOKEN, refresh_token=FIRST))


async def test_a_client_shows_its_secret_in_a_form_and_gets_a_token(tmp_path: Path) -> None:
    async with TokenServer().serving() as server:
        assert await World(tmp_path, client(server)).tokens.get() == "at-1"
    assert server.forms == [
        {"grant_type": "client_credentials", "client_id": "desk", "client_secret": SECRET, "scope": "mail"}
    ]
    assert server.heads[0].startswith("POST /tenant/token HTTP/1.1\r\n")
    assert SECRET not in server.heads[0]
    assert not (tmp_path / FOLDER).exists()


async def test_a_token_is_used_until_shortly_before_its_end(tmp_path: Path) -> None:
    async with TokenServer().serving() as server:
        world = World(tmp_path, client(server))
        assert [await world.tokens.get() for _ in range(3)] == ["at-1"] * 3
        world.clock.forward(seconds=3_539)
        assert await world.tokens.get() == "at-1"
        world.clock.forward(seconds=1)
        assert await world.tokens.get() == "at-2"
    assert len(server.forms) == 2


@pytest.mark.parametrize(("lasts", "used_for"), [(10, 5), ("60", 30), (None, 540), (-5, 0), (1e300, 86_340)])
async def test_how_long_a_token_is_used(tmp_path: Path, lasts: object, used_for: float) -> None:
    async with TokenServer([token(1, expires_in=lasts)]).serving() as server:
        world = World(tmp_path, client(server))
        await world.tokens.get()
        assert world.tokens._good_until == used_for


async def test_many_who_ask_at_once_share_one_request(tmp_path: Path) -> None:
    async with TokenServer(pause=0.05).serving() as server:
        world = World(tmp_path, client(server))
        assert await asyncio.gather(*(world.tokens.get() for _ in range(20))) == ["at-1"] * 20
    assert len(server.forms) == 1


async def test_a_replaced_refresh_token_is_shown_the_next_time_and_after_a_restart(tmp_path: Path) -> None:
    server = TokenServer([token(number, refresh_token=f"rt-{number}") for number in (1, 2, 3)])
    async with refreshing(tmp_path, server) as world:
        await world.tokens.get()
        assert await world.refresh() == "at-2"
        again = World(tmp_path, client(server, grant=GrantType.REFRESH_TOKEN, refresh_token=FIRST))
        await again.tokens.get()
    assert [form["refresh_token"] for form in server.forms] == [FIRST, "rt-1", "rt-2"]
    (file,) = (tmp_path / FOLDER).iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert FIRST not in file.name


async def test_a_refresh_token_that_is_not_replaced_goes_on(tmp_path: Path) -> None:
    async with refreshing(tmp_path, TokenServer()) as world:
        await world.tokens.get()
        await world.refresh()
        assert not (tmp_path / FOLDER).exists()
    assert world.tokens._token == "at-2"


async def test_a_new_refresh_token_in_the_settings_makes_an_end_of_the_kept_one(tmp_path: Path) -> None:
    server = TokenServer([token(1, refresh_token="rt-1")])
    async with refreshing(tmp_path, server) as world:
        await world.tokens.get()
        options = client(server, grant=GrantType.REFRESH_TOKEN, refresh_token="consented-anew")
        await World(tmp_path, options).tokens.get()
    assert [form["refresh_token"] for form in server.forms] == [FIRST, "consented-anew"]


async def test_the_refresh_token_is_on_disk_before_the_access_token_is_used(tmp_path: Path) -> None:
    seen: list[bytes | None] = []
    server = TokenServer([token(1, refresh_token="rt-1")])
    async with refreshing(tmp_path, server) as world:
        keep = world.keeper.keep

        async def keeping(name: str, content: bytes) -> None:
            seen.append(await world.keeper.read(name))
            assert world.tokens._token == ""
            await keep(name, content)

        world.keeper.keep = keeping  # type: ignore[method-assign] # watched
        assert await world.tokens.get() == "at-1"
    assert seen == [None]


async def test_a_caller_that_gives_up_does_not_lose_the_refresh_token(tmp_path: Path) -> None:
    server = TokenServer([token(1, refresh_token="rt-1")], pause=0.1)
    async with refreshing(tmp_path, server) as world:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await world.tokens.get()
        assert await world.tokens.get() == "at-1"
        again = World(tmp_path, client(server, grant=GrantType.REFRESH_TOKEN, refresh_token=FIRST))
        assert (await again.grant.form())["refresh_token"] == "rt-1"
    assert len(server.forms) == 1


async def test_a_refresh_token_that_the_disk_did_not_take_is_kept_at_the_next_chance(tmp_path: Path) -> None:
    server = TokenServer([token(1, refresh_token="rt-1"), token(2)])
    async with refreshing(tmp_path, server) as world:
        keep = world.keeper.keep

        async def full(name: str, content: bytes) -> None:
            raise TemporaryError("the disk is full")

        world.keeper.keep = full  # type: ignore[method-assign] # for once
        with pytest.raises(TemporaryError, match="the disk is full"):
            await world.tokens.get()
        world.keeper.keep = keep  # type: ignore[method-assign] # as it was
        assert await world.tokens.get() == "at-2"
        again = World(tmp_path, client(server, grant=GrantType.REFRESH_TOKEN, refresh_token=FIRST))
        assert (await again.grant.form())["refresh_token"] == "rt-1"
    assert [form["refresh_token"] for form in server.forms] == [FIRST, "rt-1"]


async def test_a_kept_file_that_is_damaged_is_as_good_as_none(tmp_path: Path) -> None:
    async with refreshing(tmp_path, TokenServer()) as world:
        await world.keeper.keep(world.grant._name, b"{half")
        assert (await world.grant.form())["refresh_token"] == FIRST


async def test_when_a_grant_runs_out_is_known_from_its_server_or_the_settings(tmp_path: Path) -> None:
    server = TokenServer([token(1, refresh_token="rt-1", refresh_token_expires_in=3600)])
    async with refreshing(tmp_path, server) as world:
        assert await world.tokens.expires_at() is None
        await world.tokens.get()
        assert await world.tokens.expires_at() == world.clock.now() + timedelta(hours=1)
        soon = world.clock.now() + timedelta(minutes=1)
        options = client(server, grant=GrantType.REFRESH_TOKEN, refresh_token=FIRST, expires_at=soon)
        assert await World(tmp_path, options).tokens.expires_at() == soon


FINAL, PASSING = PermanentError, TemporaryError
BAD: dict[str, tuple[Said, type[Exception], str]] = {
    "a wrong secret": ((401, {"error": "invalid_client"}), FINAL, r"answered 401 \(invalid_client\): check client_id"),
    "an old refresh token": ((400, {"error": "invalid_grant", "error_description": "expired"}), FINAL, "expired"),
    "its own secrets back": ((400, {"error": "bad", "error_description": f"no {SECRET}"}), FINAL, r"no \[hidden\]"),
    "control characters": ((400, {"error": "a\r\n\x1b[31m"}), FINAL, r"answered 400 \(a   \[31m\)"),
    "not found": ((404, {}), FINAL, "answered 404"),
    "a redirect": (Raw(b"HTTP/1.1 302 X\r\nLocation: https://evil.example/\r\n\r\n"), FINAL, "sends us elsewhere"),
    "too many requests": ((429, {}), PASSING, "answered 429"),
    "slow down": ((400, {"error": "slow_down"}), PASSING, "slow_down"),
    "its own trouble": ((503, {}), PASSING, "answered 503"),
    "a web page": (Raw(b"HTTP/1.1 200 X\r\n\r\n<html>"), PASSING, "not what RFC 6749 calls a token"),
    "a list": (Raw(b"HTTP/1.1 200 X\r\n\r\n[]"), PASSING, "not what RFC 6749"),
    "deep JSON": (Raw(b"HTTP/1.1 200 X\r\n\r\n" + b"[" * 60_000), PASSING, "not what RFC 6749"),
    "no token": ((200, {"expires_in": 5}), PASSING, "not what RFC 6749"),
    "an empty token": ((200, {"access_token": ""}), PASSING, "no mail server can be shown"),
    "a token with a line end": ((200, {"access_token": "a\r\nQUIT"}), PASSING, "no mail server can be shown"),
    "a long token": ((200, {"access_token": "a" * 20_000}), PASSING, "no mail server can be shown"),
    "another kind of token": ((200, {"access_token": "a", "token_type": "mac"}), FINAL, "of another kind"),
    "no end": (Raw(b"HTTP/1.1 200 X\r\n\r\n" + b"x" * 70_000), PASSING, "more than 65,536 octets"),
    "a head without end": (Raw(b"HTTP/1.1 200 X\r\n" + b"A: b\r\n" * 50_000), PASSING, "cannot be reached"),
    "silence": (Raw(b"", hangs=True), PASSING, "did not answer in 2 s"),
    "half an answer": (Raw(b"HTTP/1.1 200 X\r\nContent-Length: 99\r\n\r\n{"), PASSING, "cannot be reached"),
    "nothing": (Raw(b""), PASSING, "cannot be reached"),
    "no HTTP": (Raw(b"* OK IMAP4rev1\r\n"), PASSING, "cannot be reached"),
}


@pytest.mark.parametrize("case", BAD)
async def test_a_bad_answer_is_said_in_words_and_never_shows_a_secret(tmp_path: Path, case: str) -> None:
    answer, kind, words = BAD[case]
    async with TokenServer([answer]).serving() as server:
        world = World(tmp_path, client(server))
        with pytest.raises(kind, match=words) as caught:
            await world.tokens.get()
    assert SECRET not in str(caught.value)
    assert len(server.forms) == 1


async def test_an_endpoint_is_judged_by_its_certificate(tmp_path: Path, authority: Authority) -> None:
    async with TokenServer(context=authority.server_context()).serving() as server:
        known = TlsOptions(trust=Trust.ONLY, certificates=(authority.der,))
        assert await World(tmp_path, client(server, tls=known)).tokens.get() == "at-1"
        with pytest.raises(TemporaryError, match="give that authority's certificate to trust"):
            await World(tmp_path, client(server)).tokens.get()
    assert len(server.forms) == 1


async def test_nobody_at_the_endpoint_is_a_passing_trouble(tmp_path: Path) -> None:
    async with TokenServer().serving() as server:
        pass
    with pytest.raises(TemporaryError, match="localhost cannot be reached"):
        await World(tmp_path, client(server)).tokens.get()


class Relay:
    """A mail server that takes some tokens and not others."""

    def __init__(self, tokens: AccessTokens, *taken: str) -> None:
        self._tokens = tokens
        self.taken = set(taken)
        self.shown: list[str] = []

    async def sign_in(self) -> str:
        shown = await self._tokens.get()
        self.shown.append(shown)
        if shown in self.taken:
            return shown
        raise TokenRefused(GatewayError(GatewayStatus.AUTH_FAILED, "no"), shown)


async def test_a_token_refused_for_its_age_is_replaced_once(tmp_path: Path) -> None:
    async with TokenServer().serving() as server:
        tokens = World(tmp_path, client(server)).tokens
        relay = Relay(tokens, "at-1", "at-2")
        assert await with_fresh_token(tokens, relay.sign_in) == "at-1"
        relay.taken.discard("at-1")
        assert await with_fresh_token(tokens, relay.sign_in) == "at-2"
    assert relay.shown == ["at-1", "at-1", "at-2"]


async def test_a_fresh_token_that_is_refused_is_the_end(tmp_path: Path) -> None:
    async with TokenServer().serving() as server:
        tokens = World(tmp_path, client(server)).tokens
        relay = Relay(tokens, "at-1")
        await with_fresh_token(tokens, relay.sign_in)
        relay.taken.clear()
        for _ in range(2):
            with pytest.raises(GatewayError) as caught:
                await with_fresh_token(tokens, relay.sign_in)
            assert caught.value.status is GatewayStatus.AUTH_FAILED
    assert relay.shown == ["at-1", "at-1", "at-2", "at-2", "at-3"]
