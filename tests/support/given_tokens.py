"""Access tokens out of the hand: each in turn, the last one for ever, or the error why there is none."""

from __future__ import annotations


class GivenTokens:
    """gateways.oauth2.Tokens. A refused token gives way to the next one, while there is one."""

    def __init__(self, *given: str | Exception) -> None:
        self._given = list(given)

    async def get(self) -> str:
        first = self._given[0]
        if isinstance(first, Exception):
            raise first
        return first

    def refused(self, token: str) -> bool:
        assert token == self._given[0]
        if len(self._given) == 1:
            return False
        del self._given[0]
        return True
