"""Mails made to break their readers, and a parser with a fault that some of them find.

The bombs are known shapes, which the real parser has to survive. What the real parser survives proves nothing about
a mail that kills it; so a process can be given one that breaks on mails which say so, in the way they say.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

FAULTY_PARSER = '''\
"""Put before the process's own modules: its parser breaks on mails that hold a word."""

import os
import signal
import sys

from postroom.mail import parse as room

is_child = "postroom.engine.child_reader" in sys.orig_argv
real = room.parse


def kill_myself():
    os.kill(os.getpid(), signal.SIGSEGV)


def fill_memory():
    bytearray(2 * 1024**3)


def loop():
    while True:
        pass


IN_CHILD = {b"EXIT": lambda: os._exit(1), b"SEGV": kill_myself, b"MEMORY": fill_memory, b"LOOP": loop}


def parse(raw, *limits):
    if b"POISON-NATIVE" in raw:
        kill_myself()
    word = next((word for word in IN_CHILD if b"POISON-" + word in raw), None)
    if word and is_child:
        IN_CHILD[word]()
    if b"POISON-" in raw:
        raise ValueError("the parser has a fault")
    return real(raw, *limits)


room.parse = parse
'''


def with_faulty_parser(folder: Path) -> dict[str, str]:
    """What to put into a process's environment so that its parser has the fault."""
    folder.mkdir(parents=True)
    (folder / "sitecustomize.py").write_text(FAULTY_PARSER)
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(paths)}


def poison(word: str, number: int) -> bytes:
    """A mail that breaks the faulty parser in the way of its word."""
    return _mail(f"poison-{word.lower()}-{number}", b"", b"POISON-%b %d" % (word.encode(), number))


def bomb(shape: str, number: int) -> bytes:
    """A mail of a shape that is known to break readers."""
    fields, body = SHAPES[shape]()
    return _mail(f"bomb-{shape}-{number}", fields, b"%d\r\n%b" % (number, body))


def _mail(name: str, fields: bytes, body: bytes) -> bytes:
    sender = f"{name}@evil.example"
    head = f"From: Mallory <{sender}>\r\nTo: support@cc.example\r\nSubject: {name}\r\nMessage-ID: <{sender}>\r\n"
    return head.encode() + b"MIME-Version: 1.0\r\n" + fields + b"\r\n" + body + b"\r\n"


Shape = Callable[[], tuple[bytes, bytes]]
MIXED = b"Content-Type: multipart/mixed; boundary=b\r\n"


def nested_multiparts() -> tuple[bytes, bytes]:
    parts = (b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (n, n + 1) for n in range(5_000))
    return b"Content-Type: multipart/mixed; boundary=b0\r\n", b"".join(parts)


SHAPES: Mapping[str, Shape] = {
    "nested-multiparts": nested_multiparts,
    "nested-messages": lambda: (
        b"Content-Type: message/rfc822\r\n",
        b"Content-Type: message/rfc822\r\n\r\n" * 5_000,
    ),
    "parts": lambda: (MIXED, b"--b\r\n\r\n" * 10_000),
    "boundaries": lambda: (MIXED, b"--b\r\n" * 100_000),
    "fields": lambda: (b"X: y\r\n" * 20_000, b""),
    "header": lambda: (b"X: " + b"y" * 400_000 + b"\r\n", b""),
    "parameters": lambda: (
        b"Content-Type: text/plain;\r\n" + b";\r\n".join(b" n*%d*=x" % n for n in range(3_000)) + b"\r\n",
        b"text",
    ),
    "addresses": lambda: (b"Cc: " + b",\r\n ".join(b"a%d@x.example" % n for n in range(4_000)) + b"\r\n", b"text"),
    "injection": lambda: (
        b"Cc: =?utf-8?q?x=0D=0ABcc=3A_v@x.example?= <c@x.example>, =?utf-8?q?a=40evil.com=3E?=@x.example\r\n",
        b"text",
    ),
    "references": lambda: (
        b"References:" + b"".join(b"\r\n <%d@x.example>" % n for n in range(8_000)) + b"\r\n",
        b"text",
    ),
    "words": lambda: (
        b"Comments: " + b"=?utf-8?q?a?= " * 10_000 + b"\r\nX-Subject: " + b"=?" * 9_000 + b"\r\n",
        b"text",
    ),
    "line": lambda: (b"", b"x" * 2_000_000),
    "base64": lambda: (b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n", b"!@#=" * 100_000),
    "html": lambda: (b"Content-Type: text/html\r\n", b"<div>" * 20_000),
    "octets": lambda: (
        b"Content-Type: text/plain; charset=utf-7\r\n",
        bytes(range(1, 10)) * 2_000 + b"\x80\xff\0" * 500,
    ),
    "open-end": lambda: (b'Content-Type: multipart/mixed; boundary="\r\n', b"--\r\n" * 100),
}
