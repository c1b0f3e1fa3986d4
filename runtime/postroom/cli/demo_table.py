"""The demonstration's tables: what happened to each mail, and the answer as it arrived."""

from __future__ import annotations

from email import message_from_bytes
from email.header import decode_header, make_header
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

COLUMNS = (("mail", 5), ("route, channel", 3), ("class", 3), ("phase, queue, agent", 4), ("automatic reply", 5))
"""Each column's head and its share of the width."""


def show_mails(console: Console, mails: list[dict[str, Any]]) -> None:
    """One row a mail, oldest first."""
    table = Table(title="What happened to each mail", title_justify="left", show_lines=True, expand=True)
    for head, share in COLUMNS:
        table.add_column(head, overflow="fold", ratio=share)
    for mail in sorted(mails, key=lambda mail: str(mail["id"])):
        table.add_row(*_row(mail))
    console.print()
    console.print(table)


def _row(mail: dict[str, Any]) -> tuple[Text, ...]:
    trace = {line["step"]: line for line in mail["trace"]}
    automatic = trace.get("automatic_reply", {"verdict": "not sent", "evidence": mail["outcome"]})
    why = str(automatic["evidence"]).partition(";")[0]
    where = str(mail.get("phase") or mail["outcome"]).replace("_", " ")
    holder = " / ".join(part for part in (mail.get("queue"), mail.get("agent")) if part)
    return (
        Text.assemble((str(mail["subject"]), "bold"), "\n", (str(mail["from_address"] or "<>"), "dim")),
        Text(str(trace.get("route", {}).get("verdict", "")).replace(" -> ", "\n")),
        Text(str(mail["mail_class"]).replace("_", " ")),
        Text(f"{where}\n{holder}".strip()),
        Text(f"{automatic['verdict']}: {why}".replace("_", " ")),
    )


def show_answer(console: Console, offer: dict[str, Any], raw: bytes) -> None:
    """The answer in the customer's mailbox, with the header fields that thread it."""
    message = message_from_bytes(raw)
    console.print()
    console.print(f"The answer in the mailbox of {offer['customer']}:")
    for name in ("From", "To", "Subject", "In-Reply-To", "References"):
        value = str(make_header(decode_header(" ".join(str(message[name] or "").split()))))
        console.print(f"  {name}: {value}", markup=False, highlight=False, soft_wrap=True)
    payload = message.get_payload(decode=True)
    body = payload.decode(errors="replace") if isinstance(payload, bytes) else ""
    for line in body.splitlines():
        console.print(f"  | {line}", markup=False, highlight=False)
