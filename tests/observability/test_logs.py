from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from postroom.errors import ConfigurationError
from postroom.observability.logs import LIBRARIES, LogFormat, configure
from postroom.observability.redact import HIDDEN, Redact

CANARY = "c4n4ry-value"
ADDRESS = "jane.doe@example.org"


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    levels = {name: logging.getLogger(name).level for name in LIBRARIES}
    yield
    root.handlers = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()


def written(level: str = "info", log_format: LogFormat = LogFormat.JSON) -> io.StringIO:
    stream = io.StringIO()
    configure(level, log_format, stream=stream, known_secrets=lambda: (CANARY,))
    return stream


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Redacted:
    def __repr__(self) -> str:
        return "Secret(env:PASSWORD)"


def test_an_entry_is_one_line_of_json_where_nobody_watches() -> None:
    stream = io.StringIO()
    configure(stream=stream)
    structlog.get_logger("intake").info("mail received", gateway="support", octets=12)
    entry = json.loads(stream.getvalue())
    assert entry["event"] == "mail received"
    assert (entry["gateway"], entry["octets"], entry["level"], entry["logger"]) == ("support", 12, "info", "intake")
    assert datetime.fromisoformat(entry["timestamp"]).tzinfo is not None


def test_an_entry_is_a_coloured_line_on_a_terminal() -> None:
    stream = Terminal()
    configure(stream=stream)
    structlog.get_logger("intake").info("mail received", gateway="support")
    assert "mail received" in stream.getvalue()
    assert "\x1b[" in stream.getvalue()
    with pytest.raises(json.JSONDecodeError):
        json.loads(stream.getvalue())


def test_entries_below_the_level_are_not_written() -> None:
    stream = written("warning")
    structlog.get_logger().info("quiet")
    logging.getLogger("postroom").info("quiet too")
    structlog.get_logger().warning("loud")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["loud"]


def test_a_level_nobody_knows_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="'chatty' is not one of debug, info"):
        configure("chatty")


def test_entries_of_libraries_take_the_same_way() -> None:
    stream = written()
    logging.getLogger("some.library").warning("password=%s for %s", CANARY, ADDRESS)
    entry = json.loads(stream.getvalue())
    assert CANARY not in stream.getvalue()
    assert ADDRESS not in stream.getvalue()
    assert entry["logger"] == "some.library"


@pytest.mark.parametrize("library", ["mail.log", "aiosmtplib", "httpx", "uvicorn.error", "asyncio"])
def test_libraries_do_not_say_what_passes_over_the_wire(library: str) -> None:
    stream = written("debug")
    logging.getLogger(library).info("<< RCPT TO:<%s>", ADDRESS)
    assert stream.getvalue() == ""


@pytest.mark.parametrize("log_format", [LogFormat.JSON, LogFormat.CONSOLE])
def test_a_traceback_shows_no_local_variable(log_format: LogFormat) -> None:
    stream = written(log_format=log_format)

    def sign_in(user: str) -> None:
        local_value = "-".join(("local", user[:0] + "canary"))
        raise RuntimeError(f"no answer for {len(user + local_value)}")

    try:
        sign_in(ADDRESS)
    except RuntimeError:
        structlog.get_logger().exception("failed")
    shown = stream.getvalue()
    assert "RuntimeError: no answer" in shown
    assert "sign_in" in shown
    assert "local-canary" not in shown
    assert ADDRESS not in shown


def test_a_secret_in_the_words_of_an_exception_is_hidden() -> None:
    stream = written("debug")
    try:
        raise ValueError(f"cannot sign in with {CANARY}")
    except ValueError:
        structlog.get_logger().exception("failed")
    assert CANARY not in stream.getvalue()
    assert HIDDEN in stream.getvalue()


def cleaned(level: str = "info", **entry: object) -> dict[str, object]:
    return Redact(lambda: (CANARY,))(None, level, {"level": level, **entry})


@pytest.mark.parametrize(
    "key",
    [
        *("password", "smtp_password", "Passwd", "passphrase", "secret", "client_secret", "token", "refresh_token"),
        *("Authorization", "cookie", "api_key", "apikey", "credentials", "private_key"),
    ],
)
def test_a_value_under_a_secret_key_is_hidden_at_every_depth(key: str) -> None:
    for level in ("debug", "info", "error"):
        entry = cleaned(level, settings={"gateways": [{key: "hunter2-canary"}]}, **{key: "hunter2-canary"})
        assert "hunter2-canary" not in repr(entry)


@pytest.mark.parametrize(
    "line",
    [
        "AUTH PLAIN {}",
        "auth login {}",
        "AUTH XOAUTH2 {}",
        "C: AUTHENTICATE PLAIN {}",
        "PASS {}",
        "APOP mrose {}",
        "a1 LOGIN user {}",
        "Authorization: Bearer {}",
        "authorization: basic {}",
        "postgresql://user:{}@db/postroom",
        "password={}",
        "'password': '{}'",
        '"token": "{}"',
        "secret = {}",
    ],
)
def test_a_secret_in_a_line_of_a_protocol_is_hidden(line: str) -> None:
    for level in ("debug", "info"):
        assert "cGFzc3dvcmQ1" not in str(cleaned(level, event=line.format("cGFzc3dvcmQ1"))["event"])


def test_the_known_secrets_are_hidden_wherever_they_stand() -> None:
    entry = cleaned("debug", event=f"x{CANARY}y", words=[{"deep": (CANARY, {CANARY})}])
    assert CANARY not in repr(entry)


def test_a_redacted_value_is_shown_as_it_shows_itself() -> None:
    assert cleaned(gateway_login=Redacted())["gateway_login"] == "Secret(env:PASSWORD)"


def test_addresses_are_shown_at_debug_only() -> None:
    assert cleaned("debug", event=f"from {ADDRESS}")["event"] == f"from {ADDRESS}"
    for level in ("info", "warning", "error"):
        assert cleaned(level, event=f"from <{ADDRESS}>, 2 mails")["event"] == "from <…@example.org>, 2 mails"
        assert ADDRESS not in repr(cleaned(level, recipients=[ADDRESS], seen={ADDRESS: 1}))


def test_a_message_id_is_an_id_and_not_an_address() -> None:
    assert cleaned(message_id="<01hx.1@example.com>")["message_id"] == "<01hx.1@example.com>"


def test_hostile_text_cannot_forge_a_second_entry_or_steer_a_terminal() -> None:
    event = str(cleaned(event="subject\r\n2026-01-01 [error] forged \x1b[2J\u202egnp.exe")["event"])
    assert event.isprintable()
    assert "\n" not in event
    assert "\x1b" not in event


def test_a_value_that_cannot_be_shown_does_not_stop_the_entry() -> None:
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError

    assert cleaned(value=Broken())["value"] == "<Broken>"


def test_very_deep_values_are_cut() -> None:
    deep: list[object] = []
    for _ in range(2000):
        deep = [deep]
    assert "…" in repr(cleaned(value=deep))


SOME_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.datetimes(timezones=st.just(UTC)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(value=SOME_VALUES, key=st.text(min_size=1))
def test_any_value_can_be_written_and_no_known_secret_gets_through(value: object, key: str) -> None:
    entry = cleaned(value=[value, CANARY], event=key)
    assert CANARY not in json.dumps(entry)
