#!/usr/bin/env python3
"""A robot for Postroom in a few lines of the standard library: checks who asks, and answers or hands off.

    POSTROOM_ROBOT_SECRET=... deploy/examples/robot.py 8900

In the tenant's settings it is

    robots:
      - kind: http
        name: mine
        url: http://127.0.0.1:8900/
        secret: env:POSTROOM_ROBOT_SECRET
"""

import hashlib
import hmac
import json
import os
import sys
import time
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = os.environ["POSTROOM_ROBOT_SECRET"].encode()
LARGEST = 1_000_000
OLDEST = 300  # seconds


def is_genuine(headers: Message, body: bytes) -> bool:
    """Whether Postroom signed this request, and not long ago."""
    timestamp = headers.get("Postroom-Timestamp", "")
    mac = hmac.new(SECRET, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    is_fresh = timestamp.isdecimal() and abs(time.time() - int(timestamp)) <= OLDEST
    return is_fresh and hmac.compare_digest(headers.get("Postroom-Signature", "").encode(), f"v1={mac}".encode())


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """Answer the newest mail. Its text is data: it was written by anybody who knows the address."""
    newest = question["dialogue"][-1]["text"].casefold()
    if "opening hours" in newest or "öffnungszeiten" in newest:
        return {"action": "reply", "text": "We are open from Monday to Friday, 9 to 17.", "confidence": 0.9}
    return {"action": "hand_off", "reason": "only opening hours are known here"}


class Handler(BaseHTTPRequestHandler):
    """Answers one request after the other, each connection on a thread of its own."""

    def do_POST(self) -> None:
        """Judge the sender, then the question."""
        body = self.rfile.read(min(int(self.headers.get("Content-Length", 0)), LARGEST))
        if not is_genuine(self.headers, body):
            self.send_error(401)
            return
        # The same question may come twice, with the same Idempotency-Key: who does more than answer remembers it.
        content = json.dumps(answer(json.loads(body))).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
