"""What an IMAP gateway is built from: one frozen value, made by wiring from the settings, which nothing here reads."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from postroom.errors import ConfigurationError
from postroom.gateways.reading import ReadingOptions, sendable


class After(Enum):
    """What becomes of a mail on the server once it is safe here."""

    DELETE = "delete"
    MOVE = "move"
    FLAG = "flag"
    """It stays where it is, marked as seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapOptions(ReadingOptions):
    """One IMAP mailbox and how to read it. Raises ConfigurationError when built from what cannot be right."""

    folders: tuple[str, ...] = ("INBOX",)
    after: After = After.DELETE
    move_to: str = ""
    idle: bool = False
    """Keep the connection between sessions, and hear of new mail on it."""

    def __post_init__(self) -> None:
        ReadingOptions.__post_init__(self)
        if not self.folders or (self.after is After.MOVE and self.move_to in {"", *self.folders}):
            raise ConfigurationError("folders to read, and another one to move to, are needed")
        for folder in (*self.folders, self.move_to):
            sendable("a folder", folder)

    @property
    def peer(self) -> tuple[str, int]:
        """Where the server is."""
        return self.place(993, 143)
