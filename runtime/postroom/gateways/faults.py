"""The errors of the protocol cores: the peer did what its protocol does not allow, or we were about to. No I/O."""

from __future__ import annotations


class ProtocolFault(Exception):
    """The server left the protocol or one of our bounds; `words` finish the sentence "the server ..."."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


class UnsafeArgument(ValueError):
    """An argument holds a control character, so sending it could smuggle in a second command; nothing was sent."""
