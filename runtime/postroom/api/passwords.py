"""Passwords as argon2id hashes (RFC 9106); a guess takes as long for an account that is not there."""

from __future__ import annotations

from typing import Annotated

import argon2
from argon2.exceptions import InvalidHashError, VerificationError
from msgspec import Meta

from postroom.ports.world import Offload

LANE = "passwords"
"""One thread: however many try, one hash at a time takes its memory."""
SHORTEST = 10
LONGEST = 256

Password = Annotated[str, Meta(min_length=1, max_length=LONGEST)]
NewPassword = Annotated[str, Meta(min_length=SHORTEST, max_length=LONGEST)]

# RFC 9106 §4, second choice: 64 MiB and three passes; one lane, for it has one thread
_HASHER = argon2.PasswordHasher(
    time_cost=3, memory_cost=64 * 1024, parallelism=1, hash_len=32, salt_len=16, type=argon2.Type.ID
)
# Of a password nobody has: made with the same parameters, so that checking against it costs the same.
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=1$bm9ib2R5LWhhcy1pdA$" + "A" * 43


async def hashed(password: str, offload: Offload) -> str:
    """The hash to keep."""
    return await offload.run(LANE, _HASHER.hash, password)


async def is_right(password: str, kept: str | None, offload: Offload) -> bool:
    """Whether the password is the one of that hash; None, for nobody's, takes as long and is never right."""
    return await offload.run(LANE, _verify, password, kept or _NOBODY) and kept is not None


def _verify(password: str, kept: str) -> bool:
    try:
        return _HASHER.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False
