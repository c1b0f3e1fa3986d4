"""What a command over the broker is answered with: a status as HTTP has it, and JSON or problem details (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from msgspec import Struct


class Answer(Struct, frozen=True, kw_only=True):
    """A status, and JSON."""

    status: int = 200
    body: bytes = b""

    @classmethod
    def of(cls, value: object) -> Answer:
        """That it was done."""
        return cls(body=msgspec.json.encode(value))


class Refusal(Exception):
    """Nothing was done; why, as a problem."""

    def __init__(self, status: int, kind: str, detail: str) -> None:
        super().__init__(detail)
        name = f"urn:postroom:problem:{kind}" if kind else "about:blank"
        problem = {"title": HTTPStatus(status).phrase, "status": status, "type": name, "detail": detail}
        self.answer = Answer(status=status, body=msgspec.json.encode(problem))
