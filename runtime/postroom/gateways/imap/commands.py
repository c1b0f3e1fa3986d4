"""Builds the arguments of commands; one that could smuggle a command is refused (RFC 9051 §4.3, RFC 3501 §5.1.3)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator

from postroom.gateways.argument import argument


def quoted(text: str) -> bytes:
    """A text in quotes. Raises UnsafeArgument for control characters, ValueError for what is not ASCII."""
    octets = argument(text)
    if not octets.isascii():
        raise ValueError("only a literal can carry this")
    return b'"' + octets.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def folder(name: str) -> bytes:
    """A folder's name in quotes and in modified UTF-7. Raises UnsafeArgument."""
    return quoted("".join(_shifted(argument(name).decode("utf-8", "replace"))))


def _shifted(name: str) -> Iterator[str]:
    pending = ""
    for letter in f"{name}\0":
        if not letter.isascii():
            pending += letter
            continue
        if pending:
            encoded = b64encode(pending.encode("utf-16-be")).rstrip(b"=").replace(b"/", b",").decode("ascii")
            yield f"&{encoded}-"
            pending = ""
        if letter != "\0":
            yield "&-" if letter == "&" else letter


def uid_set(uids: Iterable[int]) -> bytes:
    """UIDs as a sequence set, runs of them as ranges."""
    runs: list[tuple[int, int]] = []
    for uid in sorted(set(uids)):
        if runs and runs[-1][1] == uid - 1:
            runs[-1] = (runs[-1][0], uid)
        else:
            runs.append((uid, uid))
    return b",".join(b"%d" % low if low == high else b"%d:%d" % (low, high) for low, high in runs)
