"""How the broker is reached, from the settings; secrets and certificates are read at the moment of connecting."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from postroom.errors import ConfigurationError
from postroom.settings.mqtt import MqttSettings

_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


@dataclass(frozen=True, slots=True)
class Options:
    """The settings with the folder their files are relative to."""

    settings: MqttSettings
    folder: Path

    @property
    def host(self) -> str:
        """The broker's name."""
        return self.settings.host

    @property
    def port(self) -> int:
        """The broker's port."""
        return self.settings.port

    @property
    def user(self) -> str:
        """Who we are, or empty."""
        return self.settings.user

    @property
    def client_id(self) -> str:
        """What the broker keeps our session under."""
        return self.settings.client_id

    @property
    def keep_alive(self) -> float:
        """Seconds of silence after which we say that we are there."""
        return self.settings.keep_alive

    @property
    def in_flight(self) -> int:
        """Messages that may be unconfirmed at once."""
        return self.settings.in_flight

    @property
    def max_message_size(self) -> int:
        """Octets of a message's body, either way."""
        return self.settings.max_message_size

    def password(self) -> str | None:
        """The password as it is now. Raises ConfigurationError."""
        return self.settings.password.reveal() if self.settings.password is not None else None

    def tls_context(self) -> ssl.SSLContext | None:
        """Whom to trust and what we are known by; None without TLS. Raises ConfigurationError."""
        settings = self.settings
        if not settings.tls:
            return None
        try:
            context = ssl.create_default_context(cafile=self._path(settings.ca) if settings.ca else None)
            context.minimum_version = _VERSIONS[settings.min_tls]
            if settings.client_certificate and settings.client_key:
                context.load_cert_chain(self._path(settings.client_certificate), self._path(settings.client_key))
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(f"mqtt: a certificate cannot be used: {error}") from error
        return context

    def _path(self, name: str) -> str:
        return str(self.folder / name)
