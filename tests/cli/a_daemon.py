"""A daemon for the verbs that ask one: real HTTP on its real socket, answers of the test's choice."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from click.testing import CliRunner, Result

from postroom.cli.check import Connect
from postroom.cli.verbs import postroom

TENANT = """\
gateways:
  - {kind: pop3, name: inbox, host: pop.example.org, user: a@example.org, password: 'env:CHECK_PASSWORD'}
  - {kind: smtp, name: outbox, host: smtp.example.org, auth: none, from_address: a@example.org}
channels:
  - {name: support, receiving_gateway: inbox, sending_gateway: outbox, skill_queue: first_line}
queues:
  - {name: first_line}
"""

Answers = dict[str, tuple[int, Any]]
"""By method and path: the status, and the JSON or the bytes."""


def configured(folder: Path) -> Path:
    """A configuration whose store is a folder beside it."""
    (folder / "tenants").mkdir(parents=True)
    (folder / "var").mkdir()
    (folder / "postroom.yaml").write_text("logs: {level: info}\n")
    (folder / "tenants" / "acme.yaml").write_text(TENANT)
    return folder


def ran(config: Path, *words: str, connect: Connect | None = None, said: str | None = None) -> Result:
    """Run a verb as a program would: not on a terminal, with that on its standard input.

    Only trying gateways out is given their password.
    """
    environment = {"CHECK_PASSWORD": "hunter2" if connect is not None else None}
    return CliRunner(env=environment).invoke(postroom, [*words, "--config", str(config)], said, obj=connect)


@contextmanager
def daemon(config: Path, answers: Answers) -> Iterator[list[str]]:
    """Answer on the socket inside the block; gives what is asked as it comes."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def log_request(self, code: object = "-", _size: object = "-") -> None:
            asked.append(f"{self.command} {self.path} -> {code}")

        def _answer(self) -> None:
            status, body = answers[f"{self.command} {urlsplit(self.path).path.removeprefix('/operator/v1')}"]
            content = body if isinstance(body, bytes) else msgspec.json.encode(body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    with socketserver.UnixStreamServer(str(config / "var" / "postroom.sock"), Handler) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield asked
        finally:
            server.shutdown()
            serving.join()
