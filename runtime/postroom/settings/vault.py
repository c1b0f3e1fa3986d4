"""Seals secrets that are kept in the store, and opens them; a key is never shown, nor what it opens.

Keys are Fernet keys (AES-128-CBC with HMAC-SHA256). The first seals; each of them opens, so that a new one can be put
before the old.
"""

from __future__ import annotations

from collections.abc import Sequence
from hmac import compare_digest

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from postroom.errors import ConfigurationError
from postroom.settings.secrets import SEALED, Sealed, Secret

KEY_WORDS = "a key is 32 octets in base64url, like `openssl rand -base64 32 | tr '+/' '-_'` makes one"


class Vault:
    """Sealing and opening with some keys."""

    def __init__(self, keys: Sequence[Secret]) -> None:
        """Raises ConfigurationError where there is none, or one cannot be read."""
        if not keys:
            raise ConfigurationError(f"there is no key to seal secrets with: {KEY_WORDS}")
        self._first = fernet(keys[0])
        self._all = MultiFernet([fernet(key) for key in keys])

    def seal(self, value: str) -> Secret:
        """Seal a secret."""
        return self._secret(self._first.encrypt(value.encode()))

    def sealed(self, token: str) -> Secret:
        """The secret that was sealed so before."""
        return Sealed(f"{SEALED}:{token}", vault=self)

    def open(self, sealed: str) -> str:
        """What was sealed. Raises ConfigurationError where none of the keys opens it."""
        try:
            return self._all.decrypt(sealed.encode()).decode()
        except (InvalidToken, ValueError) as error:
            raise ConfigurationError("the secret in the store is opened by none of `settings.keys`") from error

    def renewed(self, secret: Secret) -> Secret:
        """The same secret sealed with the first key; itself where it is. Raises ConfigurationError."""
        if not isinstance(secret, Sealed):
            return self.seal(secret.reveal())
        try:
            self._first.decrypt(secret.name.encode())
        except InvalidToken:
            return self.seal(secret.reveal())
        return secret

    def is_same(self, token: str, before: str) -> bool:
        """Whether both hold the same secret, the one before sealed with the first key."""
        try:
            return compare_digest(self._first.decrypt(before.encode()), self._all.decrypt(token.encode()))
        except (InvalidToken, ValueError):
            return False

    def _secret(self, token: bytes) -> Secret:
        return self.sealed(token.decode())


def fernet(key: Secret) -> Fernet:
    """The key that is written there. Raises ConfigurationError."""
    try:
        return Fernet(key.reveal())
    except ValueError as error:
        raise ConfigurationError(f"{key.reference} holds no key: {KEY_WORDS}") from error
