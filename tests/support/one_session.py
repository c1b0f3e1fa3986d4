"""One whole session with a receiving gateway, as a collector runs it, and what came of it as a value to compare."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from postroom.ports.gateways import (
    Declined,
    Fetched,
    GatewayError,
    GatewayStatus,
    Listed,
    Mailbox,
    ReceivingGateway,
    TooLarge,
)


class MemorySpool:
    """A spool in memory."""

    def __init__(self) -> None:
        self.chunks: list[bytes] = []
        self.discarded = False

    def write(self, chunk: bytes) -> None:
        assert not self.discarded, "a discarded spool is never written to"
        self.chunks.append(chunk)

    def discard(self) -> None:
        self.discarded = True
        self.chunks.clear()


class MemorySpooler:
    """Opens spools in memory, and remembers them."""

    def __init__(self) -> None:
        self.opened: list[MemorySpool] = []

    def open(self, expected: int) -> MemorySpool:
        assert expected >= 0
        self.opened.append(MemorySpool())
        return self.opened[-1]


@dataclass
class Collected:
    """What a session gave, and how it ended."""

    listed: Sequence[Listed] = ()
    mails: list[bytes] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    """For each mail, the octets listed and the octets received."""
    too_large: list[bytes] = field(default_factory=list)
    declined: list[Declined] = field(default_factory=list)
    closed: bool = False
    status: GatewayStatus | None = None
    words: str = ""
    retry_after: float | None = None
    spools: list[MemorySpool] = field(default_factory=list)


def everything(listed: Sequence[Listed]) -> Sequence[Listed]:
    """Want each mail."""
    return listed


async def collect(
    gateway: ReceivingGateway,
    *,
    want: Callable[[Sequence[Listed]], Sequence[Listed]] = everything,
    delete: bool = True,
) -> Collected:
    """Open, list, fetch what is wanted, delete what came whole, close."""
    result = Collected()
    try:
        mailbox = await gateway.open()
    except GatewayError as error:
        return _failed(result, error)
    try:
        await _read(mailbox, result, want, delete=delete)
    except GatewayError as error:
        _failed(result, error)
    finally:
        result.declined = list(mailbox.declined)
        if not result.closed:
            mailbox.abort()
    return result


async def _read(
    mailbox: Mailbox,
    result: Collected,
    want: Callable[[Sequence[Listed]], Sequence[Listed]],
    *,
    delete: bool,
) -> None:
    result.listed = await mailbox.listing()
    spooler = MemorySpooler()
    result.spools = spooler.opened
    done = []
    async for item in mailbox.fetch(want(result.listed), spooler):
        if isinstance(item, TooLarge):
            result.too_large.append(item.header)
            continue
        result.mails.append(content(item))
        result.sizes.append((item.listed.size, item.size))
        done.append(item.listed)
    await mailbox.taken_in(done)
    if delete:
        await mailbox.delete(done)
    result.closed = await mailbox.close()


def content(item: Fetched) -> bytes:
    """The octets of a mail in a memory spool."""
    assert isinstance(item.spool, MemorySpool)
    assert not item.spool.discarded
    return b"".join(item.spool.chunks)


def _failed(result: Collected, error: GatewayError) -> Collected:
    result.status, result.words, result.retry_after = error.status, error.words, error.retry_after
    return result
