"""The child process that reads one difficult mail: raw bytes on standard input, a Message as MessagePack on output.

It limits itself before it looks at a byte, so that the worst mail ends this process and nothing else.
"""

from __future__ import annotations

import resource
import sys

import msgspec

from postroom.mail.parse import parse

CPU_SECONDS = 10
MEMORY = 1024**3


def main() -> None:
    """Read, parse, answer."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    message = parse(sys.stdin.buffer.read())
    sys.stdout.buffer.write(msgspec.msgpack.encode(message))


if __name__ == "__main__":
    main()
