"""Asks the running daemon, on the socket in its store's folder; says in a sentence why it does not answer.

It shows nothing and decides nothing: what is asked and what is printed are the verbs'.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
import httpx
import msgspec

from postroom.api.operator.address import SOCKET, socket_address
from postroom.cli.configuration import settings_of
from postroom.cli.exits import EXIT_CONFIGURATION, EXIT_FAILED
from postroom.cli.output import show_problems
from postroom.settings.load import Loaded, load_process
from postroom.settings.schema import Generation

ANSWER_WITHIN = 120.0
"""Seconds: a mail that is read again may wait for others, and may be large."""
LONGEST_WORDS = 1_000

T = TypeVar("T")
Query = Mapping[str, str | int]


class Failed(click.ClickException):
    """It could not be done; the message says why and what to do."""

    exit_code = EXIT_FAILED

    def show(self, file: Any = None) -> None:  # noqa: ANN401 click's own signature
        """Print the sentence on standard error."""
        click.echo(f"postroom: {self.format_message()}", file=file, err=file is None)


def configured(folder: Path) -> Generation:
    """The configuration in the folder; ends the program with its problems and 78 where it is not valid."""
    loaded = settings_of(folder)
    if loaded.generation is None:
        show_problems(loaded, err=True)
        sys.exit(EXIT_CONFIGURATION)
    return loaded.generation


class Daemon:
    """The daemon that runs on a configuration folder."""

    def __init__(self, folder: Path) -> None:
        """Find where it should answer; ends the program with 78 where `postroom.yaml` is not valid.

        Tenants and secrets are not looked at: they are the daemon's, and may be half-way through a change.
        """
        process, problems = load_process(folder)
        if problems:
            show_problems(Loaded(generation=None, problems=problems), err=True)
            sys.exit(EXIT_CONFIGURATION)
        self._config = folder
        self._store = Path(folder, process.store.folder)

    def get(self, path: str, answer: type[T], query: Query | None = None) -> T:
        """Ask for something. Raises Failed."""
        return _read(self._ask("GET", path, query).content, answer)

    def post(self, path: str, answer: type[T], body: object = None) -> T:
        """Have something done. Raises Failed."""
        return _read(self._ask("POST", path, body=body).content, answer)

    def is_there(self) -> bool:
        """Whether it answers at all."""
        try:
            with socket_address(self._store) as address:
                _knock(address)
        except OSError:
            return False
        return True

    def octets(self, path: str) -> bytes:
        """Ask for a file. Raises Failed."""
        return self._ask("GET", path).content

    def _ask(self, method: str, path: str, query: Query | None = None, body: object = None) -> httpx.Response:
        at = self._store / SOCKET
        try:
            with socket_address(self._store) as address:
                _knock(address)
                with _client(address) as client:
                    answer = client.request(
                        method, f"/operator/v1{path}", params=query, content=None if body is None else _json(body)
                    )
        except (httpx.ConnectError, OSError) as error:
            raise Failed(self._nobody(at)) from error
        except httpx.HTTPError as error:
            raise Failed(f"the daemon at {at} did not answer as it should: {type(error).__name__}") from error
        if answer.is_error:
            raise Failed(_said(answer))
        return answer

    def _nobody(self, at: Path) -> str:
        if os.path.lexists(at) and not os.access(at, os.R_OK | os.W_OK):
            return f"you may not open {at}: run this as the user the daemon runs as"
        return (
            f"no daemon answers at {at}; start it with\n"
            f"    postroom run --config {self._config}\n"
            "or name the folder of the one that runs with --config"
        )


def _knock(address: str) -> None:
    """Connect and hang up. Raises OSError where nobody listens: the client would leave its socket open then."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knocking:
        knocking.settimeout(ANSWER_WITHIN)
        knocking.connect(address)


def _client(address: str) -> httpx.Client:
    transport = httpx.HTTPTransport(uds=address)
    return httpx.Client(transport=transport, base_url="http://postroom", timeout=ANSWER_WITHIN, trust_env=False)


def _json(body: object) -> bytes:
    return msgspec.json.encode(body)


def _read(content: bytes, answer: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=answer)
    except msgspec.MsgspecError as error:
        raise Failed(f"the daemon's answer is not understood, it may be of another release: {error}") from error


def _said(answer: httpx.Response) -> str:
    """The problem details (RFC 9457) of a refusal, in words."""
    try:
        found = msgspec.json.decode(answer.content, type=dict[str, Any])
    except msgspec.MsgspecError:
        found = {}
    words = "; ".join(str(word) for word in (found.get("detail"), *found.get("problems", ())) if word)
    return (words or f"the daemon refused it ({answer.status_code})")[:LONGEST_WORDS]
