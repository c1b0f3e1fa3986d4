"""`postroom mail explain`: every verdict on a mail in a file, by the rules of a configuration. It touches nothing."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from postroom.cli.built_in import named_or_built_in
from postroom.cli.exits import EXIT_CONFIGURATION
from postroom.cli.options import json_option
from postroom.cli.table import harmless, show_json, show_table
from postroom.engine.world import SystemClock
from postroom.errors import ConfigurationError
from postroom.observability.logs import configure

if TYPE_CHECKING:
    from postroom.wiring.explain import Explanation

COLUMNS = ("step", "verdict", "evidence")
LARGEST = 256 * 1024 * 1024
SHOWN = 5

Row = tuple[str, str, str]


def as_moment(_: click.Context, __: click.Parameter, value: str | None) -> datetime | None:
    """An ISO 8601 time; without a zone it is the tenant's."""
    if value is None:
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        words = f"{value!r} is no time in ISO 8601, like 2026-03-02T09:00 or 2026-03-02T09:00+01:00"
        raise click.BadParameter(words) from None


@click.command()
@click.argument("file", metavar="FILE.eml", type=click.File("rb"))
@click.option(
    "--config",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="The configuration folder; without it ./config, else a built-in one.",
)
@click.option("--at", callback=as_moment, metavar="TIME", help="As if it came then (ISO 8601); without it, now.")
@click.option("--gateway", metavar="NAME", help="As if it came by that receiving gateway.")
@json_option
def explain(file: BinaryIO, folder: Path | None, at: datetime | None, gateway: str | None, as_json: bool) -> None:
    """Show what would become of a mail and why, as the first of its conversation; - reads it from standard input.

    Nothing is stored, nothing is sent and nobody is asked: it does not matter whether the service runs.
    """
    from postroom.wiring.explain import explain as explained

    configure("error", "auto")
    raw = file.read(LARGEST + 1)
    if len(raw) > LARGEST:
        raise click.UsageError(f"the file has more than {LARGEST} octets: no gateway takes such a mail")
    with named_or_built_in(folder) as (generation, name):
        try:
            found = asyncio.run(explained(generation, raw, at or SystemClock().now(), gateway))
        except ConfigurationError as error:
            if gateway is not None:
                raise click.UsageError(str(error)) from error
            click.echo(f"postroom: {name}: {error}", err=True)
            sys.exit(EXIT_CONFIGURATION)
    if as_json:
        show_json(found)
        return
    click.echo(harmless(f"{file.name} by {name}, as if it came {found.at:%Y-%m-%d %H:%M:%S %Z}"))
    show_table(COLUMNS, rows(found), "")
    _show_reply(found)


def rows(found: Explanation) -> Iterator[Row]:
    """Every verdict in the order it is made."""
    yield "gateway", f"{found.tenant}/{found.gateway}", found.gateway_why
    if found.read is None:
        yield "reading", found.service.outcome, found.words
        return
    yield from _of_the_mail(found)
    yield from _of_the_channel(found)
    yield from _of_the_session(found)


def _of_the_mail(found: Explanation) -> Iterator[Row]:
    read, kind, keys, text = found.read, found.mail_class, found.keys, found.text
    if read is None or kind is None or keys is None or text is None:
        return
    verdict = f"{len(read.defects)} defects" if read.defects else "clean"
    about = f"{read.size} octets from {read.from_address or 'nobody'}: {read.subject or '(no subject)'}"
    yield "reading", verdict, "; ".join((about, *read.defects[:SHOWN]))
    yield "received", f"{read.received_at:%Y-%m-%d %H:%M:%SZ}", ""
    says = (f"{one.rule} {one.header}: {one.value}" if one.header else one.rule for one in kind.evidence)
    caveats = f" ({', '.join(kind.caveats)})" if kind.caveats else ""
    yield "class", kind.name + caveats, "; ".join(says) or "nothing speaks against a person"
    for route in found.routes:
        derived = ", derived from the channel" if route.is_derived else ""
        yield "route", f"{route.name} -> {route.target}", f"{route.result}{derived}{_colon(route.reason)}"
    if not any(route.result == "matched" for route in found.routes):
        yield "route", "unrouted", "no notification route matches"
    yield "thread", "new conversation", _keys(found)
    yield (
        "text",
        f"{text.new} new",
        f"{text.quoted} quoted, {text.signature} signature; characters"
        + (f"; written in {text.language}" if text.language else ""),
    )


def _keys(found: Explanation) -> str:
    keys = found.keys
    if keys is None:
        return ""
    said = []
    if keys.tokens_unproven:
        said.append(f"{keys.tokens_unproven} ids look like ours; without the service's key ring nobody can prove them")
    if keys.message_ids:
        more = " …" if len(keys.message_ids) > SHOWN else ""
        said.append(f"Message-IDs that would be looked for: {', '.join(keys.message_ids[:SHOWN])}{more}")
    if keys.subject_tags:
        said.append(f"tags of the subject: {', '.join(keys.subject_tags)}")
    return "; ".join(said) or "it names no earlier mail"


def _of_the_channel(found: Explanation) -> Iterator[Row]:
    hours, word = found.work_time, found.keyword
    yield "channel", found.channel or "none", ""
    if hours is not None:
        change = f"closes {_local(hours.next_closing)}" if hours.is_open else f"opens {_local(hours.next_opening)}"
        where = f"{hours.day}, {hours.now:%a %Y-%m-%d %H:%M} in {hours.zone}; {change}"
        yield "work time", "open" if hours.is_open else "closed", where
    if word is not None:
        none = "none" if word.is_asked else "not looked for"
        yield "keyword", word.keyword or none, word.evidence or ("" if word.is_asked else "the channel has no robot")


def _of_the_session(found: Explanation) -> Iterator[Row]:
    service, automatic = found.service, found.automatic
    yield "outcome", service.outcome, found.words
    if service.phase:
        robot = f"the robot {service.robot} is asked" if service.robot else f"queue {service.queue}"
        yield "session", service.phase, f"{robot}, priority {service.priority}"
    verdict = f"{automatic.kind} {'sent' if automatic.is_sent else 'not sent'}".strip()
    why = f"to {automatic.to}" if automatic.is_sent else f"{automatic.reason}{_colon(automatic.words)}".lstrip(": ")
    yield "automatic reply", verdict, why
    for deadline in service.deadlines:
        yield "deadline", deadline.kind, f"due {deadline.due_at:%Y-%m-%d %H:%M:%SZ}"


def _show_reply(found: Explanation) -> None:
    if not found.automatic.is_sent:
        return
    click.echo(f"\nThe automatic reply to {harmless(found.automatic.to)}:")
    click.echo(f"  Subject: {harmless(found.automatic.subject)}")
    for line in found.automatic.text.splitlines():
        click.echo(f"  | {harmless(line)}")


def _colon(words: str) -> str:
    return f": {words}" if words else ""


def _local(at: datetime | None) -> str:
    return f"{at:%a %Y-%m-%d %H:%M}" if at is not None else "never"
