"""The configuration Postroom is measured with: only what has to be said is said, all else keeps its default.

As many receiving gateways as wanted, each with a channel of its own; one queue whose one agent is away, so that what
was received waits there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template

from tests.benchmarks.mails import ADDRESS

IN_A_TENANT = 500
"""Gateways in one tenant's file, which may not grow for ever."""

TOKEN = "of-an-agent-who-is-measured"

_PROCESS = Template("""\
store:
  folder: var
http:
  listen: 127.0.0.1:$http_port
ops:
  listen: 127.0.0.1:0
logs:
  level: warning
  format: json
""")
_OUTBOX = """\
  - kind: smtp
    name: outbox
    host: 127.0.0.1
    port: 9
    security: none
    allow_plaintext: true
    auth: none
    from_address: support@cc.example
"""
_INBOX = Template("""\
  - kind: $kind
    name: inbox$number
    host: 127.0.0.1
    port: $port
    security: none
    allow_plaintext: true
    user: u$number@cc.example
    password: env:POP3_PASSWORD_$number
    poll_every: ${poll_every}s
""")
_CHANNEL = Template("""\
  - name: channel$number
    receiving_gateway: inbox$number
    sending_gateway: outbox
    skill_queue: first_line
    addresses: [$address]
""")
_PEOPLE = f"""\
queues:
  - name: first_line
    members: [anna]
agents:
  - account: anna
    name: Anna Arnold
    token_sha256: [{hashlib.sha256(TOKEN.encode()).hexdigest()}]
"""


def write_configuration(
    folder: Path, *, port: int, users: Sequence[int], poll_every: int = 60, kind: str = "pop3", http_port: int = 0
) -> None:
    """Write a configuration that collects the mailboxes of these users of the server at that port."""
    tenants = folder / "tenants"
    tenants.mkdir()
    (folder / "postroom.yaml").write_text(_PROCESS.substitute(http_port=http_port))
    for index, start in enumerate(range(0, len(users), IN_A_TENANT)):
        some = users[start : start + IN_A_TENANT]
        (tenants / f"tenant{index}.yaml").write_text(_tenant(port, some, poll_every, kind))


def environment(passwords: Mapping[int, str]) -> dict[str, str]:
    """The variables the configuration refers to, by the number of the user."""
    return {f"POP3_PASSWORD_{number}": password for number, password in passwords.items()}


def _tenant(port: int, users: Sequence[int], poll_every: int, kind: str) -> str:
    values = {"port": port, "poll_every": poll_every, "kind": kind}
    inboxes = [_INBOX.substitute(values, number=number) for number in users]
    channels = [_CHANNEL.substitute(number=number, address=_address(number, users)) for number in users]
    return "".join(("gateways:\n", *inboxes, _OUTBOX, "channels:\n", *channels, _PEOPLE))


def _address(number: int, users: Sequence[int]) -> str:
    return ADDRESS if number == users[0] else f"box{number}@cc.example"
