"""A file of questions and answers kept ready for searching, and read again when it changes.

A changed file with a problem in it is said in the log, once, and what was known before stays in force.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import structlog
from msgspec import Struct

from postroom.dispatch.robots.bm25 import Document, Hit, Index
from postroom.dispatch.robots.terms import terms, turning_terms
from postroom.errors import TemporaryError
from postroom.ports.world import Offload
from postroom.settings.faq import Faq, FaqEntry, load

log = structlog.get_logger(__name__)

LANE = "robots"


class Found(Struct, frozen=True, kw_only=True):
    """An entry that may answer a text; `is_turned` where the text says no, or why, and the entry does not."""

    entry: FaqEntry
    confidence: float
    is_turned: bool


class Known(Struct, frozen=True, kw_only=True):
    """What one state of the file says."""

    entries: tuple[FaqEntry, ...]
    index: Index

    def find(self, text: str, language: str | None) -> list[Found]:
        """Give what may answer the text, the surest first; with a language, only of it or of none."""
        among = [i for i, entry in enumerate(self.entries) if language in {None, entry.language} or not entry.language]
        turning = turning_terms(text)
        return [self._found(hit, turning) for hit in self.index.search(terms(text), frozenset(among))]

    def _found(self, hit: Hit, turning: frozenset[str]) -> Found:
        entry = self.entries[hit.entry]
        own = {term for question in entry.questions for term in terms(question)} if turning else set()
        return Found(entry=entry, confidence=hit.confidence, is_turned=not turning <= own)


def known(entries: Sequence[FaqEntry]) -> Known:
    """Make entries ready for searching."""
    documents = [
        Document(
            phrasings=tuple(tuple(terms(question)) for question in entry.questions),
            tags=tuple(tuple(terms(tag)) for tag in entry.tags),
        )
        for entry in entries
    ]
    return Known(entries=tuple(entries), index=Index(documents))


class Knowledge:
    """The file, as it is now."""

    def __init__(self, file: Path, offload: Offload) -> None:
        self._file = file
        self._offload = offload
        self._known: Known | None = None
        self._seen: tuple[int, int, int] | None = None

    async def find(self, text: str, language: str | None) -> list[Found]:
        """Search the file as it is now. Raises TemporaryError while it never was readable."""
        return await self._offload.run(LANE, self._find, text, language)

    def _find(self, text: str, language: str | None) -> list[Found]:
        state = self._state()
        if state != self._seen:
            self._seen = state
            self._read()
        if self._known is None:
            raise TemporaryError(f"the questions and answers in {self._file} cannot be read")
        return self._known.find(text, language)

    def _state(self) -> tuple[int, int, int] | None:
        try:
            found = self._file.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> None:
        faq: Faq = load(self._file)
        if faq.problems:
            log.error("questions_not_read", why=str(faq.problems[0]), problems=len(faq.problems))
            return
        self._known = known(faq.entries)
        log.info("questions_read", file=str(self._file), entries=len(faq.entries))
