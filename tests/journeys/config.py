"""The configuration a journey's runtime gets: one tenant, one channel, two agents, all on loopback ports."""

from __future__ import annotations

import hashlib
from pathlib import Path

TOKENS = {"anna": "journey-token-of-anna", "bernd": "journey-token-of-bernd"}

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
    poll_every: 1s
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
queues:
  - name: first_line
    members: [anna, bernd]
    offer_for: {offer_for}
agents:
  - account: anna
    name: Anna Arnold
    max_concurrent: 20
    token_sha256: [{anna}]
  - account: bernd
    name: Bernd Braun
    max_concurrent: 20
    token_sha256: [{bernd}]
"""


def write_configuration(
    folder: Path, *, pop3: int, smtp: int, http: int, ops: int, offer_for: str = "60s", extra: str = ""
) -> None:
    """Write the two files; `extra` goes into the receiving gateway, indented by four."""
    (folder / "tenants").mkdir(parents=True, exist_ok=True)
    (folder / "postroom.yaml").write_text(PROCESS.format(http=http, ops=ops))
    hashes = {name: hashlib.sha256(token.encode()).hexdigest() for name, token in TOKENS.items()}
    tenant = TENANT.format(pop3=pop3, smtp=smtp, offer_for=offer_for, extra=extra, **hashes)
    (folder / "tenants" / "acme.yaml").write_text(tenant)
