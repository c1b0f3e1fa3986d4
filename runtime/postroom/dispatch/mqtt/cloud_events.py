"""Messages as CloudEvents 1.0 in JSON, structured mode: what goes out, and what comes in. Pure."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote

import msgspec
from msgspec import Struct

TYPE = "com.postroom"


class Command(Struct, frozen=True, kw_only=True):
    """What a client sends: an event whose `data` is the command; its `id` is the same whenever it is repeated."""

    id: str = ""
    data: dict[str, object] = {}
    specversion: str = "1.0"


_COMMANDS = msgspec.json.Decoder(Command)
LONGEST_ID = 200


def source(tenant: str) -> str:
    """Where a tenant's events come from."""
    return f"/postroom/{quote(tenant, safe='')}"


def encoded(event_id: str, tenant: str, kind: str, data: object, time: datetime | None = None) -> bytes:
    """Write an event of the tenant's."""
    content = msgspec.json.encode(data)
    event = {"specversion": "1.0", "id": event_id, "source": source(tenant), "type": f"{TYPE}.{kind}"}
    if time is not None:
        event["time"] = time.isoformat().replace("+00:00", "Z")
    return msgspec.json.encode({**event, "datacontenttype": "application/json", "data": msgspec.Raw(content)})


def command(payload: bytes) -> Command:
    """Read a command. Raises ValueError in words for what is none."""
    try:
        found = _COMMANDS.decode(payload or b"{}")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"the message is no CloudEvent in JSON: {error}"[:300]) from error
    if found.specversion != "1.0":
        raise ValueError("specversion: it must be 1.0")
    if len(found.id) > LONGEST_ID or not found.id.isascii() or not (found.id.isprintable()):
        raise ValueError(f"id: it must be at most {LONGEST_ID} printable ASCII characters")
    return found
