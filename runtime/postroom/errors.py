"""The errors of every room, split by what to do about them; it never says where they came from."""

from __future__ import annotations


class PostroomError(Exception):
    """Something went wrong that a person or a caller can act on."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or "").strip())


class ConfigurationError(PostroomError):
    """The configuration is not valid: mend the named file and key, then start again."""


class TemporaryError(PostroomError):
    """The other side is away or busy: the same act may succeed later, so try it again."""


class PermanentError(PostroomError):
    """The other side said no, and will say so again: do not retry, tell a person."""
