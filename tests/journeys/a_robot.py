"""A web service that answers robots' questions for a journey, from a thread of its own, and only when it is let."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class RobotService:
    """What it was asked, and the gate that holds its answers back."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.port = 0


@contextmanager
def robot_service() -> Iterator[RobotService]:
    """A service on a free port, which says that it is the robot and how often it was asked."""
    service = RobotService()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            service.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            said = json.dumps({"action": "reply", "text": f"The robot's answer {len(service.asked)}."}).encode()
            service.may_answer.wait(60)
            self.send_response(200)
            self.send_header("Content-Length", str(len(said)))
            with suppress(BrokenPipeError):  # who asked may be dead by now
                self.end_headers()
                self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield service
    finally:
        service.may_answer.set()
        server.shutdown()
        thread.join()
        server.server_close()
