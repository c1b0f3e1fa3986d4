"""One whole IMAP session as a collector runs it, and what came of it, in the words of the POP3 one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from postroom.gateways.imap import ImapGateway, ImapOptions
from postroom.gateways.imap.mailbox import ImapMailbox
from postroom.gateways.reading import Security
from postroom.ports.gateways import GatewayError, TooLarge
from tests.support.pop3_collect import HASTY, Collected, MemorySpooler, content


def clear_text(port: int, **more: Any) -> ImapOptions:  # noqa: ANN401 the fields are named by each test
    """Options for a scripted server without TLS."""
    options = ImapOptions(
        host="127.0.0.1", port=port, user="u", password="secret-pw", security=Security.NONE, allow_plaintext=True
    )
    return replace(options, **more)


def hasty(options: ImapOptions) -> ImapOptions:
    """The same options with deadlines of a fraction of a second."""
    return replace(options, deadlines=HASTY)


async def collect(gateway: ImapGateway, *, delete: bool = True) -> Collected:
    """Open, list, fetch all, delete what came whole, close."""
    result = Collected()
    try:
        mailbox = await gateway.open()
    except GatewayError as error:
        return _failed(result, error)
    try:
        await _read(mailbox, result, delete=delete)
    except GatewayError as error:
        _failed(result, error)
    finally:
        result.declined = list(mailbox.declined)
        if not result.closed:
            mailbox.abort()
    return result


async def _read(mailbox: ImapMailbox, result: Collected, *, delete: bool) -> None:
    result.listed = await mailbox.listing()
    spooler = MemorySpooler()
    result.spools = spooler.opened
    done = []
    async for item in mailbox.fetch(result.listed, spooler):
        if isinstance(item, TooLarge):
            result.too_large.append(item.header)
            continue
        result.mails.append(content(item))
        result.sizes.append((item.listed.size, item.size))
        done.append(item.listed)
    await mailbox.taken_in(done)
    if delete and done:
        await mailbox.delete(done)
    result.closed = await mailbox.close()


def _failed(result: Collected, error: GatewayError) -> Collected:
    result.status, result.words, result.retry_after = error.status, error.words, error.retry_after
    return result
