"""Content-Transfer-Encoding undone, leniently and piece by piece (RFC 2045 §6); it never raises.

Large parts come in pieces of about a megabyte, so that a thread that decodes one lets others run in between.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Iterator

from postroom.mail.octets import Octets

_PIECE = 1 << 20
_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))
_BASE64_OR_BLANK = bytes(set(range(256)) - set(_NOT_BASE64)) + b" \t\r\n"
IDENTITY = frozenset({"", "7bit", "8bit", "binary"})
KNOWN = IDENTITY | {"base64", "quoted-printable", "x-uuencode", "uuencode", "x-uue", "uue"}
_QUANTUM = 4
_UU_LONGEST_BEGIN = 267
_UU_BEGIN = re.compile(rb"begin [0-7]{3,4} [^\n]{0,255}\n")


def decode_transfer(raw: Octets, start: int, end: int, encoding: str) -> Iterator[bytes]:
    """The octets of raw[start:end] with the encoding undone; an unknown encoding leaves them as they are."""
    if encoding == "base64":
        return _base64_pieces(raw, start, end)
    if encoding == "quoted-printable":
        return (binascii.a2b_qp(piece) for piece in _line_pieces(raw, start, end))
    if encoding in KNOWN - IDENTITY:
        return _uu_pieces(raw, start, end)
    return (raw[at : min(at + _PIECE, end)] for at in range(start, end, _PIECE))


def base64_octets(raw: bytes) -> bytes:
    """What can be read of this base64: foreign octets are skipped, missing padding is supplied (RFC 2045 §6.8)."""
    return b"".join(_base64_pieces(raw, 0, len(raw)))


def _base64_pieces(raw: Octets, start: int, end: int) -> Iterator[bytes]:
    rest = b""
    stop = _padding(raw, start, end)
    for at in range(start, stop, _PIECE):
        letters = rest + raw[at : min(at + _PIECE, stop)].translate(None, _NOT_BASE64)
        whole = len(letters) - len(letters) % _QUANTUM
        rest = letters[whole:]
        yield binascii.a2b_base64(letters[:whole])
    if len(rest) > 1:
        yield binascii.a2b_base64(rest + b"=" * (_QUANTUM - len(rest)))


def measure_base64(raw: bytes, start: int, end: int) -> tuple[int, bytes]:
    """How many octets raw[start:end] holds, and the SHA-256 of its letters: what it is without the work of decoding."""
    letters, digest = 0, hashlib.sha256()
    stop = _padding(raw, start, end)
    for at in range(start, stop, _PIECE):
        piece = raw[at : min(at + _PIECE, stop)].translate(None, _NOT_BASE64)
        letters += len(piece)
        digest.update(piece)
    return letters // _QUANTUM * 3 + max(letters % _QUANTUM - 1, 0), digest.digest()


def is_base64(raw: bytes, start: int, end: int) -> bool:
    """Whether raw[start:end] up to its padding holds the letters of base64 and blanks alone."""
    return not raw[start : _padding(raw, start, end)].translate(None, _BASE64_OR_BLANK)


def base64_letters(content: bytes) -> bytes:
    """The letters by which `measure_base64` would know this content."""
    return binascii.b2a_base64(content, newline=False).rstrip(b"=")


def _padding(raw: Octets, start: int, end: int) -> int:
    """Where the data ends: RFC 2045 §6.8 takes padding as the end, which also leaves an appended footer out."""
    at = raw.find(b"=", start, end)
    return end if at < 0 else at


def _line_pieces(raw: Octets, start: int, end: int) -> Iterator[bytes]:
    """Whole lines, but for one that is longer than a piece may be."""
    while start < end:
        most = min(start + 2 * _PIECE, end)
        cut = raw.find(b"\n", start + _PIECE, most)
        stop = most if cut < 0 else cut + 1
        if cut < 0 and stop < end:
            # RFC 2045 §6.7: an equals sign and the two characters after it stay together.
            at = raw.find(b"=", stop - 2, stop)
            stop = stop if at < 0 else at
        yield raw[start:stop]
        start = stop


def _uu_pieces(raw: Octets, start: int, end: int) -> Iterator[bytes]:
    """The first file of a uuencoded text; without one, the text itself."""
    begin = _uu_begin(raw, start, end)
    if begin < 0:
        yield from _line_pieces(raw, start, end)
        return
    for piece in _line_pieces(raw, begin, end):
        lines = piece.removesuffix(b"\n").split(b"\n")
        last = next((n for n, line in enumerate(lines) if line.startswith(b"end") or not line.strip()), len(lines))
        yield b"".join(_uu_line(line.rstrip(b"\r")) for line in lines[:last])
        if last < len(lines):
            return


def _uu_begin(raw: Octets, start: int, end: int) -> int:
    """Where the lines of the first file begin, or -1."""
    at = raw.find(b"begin ", start, end)
    while at >= 0:
        line = _UU_BEGIN.match(raw[at : min(at + _UU_LONGEST_BEGIN, end)])
        if line is not None:
            return at + line.end()
        at = raw.find(b"begin ", at + 1, end)
    return -1


def _uu_line(line: bytes) -> bytes:
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        # Encoders disagree on the padding of a line: its first octet says how many octets count.
        wanted = (((line[0] - 32) & 63) * 4 + 5) // 3
        try:
            return binascii.a2b_uu(line[:wanted])
        except binascii.Error:
            return b""
