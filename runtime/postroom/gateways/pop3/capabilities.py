"""What a server says it can do (CAPA, RFC 2449); a server without CAPA has none, and is not `known`."""

from __future__ import annotations

from msgspec import Struct

MAX_CAPABILITIES = 1_000


class Capabilities(Struct, frozen=True):
    """The capabilities by name in capitals with their parameters; `known` is False where the server has no CAPA."""

    names: dict[str, tuple[str, ...]] = {}
    known: bool = False

    def __contains__(self, name: str) -> bool:
        return name in self.names

    @property
    def pipelining(self) -> bool:
        """Whether commands may be sent before earlier replies were read (RFC 2449 §6.6)."""
        return "PIPELINING" in self.names

    def offers_sasl(self, mechanism: str) -> bool:
        """Whether AUTH with that mechanism is offered (RFC 5034 §3)."""
        return mechanism in self.names.get("SASL", ())

    @property
    def login_delay(self) -> float | None:
        """Seconds the server wants between two logins (RFC 2449 §6.5)."""
        first = next(iter(self.names.get("LOGIN-DELAY", ())), "")
        return float(first) if first.isascii() and first.isdigit() and len(first) < 7 else None  # noqa: PLR2004 a week


def parse_capabilities(body: bytes) -> Capabilities:
    """Read the body of a CAPA reply; lines past a thousand are not looked at."""
    names: dict[str, tuple[str, ...]] = {}
    for line in body.split(b"\r\n")[:MAX_CAPABILITIES]:
        words = line.decode("ascii", "replace").upper().split()
        if words:
            names[words[0]] = tuple(words[1:])
    return Capabilities(names, known=True)
