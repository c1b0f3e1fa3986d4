"""What config/postroom.yaml says of the process itself: its store, doors, logs and broker."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from postroom.settings.mqtt import MqttSettings
from postroom.settings.rules import AtMost, Between, ListenAt, OneOf, Seconds, Unit
from postroom.settings.secrets import Secret


class StoreSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where everything is kept: one folder with the database, the blobs and the keys, relative to the configuration."""

    folder: Annotated[str, AtMost(4096, least=1)] = "var"


class SourceSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where tenants are set: in files, or in the store by way of the HTTP door, as versions."""

    source: Annotated[str, OneOf(("files", "store"))] = "files"
    keys: Annotated[tuple[Secret, ...], AtMost(20)] = ()
    """Fernet keys that secrets in the store are sealed with: the first seals, each opens."""
    files: Annotated[str, AtMost(4096, least=1)] | None = None
    """With `store`: the folder, relative to the configuration, whose files tenants may name; None: they name none."""

    @property
    def is_store(self) -> bool:
        """Whether tenants are set in the store."""
        return self.source == "store"


class RateLimits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How fast one caller and one address may ask: so many a second, and so many at once after a pause."""

    caller_per_second: Annotated[float, Between(0.1, 100_000)] = 200.0
    caller_burst: Annotated[int, Between(1, 1_000_000)] = 500
    address_per_second: Annotated[float, Between(0.1, 100_000)] = 500.0
    address_burst: Annotated[int, Between(1, 1_000_000)] = 2_000
    sign_ins_per_minute: Annotated[int, Between(1, 10_000)] = 10
    """Passwords tried for one account, and from one address."""


class HttpSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The HTTP door."""

    listen: ListenAt = "127.0.0.1:8025"
    allow_plain_http: bool = False
    rate_limits: RateLimits = RateLimits()
    sign_in_for: Annotated[Seconds, Between(60, 30 * 86_400, Unit.SECONDS)] = 12 * 3600.0
    """How long a browser stays signed in."""
    audit_kept: Annotated[Seconds, Between(86_400, 3_660 * 86_400, Unit.SECONDS)] = 366 * 86_400.0
    """How long the audit log keeps what was done."""


class OpsSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Metrics and health."""

    listen: ListenAt = "127.0.0.1:9025"


class LogSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much is logged, and how: `auto` is readable on a terminal and JSON otherwise."""

    level: Annotated[str, OneOf(("debug", "info", "warning", "error"))] = "info"
    format: Annotated[str, OneOf(("auto", "console", "json"))] = "auto"


class Process(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """config/postroom.yaml: the process itself."""

    store: StoreSettings = StoreSettings()
    settings: SourceSettings = SourceSettings()
    http: HttpSettings = HttpSettings()
    ops: OpsSettings = OpsSettings()
    logs: LogSettings = LogSettings()
    mqtt: MqttSettings | None = None
    drain_within: Annotated[Seconds, Between(1, 300, Unit.SECONDS)] = 30.0
