"""A POP3 server with as many empty mailboxes as anybody asks for; run as a module it prints its port and serves.

It pipelines, knows every user, and never has mail; nothing of it is in the product.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping

import uvloop

BACKLOG = 8_192
OK = b"+OK\r\n"
EMPTY_LIST = b"+OK\r\n.\r\n"
ANSWERS: Mapping[bytes, bytes] = {
    b"CAPA": b"+OK\r\nUSER\r\nUIDL\r\nTOP\r\nPIPELINING\r\nRESP-CODES\r\n.\r\n",
    b"USER": OK,
    b"PASS": OK,
    b"STAT": b"+OK 0 0\r\n",
    b"UIDL": EMPTY_LIST,
    b"LIST": EMPTY_LIST,
    b"NOOP": OK,
    b"RSET": OK,
    b"QUIT": OK,
}


class EmptyMailbox(asyncio.Protocol):
    """One session."""

    def __init__(self) -> None:
        self._rest = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport = transport  # type: ignore[assignment] # uvloop's transport only looks like asyncio's
        self._transport.write(b"+OK ready\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer every whole line."""
        *lines, self._rest = (self._rest + data).split(b"\r\n")
        verbs = [line[:4].upper() for line in lines]
        self._transport.write(b"".join(ANSWERS.get(verb, b"-ERR unknown\r\n") for verb in verbs))
        if b"QUIT" in verbs:
            self._transport.close()


async def serve() -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(EmptyMailbox, "127.0.0.1", 0, backlog=BACKLOG)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve())
