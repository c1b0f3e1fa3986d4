"""One session with a server that mail is collected from: whatever goes wrong in it ends it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from postroom.gateways.faults import ProtocolFault
from postroom.gateways.stream import Stream
from postroom.ports.gateways import GatewayError, GatewayStatus


class Guarded:
    """A session over a stream; a late reply must never be taken for a later command's."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._broken = False

    @contextmanager
    def _session(self) -> Iterator[None]:
        """Do something in the session. Raises GatewayError, also where the session has ended before."""
        if self._broken:
            raise GatewayError(GatewayStatus.DISCONNECTED, f"the session with {self._stream.peer} has ended")
        try:
            yield
        except GeneratorExit:
            raise
        except ProtocolFault as fault:
            self.abort()
            words = f"{self._stream.peer} {fault.words}"
            raise GatewayError(GatewayStatus.CONNECTION_FAILED, words) from fault
        except BaseException:
            self.abort()
            raise

    def abort(self) -> None:
        """Drop the connection now; nothing marked is deleted."""
        self._broken = True
        self._stream.abort()
