"""Configurations and mails for the verbs that simulate: hours in Berlin, a make-up Saturday, a holiday, and a robot."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from click.testing import CliRunner, Result

from postroom.cli.verbs import postroom

GATEWAYS = """\
parameters: {time_zone: Europe/Berlin}
gateways:
  - {kind: pop3, name: inbox, host: pop.example.org, auth: password, user: help@shop.example, password: file:password}
  - {kind: pop3, name: sales_in, host: pop.example.org, user: sales@shop.example, password: file:password}
  - {kind: smtp, name: outbox, host: smtp.example.org, auth: none, from_address: help@shop.example}
calendars:
  - name: office
    rest: [{name: Stocktaking, from: 2026-03-04}]
    make_up: [{name: Stocktaking made up, from: 2026-03-07}]
queues: [{name: first_line, members: [anna]}]
agents: [{account: anna, name: Anna, token_sha256: ['%s']}]
robots: [{kind: faq, name: shop_faq, file: faq.yaml}]
""" % ("ab" * 32)
FAQ = "- questions: [When do you open?]\n  answer: At eight.\n"
CHANNELS = """\
channels:
  - name: support
    receiving_gateway: inbox
    sending_gateway: outbox
    skill_queue: first_line
    addresses: [help@shop.example]
    work_time: {workday: ["08:00-17:00"], calendar: office}
    auto_reply:
      working: {en: {subject: We have it, text: "Your reference is {reference}."}}
      non_working: {en: "We open at {next_opening}.", de: "Wir öffnen um {next_opening}."}
      holiday: We are counting.
"""
SALES = """\
  - {name: sales, receiving_gateway: sales_in, sending_gateway: outbox, skill_queue: first_line}
"""
ROBOT = "    robot: shop_faq\n    transfer_keywords: [human being]\n"
OFFLINE = "    offline_messages: {enabled: true}\n"


def configured(folder: Path, *more: str, sales: bool = False, rest: str = "") -> Path:
    """A configuration whose channel has `more` keys."""
    (folder / "tenants").mkdir(parents=True)
    (folder / "postroom.yaml").write_text("")
    (folder / "password").write_text("hunter2\n")
    (folder / "password").chmod(0o600)
    (folder / "faq.yaml").write_text(FAQ)
    text = GATEWAYS + CHANNELS + "".join(more) + (SALES if sales else "") + rest
    (folder / "tenants" / "shop.yaml").write_text(text)
    return folder


def mail(
    number: int = 1, date: str = "Mon, 02 Mar 2026 09:00:00 +0000", body: str = "Where is it?", **more: str
) -> str:
    """A customer's mail as it lies in a mailbox."""
    fields = {
        "Received": f"from mx.example by pop.example; {date}",
        "Date": date,
        "From": "Grace <grace@customer.example>",
        "To": "help@shop.example",
        "Subject": f"Order {number}",
        "Message-ID": f"<m{number}@customer.example>",
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    return "".join(f"{name}: {value}\n" for name, value in fields.items() if value) + f"\n{body}\n"


def mbox(folder: Path, mails: Sequence[str]) -> Path:
    """A mailbox file."""
    file = folder / "mails.mbox"
    file.write_text("".join(f"From c@customer.example Mon Mar  2 09:00:00 2026\n{one}\n" for one in mails))
    return file


def ran(*words: str | Path) -> Result:
    """Run a verb as a program would."""
    return CliRunner().invoke(postroom, [str(word) for word in words])


def lines(result: Result) -> list[list[str]]:
    """The lines of a table in a pipe, cell by cell."""
    return [line.split("\t") for line in result.stdout.splitlines() if "\t" in line]
