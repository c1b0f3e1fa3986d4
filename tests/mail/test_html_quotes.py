from __future__ import annotations

import pytest

from postroom.mail.html_text import html_to_text
from postroom.mail.quotes import new_text
from tests.mail.corpus import CORPUS, needs_corpus

ATTRIBUTION = "On Mon, Mar 2, 2026 at 10:00 AM Ann &lt;ann@x.example&gt; wrote:"
WORDS = "<div>my words</div><div>in two lines</div><br>"


@needs_corpus
@pytest.mark.parametrize("name", ["gmail.html", "hotmail.html", "ms_outlook_2003.html", "yandex_ru.html"])
def test_the_reply_of_an_html_mail_is_told_from_its_quote(name: str) -> None:
    text = html_to_text((CORPUS / "replies-talon/html_replies" / name).read_text("utf-8"))
    parts = new_text(text)
    assert parts.new.replace("\n\n", "\n") == "Hi. I am fine.\nThanks,\nAlex"
    assert "Sasha" in parts.quoted


PROGRAMS = [
    f'<div class="gmail_quote">{ATTRIBUTION}<br><blockquote class="gmail_quote">old text</blockquote></div>',
    f'<div>{ATTRIBUTION}</div><blockquote type="CITE"><div>old text</div></blockquote>',
    '<p>Am 2.3.26 um 10:00 schrieb Ann:</p><blockquote cite="mid:1@x">old text</blockquote>',
    f"<p>{ATTRIBUTION}</p><blockquote>old text</blockquote>",
    '<blockquote style="BORDER-LEFT: #000 2px solid">old text</blockquote>',
    f'<div class="yahoo_quoted"><div>{ATTRIBUTION}</div><div>old text</div></div>',
    "<div id='mail-editor-reference-message-container'><b>Foo:</b> Ann<div>old text</div></div>",
]


@pytest.mark.parametrize("quote", PROGRAMS)
def test_quoted_blocks_are_marked_and_what_is_written_under_them_is_new(quote: str) -> None:
    assert new_text(html_to_text(WORDS + quote)).new == "my words\nin two lines"
    parts = new_text(html_to_text(quote + WORDS))
    assert (parts.new, "old text" in parts.quoted) == ("my words\nin two lines", True)


def test_answers_between_quoted_blocks_are_new() -> None:
    block = '<blockquote type="cite">{}</blockquote>'
    html = f"{ATTRIBUTION}{block.format('one?')}<p>yes</p>{block.format('two?' + block.format('older'))}<p>no</p>"
    text = html_to_text(html)
    assert new_text(text).new.split() == ["yes", "no"]
    assert ">> older" in text


OUTLOOK = (
    '<hr><div id="divRplyFwdMsg"><font><b>{}:</b> Ann &lt;ann@x.example&gt;<br><b>{}:</b> Monday, March 2,'
    " 2026 10:00<br><b>{}:</b> help<br><b>{}:</b> x</font></div><div>old text</div>"
)


@pytest.mark.parametrize(
    "names",
    [("From", "Sent", "To", "Subject"), ("Von", "Gesendet", "An", "Betreff"), ("Ot", "Poslato", "Za", "Naslov")],
)
def test_what_follows_the_rule_of_outlook_is_quoted(names: tuple[str, str, str, str]) -> None:
    parts = new_text(html_to_text(WORDS + OUTLOOK.format(*names)))
    assert (parts.new, parts.quoted.startswith("____")) == ("my words\nin two lines", True)


@pytest.mark.parametrize(
    "html",
    [
        "<p>the list:</p><blockquote>my own words</blockquote>",
        '<blockquote style="margin:0 0 0 40px; border:none; border-left: none">my own words</blockquote>',
        "<p>one</p><hr><p>my own words</p>",
        "<blockquote type=cite></blockquote><p>my own words",
        "&#xE003; my own words \ue000",
        "<p>&#xE003;</p><p>my own words</p>",
    ],
)
def test_what_is_only_indented_or_ruled_is_new(html: str) -> None:
    assert "my own words" in new_text(html_to_text(html)).new


SIGNATURE = '<div class="gmail_signature"><div>Ann Bee</div><div>+49 1</div></div>'


@pytest.mark.parametrize(
    "after",
    ["", PROGRAMS[0], OUTLOOK.format("From", "Sent", "To", "Subject"), "<p>-----Original Message-----</p>old",
     f"<p>{ATTRIBUTION}</p>old", "<p>From: a@x.example<br>Sent: x<br>To: y<br>Subject: z"],
)  # fmt: skip
def test_a_signature_at_the_end_of_the_reply_is_marked(after: str) -> None:
    parts = new_text(html_to_text(WORDS + SIGNATURE + after))
    assert (parts.new, parts.signature) == ("my words\nin two lines", "-- \nAnn Bee\n+49 1")
    parts = new_text(html_to_text(WORDS + "<span>--<br></span>" + SIGNATURE + after))
    assert (parts.new, parts.signature) == ("my words\nin two lines", "--\n\nAnn Bee\n+49 1")


@pytest.mark.parametrize(
    "html",
    [
        SIGNATURE,
        WORDS + SIGNATURE + "<p>and one thing more</p>",
        WORDS + f"<div id=Signature>{'<p>line</p>' * 20}</div>",
        WORDS + '<div id=Signature>Ann<blockquote type="cite">old</blockquote></div>',
        WORDS + "<div id=Signature></div>",
        WORDS + "<div id=Signature><p>--</p>Ann</div>",
        WORDS + f'<blockquote type="cite">old{SIGNATURE}</blockquote>',
    ],
)
def test_a_signature_that_may_be_more_is_not_marked(html: str) -> None:
    assert "-- \n" not in html_to_text(html)


def test_blocks_without_end_or_number_are_marked_up_to_a_bound() -> None:
    text = html_to_text("<blockquote type=cite>x" * 5_000)
    assert len(text) < 150_000
    assert ">" * 10 + " x" in text
    assert ">" * 11 not in text
    assert html_to_text("<blockquote type=cite>x</blockquote>" * 5_000).count(">") == 50
