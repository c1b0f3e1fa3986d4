"""The parts of a mail of ours piece by piece: the text, the HTML beside it, and the files one after the other.

The words are always the same few fields and quoted-printable; a file's fields, whose name may be anything, are the
standard library's work under policy.SMTP. A file is coded a slice at a time, and one that is only named (a callable
gives its octets, piece by piece) is read when its turn comes and let go behind it.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from binascii import b2a_qp
from collections.abc import Callable, Iterable, Iterator
from email.message import EmailMessage
from email.policy import SMTP

from msgspec import Struct

from postroom.mail.file_names import harmless_name

_OCTETS_A_LINE = 57
"""RFC 2045 §6.8: 76 characters."""
_SLICE = _OCTETS_A_LINE * 4096
_VERSION = b"MIME-Version: 1.0\r\n"


class File(Struct, frozen=True, kw_only=True):
    """An attachment of a mail of ours; its content may be read, in pieces of any size, when its turn comes."""

    name: str
    content_type: str
    content: bytes | Callable[[], Iterable[bytes]]
    content_id: str | None = None


def parts(text: str, html: str | None, files: tuple[File, ...], seed: str) -> Iterator[bytes]:
    """The MIME fields and everything below them, whole lines in each piece; boundaries come from the seed."""
    # "=_" can stand in neither quoted-printable nor base64 (RFC 2045 §6.7), so no content can hold the boundary.
    boundary = "=_" + hashlib.sha256(seed.encode("utf-8", "replace")).hexdigest()[:40]
    words = _words(text, html, f"{boundary}.1")
    if not files:
        yield _VERSION + words
        return
    yield _VERSION + f'Content-Type: multipart/mixed;\r\n boundary="{boundary}.0"\r\n'.encode()
    yield f"\r\n--{boundary}.0\r\n".encode() + words
    for file in files:
        yield f"\r\n--{boundary}.0\r\n".encode() + _head(file)
        yield from _coded(_slices(file.content) if isinstance(file.content, bytes) else file.content())
    yield f"\r\n--{boundary}.0--\r\n".encode()


def _words(text: str, html: str | None, boundary: str) -> bytes:
    """The text, or the text and the HTML as alternatives (RFC 2046 §5.1.4): fields, empty line, body."""
    if html is None:
        return _text("plain", text)
    return b"".join(
        (
            f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n'.encode(),
            f"\r\n--{boundary}\r\n".encode(),
            _text("plain", text),
            f"\r\n--{boundary}\r\n".encode(),
            _text("html", html),
            f"\r\n--{boundary}--\r\n".encode(),
        )
    )


def _text(subtype: str, text: str) -> bytes:
    fields = f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
    return fields.encode() + b2a_qp(_lines(text).replace("\n", "\r\n").encode("utf-8"))


def _lines(text: str) -> str:
    """One kind of line end, at the end too: a CR or LF alone never leaves this house (RFC 5321 §2.3.8)."""
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"


def _head(file: File) -> bytes:
    """The fields of the part and the line that ends them."""
    kind, _, subtype = file.content_type.partition("/")
    # RFC 2046 §5.2.1 and §5.1: base64, which keeps every octet, is not allowed in these.
    if kind in {"message", "multipart"}:
        kind, subtype = "application", "octet-stream"
    message = EmailMessage(policy=SMTP)
    message.set_content(
        b"",
        maintype=kind,
        subtype=subtype,
        cte="base64",
        disposition="inline" if file.content_id else "attachment",
        filename=harmless_name(file.name),
        cid=f"<{file.content_id.strip('<>')}>" if file.content_id else None,
    )
    del message["MIME-Version"]
    return message.as_bytes(policy=SMTP)


def _slices(content: bytes) -> Iterator[bytes]:
    return (content[start : start + _SLICE] for start in range(0, len(content), _SLICE))


def _coded(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The octets in base64, lines of 76 characters, however they come."""
    rest = b""
    for piece in pieces:
        octets = rest + piece
        rest = octets[len(octets) - len(octets) % _OCTETS_A_LINE :]
        yield _coded_lines(octets[: len(octets) - len(rest)])
    yield _coded_lines(rest)


def _coded_lines(octets: bytes) -> bytes:
    coded = b64encode(octets)
    return b"".join(coded[at : at + 76] + b"\r\n" for at in range(0, len(coded), 76))
