"""Reads a status line of a POP3 server as a value (RFC 1939 §3, RFC 2449 §8); what to do about it is not its affair."""

from __future__ import annotations

from msgspec import Struct

from postroom.gateways.pop3.faults import ProtocolFault

_WORDS_MAX = 200
_CODE_MAX = 64
_SIGNS = ((b"+OK", True), (b"-ERR", False))
_STRANGERS = (
    (b"* ", "speaks IMAP, not POP3: use its POP3 port, or a gateway of kind imap"),
    (b"220", "speaks SMTP or FTP, not POP3: check the port"),
    (b"HTTP/", "is a web server, not a POP3 server: check the host and the port"),
    (b"SSH-", "is an SSH server, not a POP3 server: check the port"),
    (b"\x15\x03", "speaks TLS on this port: set security to tls"),
    (b"\x16\x03", "speaks TLS on this port: set security to tls"),
)


class Reply(Struct, frozen=True):
    """A status line: good or not, its response code in capitals ("" for none), the server's words made printable."""

    ok: bool
    code: str = ""
    text: str = ""


def parse_reply(line: bytes) -> Reply:
    """Read a status line without its CRLF. Raises ProtocolFault when it is none."""
    for sign, ok in _SIGNS:
        if line.startswith(sign) and not line[len(sign) : len(sign) + 1].isalnum():
            code, text = _split_code(line[len(sign) :].strip())
            return Reply(ok, code, printable(text))
    raise ProtocolFault(stranger(line) or f"answered {printable(line)!r}, which is no POP3 reply")


def is_continuation(line: bytes) -> bool:
    """Whether the line asks for more in an AUTH exchange (RFC 5034 §4)."""
    return line == b"+" or line.startswith(b"+ ")


def stranger(start: bytes) -> str:
    """Say who speaks like this, when it is a well-known protocol other than POP3; else nothing."""
    return next((words for prefix, words in _STRANGERS if start.startswith(prefix)), "")


def printable(text: bytes) -> str:
    """A server's words for people: no control characters, at most 200 characters."""
    words = text[: _WORDS_MAX * 4].decode("utf-8", "replace")
    if words.isprintable():
        return words[:_WORDS_MAX]
    return "".join(letter if letter.isprintable() else "?" for letter in words)[:_WORDS_MAX]


def _split_code(text: bytes) -> tuple[str, bytes]:
    # RFC 2449 §8: an extended response code is the first thing of the text, in square brackets
    if not text.startswith(b"["):
        return "", text
    code, bracket, _ = text[1 : _CODE_MAX + 1].partition(b"]")
    if not bracket:
        return "", text
    name = next(iter(printable(code).upper().split()), "")
    return name, text[len(code) + 2 :].strip()
