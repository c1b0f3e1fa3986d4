"""Python's own POP3 client reads a box one by one, deletes it, keeps nothing; as a module it prints its measure."""

from __future__ import annotations

import poplib
import sys

import msgspec

from tests.benchmarks.measure import Measure, Stopwatch


def read_box(host: str, port: int, user: str, password: str) -> Measure:
    """Connect, RETR and DELE each mail, QUIT."""
    watch = Stopwatch()
    client = poplib.POP3(host, port, timeout=60)
    client.user(user)
    client.pass_(password)
    count, octets = client.stat()[0], 0
    for number in range(1, count + 1):
        _, lines, _ = client.retr(number)
        octets += sum(map(len, lines)) + 2 * len(lines)
        client.dele(number)
    client.quit()
    return watch.stop(count, octets)


if __name__ == "__main__":
    host, port, user, password = sys.argv[1:]
    sys.stdout.buffer.write(msgspec.json.encode(read_box(host, int(port), user, password)))
