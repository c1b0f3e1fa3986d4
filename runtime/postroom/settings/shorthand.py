"""Where what is written differs from the schema: short ways of writing, fields nobody writes, rules beside a type.

It is in charge of form only; lines stay those of what was written.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from postroom.routing.routes import Route
from postroom.settings.calendars import Days, Ical
from postroom.settings.channel_rules import AutoReply, ChannelRobot, NoCustomerReply, SessionTransfer
from postroom.settings.oauth2 import OAuth2
from postroom.settings.rules import Name
from postroom.settings.schema import ImapGateway, Label, Pop3Gateway, Priority, SmtpGateway
from postroom.settings.wording import Template, Wording, one_wording, with_languages
from postroom.settings.yaml import Entry, Mapping, Node, Scalar, Sequence

GENERATED: frozenset[tuple[type[Struct], str]] = frozenset({(Route, "automatic")})
"""Fields nobody writes: the runtime sets them."""

NARROWED: dict[tuple[type[Struct], str], object] = {
    (Route, "name"): Name,
    (Route, "priority"): Priority | None,
    (Route, "labels"): tuple[Label, ...],
}
"""Types with their rules, for structs of rooms that know no rules of settings."""


def written_out(kind: type[Struct], node: Node) -> Node:
    """Give the node with every shorthand of that struct replaced; anything else stays as it is."""
    rewrite = _REWRITES.get(kind)
    return rewrite(node) if rewrite else node


def _with_certificates(node: Node) -> Node:
    """One certificate may be written without the brackets of a list."""
    if not isinstance(node, Mapping) or not isinstance(node.get("certificate"), Scalar):
        return node
    entries = (
        Entry(one.key, one.line, Sequence((one.node,), one.line)) if one.key == "certificate" else one
        for one in node.entries
    )
    return Mapping(tuple(entries), node.line)


def _box(node: Node, clear_port: int) -> Node:
    node = _with_certificates(_with_port(node, {"none": clear_port, "starttls": clear_port}))
    leave = node.get("leave_on_server") if isinstance(node, Mapping) else None
    if not isinstance(node, Mapping) or not isinstance(leave, Mapping):
        return node
    entries = [entry for entry in node.entries if entry.key != "leave_on_server"]
    days = [Entry(f"leave_{entry.key}", entry.line, entry.node) for entry in leave.entries]
    left = Entry("leave_on_server", leave.line, Scalar(True, "true", leave.line))
    return Mapping((*entries, left, *days), node.line)


def _with_port(node: Node, ports: dict[str, int]) -> Node:
    if not isinstance(node, Mapping) or node.get("port") is not None:
        return node
    security = node.get("security")
    port = ports.get(security.text) if isinstance(security, Scalar) else None
    if port is None:
        return node
    return Mapping((*node.entries, Entry("port", node.line, Scalar(port, str(port), node.line))), node.line)


def _smtp(node: Node) -> Node:
    return _with_certificates(_with_port(node, {"none": 25, "starttls": 587}))


def _alone(key: str) -> Callable[[Node], Node]:
    """A single value stands for a mapping with that one key."""

    def written(node: Node) -> Node:
        return Mapping((Entry(key, node.line, node),), node.line) if isinstance(node, Scalar) else node

    return written


def _transfer(node: Node) -> Node:
    if isinstance(node, Scalar):
        return Mapping((Entry("to", node.line, node),), node.line)
    if isinstance(node, Sequence):
        named = Scalar("named", "named", node.line)
        return Mapping((Entry("to", node.line, named), Entry("names", node.line, node)), node.line)
    return node


def _auto_reply(node: Node) -> Node:
    return with_languages(node, frozenset({"working", "non_working", "holiday", "backlog"}))


def _no_customer_reply(node: Node) -> Node:
    return with_languages(node, frozenset({"remind_with"}))


def _template(node: Node) -> Node:
    return with_languages(node, frozenset({"texts"}))


_REWRITES: dict[type[Struct], Callable[[Node], Node]] = {
    OAuth2: _with_certificates,
    Pop3Gateway: lambda node: _box(node, 110),
    ImapGateway: lambda node: _box(node, 143),
    SmtpGateway: _smtp,
    ChannelRobot: _alone("name"),
    Days: _alone("from"),
    Ical: _alone("source"),
    SessionTransfer: _transfer,
    AutoReply: _auto_reply,
    NoCustomerReply: _no_customer_reply,
    Template: _template,
    Wording: one_wording,
}
