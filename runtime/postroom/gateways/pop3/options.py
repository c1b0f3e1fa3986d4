"""What a POP3 gateway is built from: one frozen value, made by wiring from the settings, which nothing here reads."""

from __future__ import annotations

from dataclasses import dataclass

from postroom.gateways.reading import Auth, Deadlines, ReadingOptions, Security

__all__ = ["Auth", "Deadlines", "Pop3Options", "Security"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pop3Options(ReadingOptions):
    """One POP3 mailbox and how to read it. Raises ConfigurationError when built from what cannot be right."""

    @property
    def peer(self) -> tuple[str, int]:
        """Where the server is."""
        return self.place(995, 110)
