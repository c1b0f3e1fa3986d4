"""Hostile octets: real mails cut, repeated and spliced, or, where no corpus is at hand, the suite's own mail."""

from __future__ import annotations

import functools

from hypothesis import strategies as st

from tests.mail.corpus import files
from tests.mail.mails import CLEAN, raw_mail

LARGEST = 8_000
SEEDS = 120
SPLICES = (b"", b"\r\n", b"\r\n\r\n", b"\n", b"\r", b"\0", b"--", b"=?utf-8?q?", b"?=", b"<", b">", b"@", b'"', b"\xff")


@functools.cache
def seeds() -> tuple[bytes, ...]:
    """Small mails of many systems, the same ones in every run."""
    found = [path.read_bytes() for folder in ("bounces", "mail-gem", "mail-parser") for path in files(folder)]
    small = [raw for raw in found if len(raw) <= LARGEST]
    return (raw_mail(CLEAN), *small[:: max(1, len(small) // SEEDS)])


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A mail with a few of its places changed."""
    raw = draw(st.sampled_from(seeds()))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(raw)))
        end = min(len(raw), start + draw(st.integers(0, 200)))
        again = raw[start:end] * draw(st.sampled_from((0, 0, 1, 20)))
        raw = raw[:start] + draw(st.sampled_from(SPLICES) | st.binary(max_size=20)) + raw[end:] + again
    return raw


@st.composite
def chunks(draw: st.DrawFn, raw: bytes) -> list[bytes]:
    """The same octets in pieces, as a network may bring them."""
    cuts = sorted(draw(st.lists(st.integers(0, len(raw)), max_size=8)))
    return [raw[start:end] for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
