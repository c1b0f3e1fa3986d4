"""Makes configuration folders for tests, from the parts that matter to them."""

from __future__ import annotations

from pathlib import Path

from postroom.settings.load import Loaded, load

POP3 = """\
  - kind: pop3
    name: inbox
    host: pop.example.org
    user: support@example.org
    password: file:password
"""
SMTP = """\
  - kind: smtp
    name: outbox
    host: smtp.example.org
    user: support@example.org
    password: file:password
    from_address: support@example.org
"""
CHANNEL = """\
  - name: support
    receiving_gateway: inbox
    sending_gateway: outbox
    skill_queue: first_line
"""
QUEUE = """\
  - name: first_line
    members: [anna]
"""
AGENT = f"""\
  - account: anna
    name: Anna
    token_sha256: [{"ab" * 32}]
"""


def tenant(
    *, parameters: str = "", gateways: str = "", channel: str = "", queue: str = "", agent: str = "", more: str = ""
) -> str:
    """A small valid tenant; `channel`, `queue` and `agent` go below the first of their kind, `more` at the end."""
    return (
        (f"parameters:\n{parameters}" if parameters else "")
        + f"gateways:\n{POP3}{SMTP}{gateways}channels:\n{CHANNEL}{channel}"
        + f"queues:\n{QUEUE}{queue}agents:\n{AGENT}{agent}{more}"
    )


def write(folder: Path, text: str | bytes, process: str = "", name: str = "acme") -> Path:
    """Write a folder with one tenant and one password."""
    (folder / "tenants").mkdir(parents=True, exist_ok=True)
    (folder / "postroom.yaml").write_text(process)
    (folder / "password").write_text("s3cret-of-the-box\n")
    (folder / "password").chmod(0o600)
    (folder / "tenants" / f"{name}.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def loaded(folder: Path, text: str | bytes, process: str = "") -> Loaded:
    """Write a folder with one tenant and load it."""
    return load(write(folder, text, process))


def rules(found: Loaded) -> dict[str, str]:
    """What is wrong, by key."""
    return {problem.key: problem.rule for problem in found.problems}


def warned(found: Loaded) -> dict[str, str]:
    """What is warned of, by key."""
    return {warning.key: warning.rule for warning in found.warnings}


def line_of(text: str, part: str) -> int:
    """The line at which the part stands first."""
    return text[: text.index(part)].count("\n") + 1
