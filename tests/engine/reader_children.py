"""Run as the reader child of a test: the real one, but that a mail which holds a word behaves as its word says."""

from __future__ import annotations

import os
import signal
import sys

from postroom.engine import child_reader
from postroom.mail.limits import LIMITS, Limits
from postroom.mail.message import Message
from postroom.mail.parse import parse


def poisoned(raw: bytes, limits: Limits = LIMITS) -> Message:
    """What parse could do at its worst."""
    if b"POISON-EXIT" in raw:
        os._exit(0)
    if b"POISON-RAISE" in raw:
        raise ValueError("the parser broke")
    if b"POISON-SEGV" in raw:
        os.kill(os.getpid(), signal.SIGSEGV)
    if b"POISON-LOOP" in raw:
        while True:
            pass
    if b"POISON-MEMORY" in raw:
        bytearray(2 * 1024**3)
    if b"POISON-NONSENSE" in raw:
        sys.stdout.buffer.write(b"\xc1 not a message")
        sys.stdout.buffer.flush()
        os._exit(0)
    return parse(raw, limits)


if __name__ == "__main__":
    child_reader.CPU_SECONDS = 1
    setattr(child_reader, "parse", poisoned)  # noqa: B010 it is another module's name, not one it offers
    child_reader.main()
