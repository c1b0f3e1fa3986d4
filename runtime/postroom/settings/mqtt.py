"""The broker's settings: where it is, how it is trusted, and who we are to it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from postroom.settings.rules import AtMost, Between, Host, Octets, OneOf, Port, Seconds, Unit
from postroom.settings.secrets import Secret

KILO = 1024
HOUR = 3600

PemFile = Annotated[str, AtMost(500, least=1)]


class MqttSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An MQTT 5 broker; files are PEM, relative to the configuration folder.

    `client_certificate` and `client_key` are what the broker knows us by, instead of or beside user and password.
    """

    host: Host
    port: Port = 8883
    tls: bool = True
    allow_plaintext: bool = False
    min_tls: Annotated[str, OneOf(("1.2", "1.3"))] = "1.2"
    ca: PemFile | None = None
    """The authority that signed the broker's certificate; left out, those the system trusts."""
    client_certificate: PemFile | None = None
    client_key: PemFile | None = None
    user: Annotated[str, AtMost(500)] = ""
    password: Secret | None = None
    client_id: Annotated[str, AtMost(100, least=1)] = "postroom"
    """One a running service: a broker drops the older of two clients of the same name."""
    keep_alive: Annotated[Seconds, Between(5, HOUR, Unit.SECONDS)] = 30.0
    in_flight: Annotated[int, Between(1, 1000)] = 50
    """Messages on their way that the broker has not confirmed."""
    max_message_size: Annotated[Octets, Between(KILO, 16 * KILO * KILO, Unit.OCTETS)] = 256 * KILO
