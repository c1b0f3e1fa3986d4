from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from postroom.dispatch.robots.bm25 import MOST_HITS, Document, Index

WORDS = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=6).map(tuple)
DOCUMENTS = st.lists(
    st.builds(
        Document,
        phrasings=st.lists(WORDS, min_size=1, max_size=3).map(tuple),
        tags=st.lists(WORDS, max_size=2).map(tuple),
    ),
    min_size=1,
    max_size=30,
)


def of(*phrasings: str, tags: str = "") -> Document:
    return Document(
        phrasings=tuple(tuple(one.split()) for one in phrasings), tags=tuple((tag,) for tag in tags.split())
    )


def test_the_entry_whose_question_is_asked_comes_first_and_is_certain() -> None:
    index = Index([of("return lamp"), of("cancel order", "stop order"), of("opening hours")])
    hits = index.search(["stop", "order"])
    assert [hit.entry for hit in hits] == [1]
    assert hits[0].confidence == 1.0


def test_a_term_that_no_entry_has_makes_every_hit_less_sure() -> None:
    index = Index([of("cancel order"), of("opening hours")])
    sure, unsure = index.search(["cancel", "order"])[0], index.search(["cancel", "order", "elephant"])[0]
    assert unsure.confidence < sure.confidence


def test_a_rare_term_tells_more_than_a_frequent_one() -> None:
    index = Index([of("order invoice"), of("order parcel"), of("order address")])
    assert index.search(["order", "parcel"])[0].entry == 1


def test_a_tag_alone_is_less_sure_than_a_question() -> None:
    index = Index([of("shipping cost", tags="postage"), of("opening hours")])
    assert 0.5 < index.search(["postage"])[0].confidence < 1.0


def test_entries_that_are_not_asked_for_are_not_found() -> None:
    index = Index([of("cancel order"), of("cancel order")])
    assert [hit.entry for hit in index.search(["order"], among={1})] == [1]
    assert index.search(["elephant"]) == []
    assert Index([]).search(["order"]) == []


@given(DOCUMENTS, st.lists(st.sampled_from("abcdefghxyz"), max_size=10))
def test_confidence_is_a_share_and_the_order_is_always_the_same(documents: list[Document], asked: list[str]) -> None:
    hits = Index(documents).search(asked)
    assert hits == Index(documents).search(asked)
    assert len(hits) <= MOST_HITS
    assert all(0.0 <= hit.confidence <= 1.0 + 1e-9 for hit in hits)
    assert [hit.confidence for hit in hits] == sorted((hit.confidence for hit in hits), reverse=True)


@given(DOCUMENTS, st.data())
def test_a_question_asked_word_for_word_is_found_with_certainty(documents: list[Document], data: st.DataObject) -> None:
    entry = data.draw(st.integers(0, len(documents) - 1))
    asked = documents[entry].phrasings[0]
    hits = Index(documents).search(asked)
    assert hits[0].confidence > 1.0 - 1e-9
