"""Okapi BM25 over questions, with a confidence that says how much of a text an entry explains, and the other way round.

Pure and deterministic: the same entries and the same terms give the same hits in the same order. A search costs what
its terms' postings cost, however many entries there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from math import log, sqrt

from msgspec import Struct

# Robertson and Zaragoza, The Probabilistic Relevance Framework (2009), §3.4: the usual values.
_K1, _B = 1.2, 0.75
MOST_TERMS = 400
"""Distinct terms of a text that are looked up; the rest is left out."""
MOST_HITS = 20
_TAG_TELLS = 0.5
"""A tag is a subject, and a mail may say much about a subject: it is half as good as a question."""


class Document(Struct, frozen=True, kw_only=True):
    """What one entry is found by: the terms of each phrasing of its question, and of each of its tags."""

    phrasings: tuple[tuple[str, ...], ...]
    tags: tuple[tuple[str, ...], ...] = ()


class Hit(Struct, frozen=True, kw_only=True):
    """An entry that shares terms with a text: its number, the BM25 score, and a confidence from 0 to 1.

    `said` is the share, from 0 to 1, of that phrasing of its question which the text says most of.
    """

    entry: int
    score: float
    confidence: float
    said: float


class Index:
    """Entries made ready for searching."""

    def __init__(self, documents: Sequence[Document]) -> None:
        counts = [Counter(_all_terms(document)) for document in documents]
        self._lengths = [count.total() for count in counts]
        self._average = sum(self._lengths) / len(counts) if counts else 0.0
        self._documents = documents
        self._postings: dict[str, list[tuple[int, int]]] = {}
        for entry, count in enumerate(counts):
            for term, times in count.items():
                self._postings.setdefault(term, []).append((entry, times))

    def search(self, terms: Sequence[str], among: Collection[int] | None = None) -> list[Hit]:
        """Give the entries (of those `among`) that share terms with the text, the surest first, MOST_HITS at most."""
        weights = {term: self._weight(term) for term in list(dict.fromkeys(terms))[:MOST_TERMS]}
        scores: dict[int, float] = {}
        known: dict[int, float] = {}
        for term, weight in weights.items():
            for entry, times in self._postings.get(term, ()):
                if among is None or entry in among:
                    scores[entry] = scores.get(entry, 0.0) + weight * self._saturation(entry, times)
                    known[entry] = known.get(entry, 0.0) + weight
        total = sum(weights.values())
        best = sorted(scores, key=lambda entry: (-scores[entry], entry))[:MOST_HITS]
        hits = [self._hit(entry, scores[entry], weights, known[entry] / total) for entry in best]
        return sorted(hits, key=lambda hit: (-hit.confidence, -hit.score, hit.entry))

    def _weight(self, term: str) -> float:
        """Say how much a term tells (the inverse document frequency, never negative); most, where no entry has it."""
        having = len(self._postings.get(term, ()))
        return log(1 + (len(self._lengths) - having + 0.5) / (having + 0.5))

    def _saturation(self, entry: int, times: int) -> float:
        length = 1 - _B + _B * self._lengths[entry] / self._average
        return times * (_K1 + 1) / (times + _K1 * length)

    def _hit(self, entry: int, score: float, weights: Mapping[str, float], explained: float) -> Hit:
        """Be as sure as the geometric mean of the text's share that the entry explains and of what the text says."""
        document = self._documents[entry]
        said = max((self._said(phrasing, weights) for phrasing in document.phrasings), default=0.0)
        tagged = max((_TAG_TELLS * self._said(tag, weights) for tag in document.tags), default=0.0)
        return Hit(entry=entry, score=score, confidence=sqrt(explained * max(said, tagged)), said=said)

    def _said(self, phrasing: Sequence[str], weights: Mapping[str, float]) -> float:
        shares = {term: self._weight(term) for term in phrasing}
        whole = sum(shares.values())
        return sum(share for term, share in shares.items() if term in weights) / whole if whole else 0.0


def _all_terms(document: Document) -> list[str]:
    return [term for words in (*document.phrasings, *document.tags) for term in words]
