"""A file of questions and answers kept ready for searching, and read again when it changes.

A changed file with a problem in it is said in the log, once, and what was known before stays in force.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import structlog
from msgspec import Struct

from postroom.dispatch.robots.bm25 import Document, Hit, Index
from postroom.dispatch.robots.terms import sentences, terms, turning_terms
from postroom.errors import TemporaryError
from postroom.ports.world import Offload
from postroom.settings.faq import Faq, FaqEntry, load

log = structlog.get_logger(__name__)

LANE = "robots"
_WHOLE = 0.999
_A_STATEMENT = 2
"""Terms from which on a sentence says something; a name below a greeting may be one."""


class Found(Struct, frozen=True, kw_only=True):
    """An entry that may answer a text, how sure that is, and what speaks against it.

    `is_said` where the text says one of its questions whole; `is_turned` where the text says no, or asks why, and the
    entry does not; `says_more` where a sentence of the text has nothing to do with the entry.
    """

    entry: FaqEntry
    confidence: float
    is_said: bool
    is_turned: bool
    says_more: bool


class Known(Struct, frozen=True, kw_only=True):
    """What one state of the file says."""

    entries: tuple[FaqEntry, ...]
    own: tuple[frozenset[str], ...]
    """The terms of each entry's questions and tags."""
    index: Index

    def find(self, text: str, language: str | None) -> list[Found]:
        """Give what may answer the text, the surest first; with a language, only of it or of none."""
        among = [i for i, entry in enumerate(self.entries) if language in {None, entry.language} or not entry.language]
        parts = [(frozenset(terms(part)), is_question) for part, is_question in sentences(text)]
        turning = turning_terms(text)
        return [self._found(hit, turning, parts) for hit in self.index.search(terms(text), frozenset(among))]

    def _found(self, hit: Hit, turning: frozenset[str], parts: Sequence[tuple[frozenset[str], bool]]) -> Found:
        own = self.own[hit.entry]
        return Found(
            entry=self.entries[hit.entry],
            confidence=hit.confidence,
            is_said=hit.said >= _WHOLE,
            is_turned=not turning <= own,
            says_more=any(len(part) >= (1 if asks else _A_STATEMENT) and not part & own for part, asks in parts),
        )


def known(entries: Sequence[FaqEntry]) -> Known:
    """Make entries ready for searching."""
    documents = [
        Document(
            phrasings=tuple(tuple(terms(question)) for question in entry.questions),
            tags=tuple(tuple(terms(tag)) for tag in entry.tags),
        )
        for entry in entries
    ]
    own = tuple(
        frozenset(term for phrase in (*document.phrasings, *document.tags) for term in phrase) for document in documents
    )
    return Known(entries=tuple(entries), own=own, index=Index(documents))


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
