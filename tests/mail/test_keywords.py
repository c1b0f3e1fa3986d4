from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.mail.folding import folded
from postroom.mail.keywords import Found, KeywordHit, Keywords, compiled, keyword_in
from postroom.mail.message import Message


def found(text: str, *literals: str) -> str | None:
    hit = compiled(literals).first(text)
    return text[hit.start : hit.end] if hit is not None else None


SAME = [
    ("human agent", "a HUMAN\n  agent, please", "HUMAN\n  agent"),
    ("human", "hu\u200bm\u00adan", "hu\u200bm\u00adan"),
    ("human", "_human_", "human"),
    ("human", "我要human谢谢", "human"),
    ("human", "ｈｕｍａｎ!", "ｈｕｍａｎ"),
    ("cafe\u0301", "un CAFÉ", "CAFÉ"),
    ("café", "un cafe\u0301", "cafe\u0301"),
    ("canlı destek", "CANLI DESTEK", "CANLI DESTEK"),
    ("İnsan", "bir insan", "insan"),
    ("Straße", "die STRASSE", "STRASSE"),
    ("strasse", "die straße", "straße"),
    ("office", "oﬃce", "oﬃce"),
    ("l'agent", "à l’agent", "l’agent"),
    ("mit-arbeiter", "mit‐arbeiter", "mit‐arbeiter"),
    ("人工客服", "我要人工\n客服谢谢", "人工\n客服"),
    ("ガイド", "このｶﾞｲﾄﾞは", "ｶﾞｲﾄﾞ"),
    ("상담원", "상담원과 통화", "상담원"),
    ("상담", "\u1109\u1161\u11bc\u1103\u1161\u11b7과", "\u1109\u1161\u11bc\u1103\u1161\u11b7"),
    ("ตัวแทน", "คุยกับตัวแทนหน่อย", "ตัวแทน"),
    ("оператор", "ОПЕРАТОР.", "ОПЕРАТОР"),
    ("σύμβουλος", "ΣΎΜΒΟΥΛΟΣ", "ΣΎΜΒΟΥΛΟΣ"),
    ("موظف", "مـوظـف", "مـوظـف"),
    ("c++", "my c++x", "c++"),
    ("x\u0302", "ẍ or X\u0302", "X\u0302"),
    ("!", "help!", "!"),
    ("24", "in 24h 24 hours", "24"),
]  # fmt: skip


@pytest.mark.parametrize(("literal", "text", "written"), SAME)
def test_a_keyword_is_found_however_it_is_written(literal: str, text: str, written: str) -> None:
    assert found(text, literal) == written


OTHER = [
    ("human", "inhuman humans human1 humané"),
    ("cafe", "café cafe\u0301"),
    ("人工", "人 人口 工人"),
    ("คน", "คน\u0e48"),
    ("가", "각"),
    ("human agent", "humanagent human, agent"),
    ("", "anything"),
    ("\u200b \n", "anything \u200b"),
]


@pytest.mark.parametrize(("literal", "text"), OTHER)
def test_what_a_reader_takes_for_another_word_is_no_keyword(literal: str, text: str) -> None:
    assert found(text, literal) is None


def test_the_keyword_that_is_complete_first_is_given_and_of_several_the_longest() -> None:
    hit = compiled(["agent please", "human agent", "agent"]).first("a human agent please")
    assert hit == Found("human agent", 2, 13)


def test_of_literals_that_fold_alike_the_first_is_named() -> None:
    assert compiled(["Agent", "AGENT"]).first("agent") == Found("Agent", 0, 5)


ALPHABET = st.sampled_from("aAbß é\u0301\u200b人工กก็1. \n")
TEXT = st.text(ALPHABET, max_size=60)
LITERALS = st.lists(st.text(ALPHABET, min_size=1, max_size=6), max_size=8)


def naive(literals: list[str], text: str) -> tuple[int, int] | None:
    """The place of the first literal in the folded text, by comparing each at each place: its end, and its length."""
    symbols = folded(text)[0]
    wanted = [folded(literal)[0] for literal in literals]
    for end in range(1, len(symbols) + 1):
        lengths = [len(one) for one in wanted if one and symbols[:end][-len(one) :] == one]
        if lengths:
            return end, max(lengths)
    return None


@given(LITERALS, TEXT)
def test_one_pass_agrees_with_comparing_each_literal_at_each_place(literals: list[str], text: str) -> None:
    hit, place = compiled(literals).first(text), naive(literals, text)
    assert (hit is None) == (place is None)
    if hit is not None and place is not None:
        end, length = place
        starts = [*folded(text)[1], len(text)]
        assert (hit.start, hit.end) == (starts[end - length], starts[end])
        assert len(folded(hit.keyword)[0]) == length


@given(TEXT, TEXT, TEXT)
def test_a_literal_between_spaces_is_always_found(before: str, literal: str, after: str) -> None:
    keywords = compiled([literal])
    assert not keywords or keywords.first(f"{before} . {literal} . {after}")


@given(st.text(max_size=200))
def test_every_symbol_has_its_place(text: str) -> None:
    symbols, starts = folded(text)
    assert len(symbols) == len(starts)
    assert starts == sorted(starts)


class Counting(Mapping[tuple[int, str], int]):
    """Moves that count how often they are asked for."""

    def __init__(self, moves: Mapping[tuple[int, str], int]) -> None:
        self.moves = moves
        self.asked = 0

    def __getitem__(self, key: tuple[int, str]) -> int:
        self.asked += 1
        return self.moves[key]

    def __iter__(self) -> Iterator[tuple[int, str]]:
        return iter(self.moves)

    def __len__(self) -> int:
        return len(self.moves)


@pytest.mark.parametrize("text", ["a" * 200_000, "ab" * 100_000, "a" * 199 + "b" + "a" * 200_000, "人" * 200_000])
def test_each_symbol_costs_two_moves_at_most_whatever_the_literals(text: str) -> None:
    plain = compiled(
        [*("a" * length + "!" for length in range(1, 200)), *("人" * length + "b" for length in range(200))]
    )
    moves = Counting(plain.moves)
    assert Keywords(moves, plain.falls, plain.ends).first(text) is None
    assert moves.asked <= 2 * (len(text) + 2)


@pytest.mark.parametrize("text", ["a" + "\u0301" * 100_000, "a" + "\u200b" * 100_000 + "b", "\u0301\u0323" * 50_000])
def test_a_letter_with_any_number_of_marks_is_one_small_symbol(text: str) -> None:
    assert sum(map(len, folded(text)[0])) < 200


def customer(text: str, subject: str = "") -> Message:
    return Message(size=0, text=text, subject=subject)


AGENT = compiled(["agent"])


def test_a_hit_says_which_keyword_and_where() -> None:
    assert keyword_in(customer("An  Agent!"), AGENT, None) == KeywordHit(
        keyword="agent", where="text", at=4, written="Agent"
    )
    hit = keyword_in(customer("hello", "Re: [#A1B2C3] an AGENT"), AGENT, None)
    assert hit is not None
    assert (hit.where, hit.at, hit.written) == ("subject", 3, "AGENT")
    assert hit.evidence == "keyword 'agent' in the subject, character 4"


def test_a_subject_counts_only_where_it_is_new() -> None:
    mail = customer("hello", "AW: Fwd: an agent [#A1B2C3]")
    assert keyword_in(mail, AGENT, None)
    assert keyword_in(mail, AGENT, "my order")
    assert keyword_in(mail, AGENT, "Re: An  Agent") is None


def test_without_keywords_nothing_is_found() -> None:
    assert keyword_in(customer("agent", "agent"), compiled([]), None) is None
    assert compiled([]).first("agent") is None
    assert not compiled([" "])


def old_parts() -> Iterator[str]:
    yield "hello\n\nOn Mon, Mar 2, 2026 at 10:00 AM Ann <ann@x.example> wrote:\n\n> {}"
    yield "hello\n\n-----Original Message-----\nFrom: x\n\n{}"
    yield "hello\n\n-- \nAnn, {}"
    yield "hello\n\nSent from {} for iPhone"


@pytest.mark.parametrize("mail", list(old_parts()))
def test_a_keyword_in_a_quote_or_a_signature_never_counts(mail: str) -> None:
    assert keyword_in(customer(mail.format("agent")), AGENT, None) is None
    assert keyword_in(customer("an agent\n" + mail.format("agent")), AGENT, None)
