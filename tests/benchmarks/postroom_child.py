"""Runs the real runtime on a configuration until a box of that many mails is drained, and prints its measure.

Measured is from the start of the first POP3 session, the process being up, to the confirmed QUIT of the last one. All
commits of a mail come before its DELE, so there is nothing left to wait for.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import msgspec
import uvloop

from postroom.observability.logs import configure
from postroom.settings.load import load
from postroom.settings.schema import Generation
from postroom.wiring import Runtime
from tests.benchmarks.measure import Measure
from tests.benchmarks.watched_gateway import Shoulder, watching

WITHIN = 600.0
QUIET = 0.5
"""Seconds between the start of the process and the first session, so that the start is not measured."""


async def drain(generation: Generation, mails: int) -> Measure:
    """Run until the mails are gone from the server, then stop."""
    runtime, started, stopping = Runtime(generation), asyncio.Event(), asyncio.Event()
    shoulder = Shoulder(started, mails=mails)
    with watching(shoulder):
        async with asyncio.timeout(WITHIN), asyncio.TaskGroup() as group:
            group.create_task(runtime.run(stopping))
            try:
                await runtime.started.wait()
                await asyncio.sleep(QUIET)
                started.set()
                await shoulder.done.wait()
            finally:
                stopping.set()
    if shoulder.measure is None:
        raise RuntimeError("the box was not drained")
    return shoulder.measure


def main(folder: str, mails: str) -> None:
    """Load the folder's configuration and drain its box."""
    generation = load(Path(folder)).require()
    configure(generation.process.logs.level, generation.process.logs.format)
    measure = uvloop.run(drain(generation, int(mails)))
    sys.stdout.buffer.write(msgspec.json.encode(measure))


if __name__ == "__main__":
    main(*sys.argv[1:])
