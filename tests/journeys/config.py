"""The configuration a journey's runtime gets: one tenant, one channel, three agents, all on loopback ports."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent

TOKENS = {"anna": "journey-token-of-anna", "bernd": "journey-token-of-bernd", "clara": "journey-token-of-clara"}

PROCESS = """\
store:
  folder: var
http:
  listen: 127.0.0.1:{http}
ops:
  listen: 127.0.0.1:{ops}
logs:
  level: info
  format: json
drain_within: 20s
"""

TENANT = """\
gateways:
  - kind: pop3
    name: inbox
    host: 127.0.0.1
    port: {pop3}
    security: none
    allow_plaintext: true
    user: u0@cc.example
    password: env:JOURNEY_POP3_PASSWORD
    poll_every: {poll}
    own_addresses: [support@cc.example]
{extra}  - kind: smtp
    name: outbox
    host: 127.0.0.1
    port: {smtp}
    security: none
    allow_plaintext: true
    auth: none
    from_address: support@cc.example
    from_name: Support
channels:
  - name: support
    receiving_gateway: inbox
    sending_gateway: outbox
    skill_queue: first_line
    addresses: [support@cc.example]
{channel}queues:
  - name: first_line
    members: [anna, bernd]
    offer_for: {offer_for}
{queue}{queues}agents:
  - account: anna
    name: Anna Arnold
    max_concurrent: 20
    token_sha256: [{anna}]
  - account: bernd
    name: Bernd Braun
    max_concurrent: 20
    token_sha256: [{bernd}]
  - account: clara
    name: Clara Clausen
    max_concurrent: 20
    token_sha256: [{clara}]
"""


EVERY_DAY = '\nwork_time: {non_workday: ["00:00-24:00"]}\n'
"""A journey that is not about hours is served on a Sunday too."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """What an administrator writes besides what every journey has, each without indentation."""

    channel: str = ""
    queue: str = ""
    queues: str = ""
    """Further queues, as items of their list."""
    inbox: str = ""
    """Of the receiving gateway."""
    tenant: str = ""
    """Whole sections."""
    offer_for: str = "60s"
    poll_every: str = "1s"


def write_configuration(folder: Path, written: Written, *, pop3: int, smtp: int, http: int, ops: int) -> None:
    """Write the two files."""
    (folder / "tenants").mkdir(parents=True, exist_ok=True)
    (folder / "postroom.yaml").write_text(PROCESS.format(http=http, ops=ops))
    hashes = {name: hashlib.sha256(token.encode()).hexdigest() for name, token in TOKENS.items()}
    tenant = TENANT.format(
        pop3=pop3,
        smtp=smtp,
        offer_for=written.offer_for,
        poll=written.poll_every,
        extra=_below(written.inbox),
        channel=_below(written.channel if "work_time:" in written.channel else written.channel + EVERY_DAY),
        queue=_below(written.queue),
        queues=indent(_lines(written.queues), "  "),
        **hashes,
    )
    (folder / "tenants" / "acme.yaml").write_text(tenant + _lines(written.tenant))


def _below(text: str) -> str:
    return indent(_lines(text), "    ")


def _lines(text: str) -> str:
    text = dedent(text).strip("\n")
    return text + "\n" if text else ""
