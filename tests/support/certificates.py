"""Certificates for servers in tests: a private authority, and what it signs, good or bad."""

from __future__ import annotations

import datetime as dt
import ssl
from pathlib import Path

import trustme


class Authority:
    """A private certificate authority."""

    def __init__(self) -> None:
        self._ca = trustme.CA()

    @property
    def pem(self) -> bytes:
        """The authority's own certificate as PEM."""
        return self._ca.cert_pem.bytes()

    @property
    def der(self) -> bytes:
        """The authority's own certificate as DER, the usual content of a `.cer` file."""
        return ssl.PEM_cert_to_DER_cert(self.pem.decode())

    def server_context(self, *names: str, expired: bool = False) -> ssl.SSLContext:
        """A server's TLS context for these names (localhost and 127.0.0.1 when none is given)."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._issue(names, expired=expired).configure_cert(context)
        return context

    def write_server(self, folder: Path, *names: str, expired: bool = False) -> tuple[Path, Path]:
        """Write a server's certificate chain and key as PEM files, and give their paths."""
        issued = self._issue(names, expired=expired)
        chain, key = folder / "server-chain.pem", folder / "server-key.pem"
        chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(str(key))
        return chain, key

    def _issue(self, names: tuple[str, ...], *, expired: bool) -> trustme.LeafCert:
        until = dt.datetime(2001, 1, 1, tzinfo=dt.UTC) if expired else None
        return self._ca.issue_cert(*(names or ("localhost", "127.0.0.1")), not_after=until)
