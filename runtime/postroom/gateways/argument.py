"""What may stand in a command: never what could end it and begin another."""

from __future__ import annotations

from postroom.gateways.faults import UnsafeArgument

_DEL = 0x7F
_SPACE = 0x20


def argument(text: str) -> bytes:
    """Encode an argument as UTF-8. Raises UnsafeArgument for CR, LF, any other C0 control, or DEL."""
    encoded = text.encode("utf-8", "surrogateescape")
    if any(octet < _SPACE or octet == _DEL for octet in encoded):
        raise UnsafeArgument("it holds a control character (such as a line break), which no command may carry")
    return encoded
