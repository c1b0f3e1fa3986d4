"""The lower bound: reads a box pipelined, deletes it, keeps nothing. Run as a module it prints its measure as JSON."""

from __future__ import annotations

import asyncio
import sys

import msgspec
import uvloop

from tests.benchmarks.measure import Measure, Stopwatch

WINDOW = 32
LARGEST = 64 * 1024 * 1024
WITHIN = 600.0


async def read_box(host: str, port: int, user: str, password: str) -> Measure:
    """Connect, read every mail to its final dot, delete all, QUIT."""
    watch = Stopwatch()
    reader, writer = await asyncio.open_connection(host, port, limit=LARGEST)
    await _ok(reader)
    for command in (f"USER {user}", f"PASS {password}"):
        writer.write(f"{command}\r\n".encode())
        await _ok(reader)
    writer.write(b"STAT\r\n")
    count = int((await _ok(reader)).split()[1])
    octets = await _read(reader, writer, count)
    writer.write(b"".join(b"DELE %d\r\n" % number for number in range(1, count + 1)))
    for _ in range(count):
        await _ok(reader)
    writer.write(b"QUIT\r\n")
    await _ok(reader)
    measure = watch.stop(count, octets)
    writer.close()
    return measure


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, count: int) -> int:
    asked = octets = 0
    for number in range(1, count + 1):
        if asked - number < WINDOW // 2:
            more = range(asked + 1, min(number + WINDOW, count) + 1)
            writer.write(b"".join(b"RETR %d\r\n" % one for one in more))
            asked = max(asked, number + WINDOW)
        await _ok(reader)
        octets += len(await reader.readuntil(b"\r\n.\r\n")) - len(b".\r\n")
    return octets


async def _ok(reader: asyncio.StreamReader) -> bytes:
    line = await reader.readline()
    if not line.startswith(b"+OK"):
        raise RuntimeError(f"the server said {line!r}")
    return line


async def _within(host: str, port: int, user: str, password: str) -> Measure:
    async with asyncio.timeout(WITHIN):
        return await read_box(host, port, user, password)


if __name__ == "__main__":
    host, port, user, password = sys.argv[1:]
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(_within(host, int(port), user, password))))
