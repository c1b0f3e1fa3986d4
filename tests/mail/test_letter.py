"""The words of an agent's mail: typed, signed, and what stands below."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.mail.compose import forward_subject, tagged_subject
from postroom.mail.letter import Words, as_html, filled, has_signature, letter
from postroom.mail.message import Address, Message
from postroom.mail.quotes import new_text
from postroom.mail.quoting import FORWARDED, forwarded, quoted

SIGNED = Words(text="Anna Auer\nAcme Help", html="<b>Anna Auer</b>")
HELLO = Words(text="Hello Carla,\n\nit is on its way.")
QUOTE = Words(text="On Mon, 2 Mar 2026 at 08:59 +0000, Carla wrote:\n> Where is it?")
ASKED = Message(
    size=1,
    from_=(Address("carla@example.com", "Carla"),),
    to=(Address("help@acme.example"),),
    cc=(Address("eve@example.com", "Eve"),),
    subject="It broke",
    date=datetime(2026, 3, 2, 8, 59, tzinfo=UTC),
    text="The lamp\nis broken.\n",
)


def test_words_alone_stay_as_they_were_typed() -> None:
    assert letter(HELLO) == HELLO


def test_the_signature_stands_below_the_words_and_above_the_quote() -> None:
    whole = letter(HELLO, Words(text="Anna"), QUOTE)
    assert whole == Words(text=f"{HELLO.text}\n\n-- \nAnna\n\n{QUOTE.text}")


def test_the_signature_stands_above_what_the_agent_quoted_himself() -> None:
    typed = Words(text=f"It is on its way.\n\n{QUOTE.text}\n")
    assert letter(typed, Words(text="Anna")).text == f"It is on its way.\n\n-- \nAnna\n\n{QUOTE.text}\n"


def test_who_answers_below_the_quote_signs_below_his_answer() -> None:
    typed = Words(text=f"{QUOTE.text}\n\nIt is on its way.")
    assert letter(typed, Words(text="Anna")).text.endswith("way.\n\n-- \nAnna")


@pytest.mark.parametrize(
    "below", ["> Hi\n> -- \n> Anna Auer\n> Acme Help", "> > Anna Auer\n>> Acme Help", "Anna Auer\nAcme Help"]
)
def test_a_signature_that_stands_in_the_quote_is_not_written_again(below: str) -> None:
    assert letter(HELLO, SIGNED, Words(text=below)).text == f"{HELLO.text}\n\n{below}"


def test_an_empty_signature_is_none() -> None:
    assert has_signature("anything", " \n-- \n")
    assert not has_signature("Anna Auer\nand\nAcme Help", SIGNED.text)


def test_html_of_any_piece_makes_the_whole_html() -> None:
    whole = letter(HELLO, SIGNED, QUOTE)
    assert whole.html is not None
    assert whole.html.index("Hello Carla,<br>") < whole.html.index("<b>Anna Auer</b>") < whole.html.index("&gt; Where")
    assert letter(Words(text="a <b>", html="<p>a</p>"), Words(text="A & B")).html == (
        "<p>a</p><br>\n<div>-- <br>\n<div>A &amp; B</div></div>"
    )
    assert letter(Words(text="a", html="<p>a</p>")).html == "<p>a</p>"


def test_in_html_too_the_signature_stands_above_the_quote_at_the_end() -> None:
    below = letter(Words(text="a", html="<p>a</p><blockquote>b</blockquote>\n"), SIGNED).html
    inline = letter(Words(text="a", html="<blockquote>b</blockquote><p>a</p>"), SIGNED).html
    assert below is not None
    assert inline is not None
    assert below.index("Anna") < below.index("<blockquote")
    assert inline.index("Anna") > inline.index("<p>a</p>")


def test_names_are_filled_in_and_escaped_for_where_they_land() -> None:
    values = {"agent_name": "Anna <script> & Co\r\nBcc: x"}
    found = filled(Words(text="{agent_name}", html="<b>{agent_name}</b>"), values)
    assert found == Words(text="Anna <script> & Co Bcc: x", html="<b>Anna &lt;script&gt; &amp; Co Bcc: x</b>")
    assert filled(Words(text="{other}"), values) == Words(text="{other}")


def test_the_quote_names_who_wrote_when_and_is_known_as_one() -> None:
    found = quoted(ASKED, "<p>The lamp</p>")
    assert found.text == "On Mon, 2 Mar 2026 at 08:59 +0000, Carla wrote:\n> The lamp\n> is broken."
    assert new_text(f"Yes.\n\n{found.text}").new == "Yes."
    assert found.html is not None
    assert '<blockquote type="cite"' in found.html
    assert quoted(Message(size=1, text="x"), None) == Words(text="the sender wrote:\n> x")


def test_what_is_passed_on_stands_below_its_header() -> None:
    found = forwarded(ASKED, None)
    assert found.text == (
        f"{FORWARDED}\nFrom: Carla <carla@example.com>\nDate: Mon, 2 Mar 2026 at 08:59 +0000\nSubject: It broke\n"
        "To: help@acme.example\nCc: Eve <eve@example.com>\n\nThe lamp\nis broken."
    )
    rich = forwarded(ASKED, "<p>The lamp</p>").html
    assert rich is not None
    assert "Carla &lt;carla@example.com&gt;<br>" in rich
    assert forwarded(Message(size=1, text="x"), None).text == f"{FORWARDED}\n\nx"


def test_a_name_of_a_stranger_begins_no_line_of_its_own() -> None:
    evil = Message(size=1, from_=(Address("a@x.example", "Eve\r\nTo: boss@x.example\u2028\x00"),), text="x")
    assert forwarded(evil, None).text.count("\n") == 3
    assert quoted(evil, None).text.startswith("Eve To: boss@x.example wrote:\n")


def test_many_recipients_are_cut() -> None:
    crowd = Message(size=1, to=tuple(Address(f"p{n}@x.example") for n in range(120)), text="x")
    assert len(forwarded(crowd, None).text) < 1_200
    few = Message(size=1, to=tuple(Address("a@b.cc") for _ in range(101)), text="x")
    assert forwarded(few, None).text.splitlines()[1].endswith("a@b.cc, …")


@given(st.text(max_size=200), st.text(max_size=60))
def test_nothing_typed_is_lost_and_html_shows_text_as_text(text: str, signature: str) -> None:
    whole = letter(Words(text=text), Words(text=signature))
    assert "".join(whole.text.split()).startswith("".join(new_text(text).new.split())[:10]) or not text.strip()
    assert "<script" not in as_html(text + "<script>")


@pytest.mark.parametrize(
    ("subject", "passed_on"), [("It broke", "Fwd: It broke"), ("FW: x", "FW: x"), ("Fwd: x", "Fwd: x"), ("", "Fwd:")]
)
def test_a_subject_is_passed_on_with_one_mark(subject: str, passed_on: str) -> None:
    assert forward_subject(subject) == passed_on


def test_a_subject_has_one_tag_of_ours() -> None:
    assert tagged_subject("Re: It [#ABCDEF12] broke [#ABCDEF12]", "ABCDEF12") == "Re: It broke [#ABCDEF12]"
    assert tagged_subject("", "ABCDEF12") == "[#ABCDEF12]"
