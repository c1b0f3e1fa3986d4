"""aiomqtt's client, with what the broker says to a message: one that it refuses (MQTT 5 §3.4.2.1) was not published.

aiomqtt takes any answer for a confirmation, and has no door for this: two of its own methods are gone on with here, and
a test with a broker that refuses says if a release changes them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import aiomqtt


class NotTaken(aiomqtt.MqttError):
    """The broker is there and refused the message."""


class ConfirmedClient(aiomqtt.Client):
    """Its `publish` raises NotTaken where the broker refuses."""

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 aiomqtt's own
        super().__init__(*args, **options)
        self._refusals: dict[int, str] = {}

    def _on_publish(self, client: Any, userdata: Any, mid: int, reason_code: Any, properties: Any) -> None:  # noqa: ANN401 aiomqtt's own
        if reason_code.is_failure:
            self._refusals[mid] = str(reason_code)
        super()._on_publish(client, userdata, mid, reason_code, properties)

    @contextlib.contextmanager
    def _pending_call(self, mid: int, value: Any, pending_dict: dict[int, Any]) -> Iterator[None]:  # noqa: ANN401 aiomqtt's own
        self._refusals.pop(mid, None)
        with super()._pending_call(mid, value, pending_dict):
            yield
        why = self._refusals.pop(mid, None)
        if why is not None:
            raise NotTaken(why)
