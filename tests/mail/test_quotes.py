from __future__ import annotations

import csv
from itertools import pairwise
from pathlib import Path
from typing import SupportsIndex, overload

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.mail.parse import parse
from postroom.mail.quotes import new_text, quote, segments
from postroom.mail.reply_lines import sort
from tests.mail.corpus import CORPUS, needs_corpus

TABLE = (Path(__file__).parent / "replies_expected.csv").read_text("utf-8").splitlines()
EXPECTED = list(csv.DictReader(TABLE, delimiter="|", quoting=csv.QUOTE_NONE))


def text_of(path: Path) -> str:
    raw = path.read_bytes()
    return parse(raw).text if path.suffix == ".eml" else raw.decode("utf-8", "replace").replace("\r\n", "\n")


@needs_corpus
@pytest.mark.parametrize("row", EXPECTED, ids=[row["file"].rpartition("/")[2] for row in EXPECTED])
def test_real_replies_are_taken_apart(row: dict[str, str]) -> None:
    parts = new_text(text_of(CORPUS / row["file"]))
    assert row["kept"] in parts.new
    assert not row["dropped"] or row["dropped"] not in parts.new


def rows(name: str) -> list[list[str]]:
    lines = (Path(__file__).parent / name).read_text("utf-8").splitlines()
    return [line.replace("⏎", "\n").split("|", 2) for line in lines if not line.startswith("#")]


BEGINNINGS = rows("quote_beginnings.txt")
DEVICES = [(row[0], "|".join(row[1:])) for row in rows("device_lines.txt")]


@pytest.mark.parametrize(("language", "program", "mark"), BEGINNINGS)
@pytest.mark.parametrize("quoted", ["> old text", "old text"])
def test_the_reply_ends_where_programs_of_any_language_begin_to_quote(
    language: str, program: str, mark: str, quoted: str
) -> None:
    marked = "> old text" if "marked" in program else quoted
    parts = new_text(f"my answer\nin two lines\n\n{mark}\n\n{marked}")
    assert parts.new == "my answer\nin two lines"
    assert "old text" in parts.quoted


@pytest.mark.parametrize(("language", "program", "mark"), [row for row in BEGINNINGS if row[1] != "david"])
def test_what_is_written_under_marked_lines_is_new(language: str, program: str, mark: str) -> None:
    parts = new_text(f"{mark}\n\n> old text\n\nmy answer")
    assert parts.new == "my answer"


@pytest.mark.parametrize(("language", "line"), DEVICES)
def test_the_line_a_program_adds_in_any_language_is_no_text(language: str, line: str) -> None:
    parts = new_text(f"hello\n\n{line}\n")
    assert (parts.new, parts.signature) == ("hello", line)
    assert new_text(f"hello\n\n{line}\nand more").new == f"hello\n\n{line}\nand more"


@pytest.mark.parametrize(
    "text",
    [
        "On 2 March 2026 I wrote three letters:\none\ntwo",
        "On 2 March 2026 at 10:00 I wrote:\nthe lamp is broken",
        "Am 2.3.2026 um 10:00 hat mir Ihr Kollege geschrieben:\nalles gut",
        "Ann told me on 2.3.2026 at 10:00 what Bob wrote:\nno",
        "From: what I understand\nTo: be clear\nthis is new",
        "From: Berlin\nTo: Paris\nDate: 2 March 2026\nPassengers: 2\nplease book",
        "De: Madrid\nA: Paris\nFecha: 2 de marzo\nquiero reservar",
        "Name: Ann\nE-mail: ann@x.example\nDate: 2.3.2026 10:00\nMessage: help",
        "____________________\nName: Ann\nMail: ann@x.example\nDate: 2.3.2026\nText: help",
        "____________________\nName: Ann\nshort",
        "Please call at 10:00 on 2.3.2026:\n+49 1",
        "Please write on 2.3.2026 at 10:00 to Ann <ann@x.example>:\nhello",
        "Sent from my phone I cannot attach it. Sorry",
        "Sent from my old address last week",
        "Sent via DHL yesterday\n\nwhere is it",
        "Von meinem iPhone kann ich mich nicht anmelden\n\nbitte helfen",
        "Ich habe das Samsung Galaxy gesendet\n\nund jetzt",
        "iPhone not working\n\nhelp",
        "Outlook for iOS not working",
        "Get me a new phone",
        "내 계정이 안 돼요",
        "The list:\n----\na\n====\nb",
        "--original price was 20\nbut I paid 30",
        "----- the lamp -----\nis broken",
        "mail me at ann@x.example:\nthanks",
        "Ann\nann@x.example, please\nwrote:",
        "Von: hier",
        "10:30 works, or 2.3.26\nbye",
        "price <\n5",
        "mailing list",
        "a\n__\nb",
        "x" * 600 + ":",
        "On " + "x" * 300 + "\n" + "y" * 300 + "\nz wrote:",
        "-" * 600,
    ],
)
def test_what_nothing_marks_as_old_is_new(text: str) -> None:
    assert new_text(text).new == text


def test_lines_under_two_hyphens_are_a_signature_only_where_they_are_few() -> None:
    many = "\n".join(f"line {n}" for n in range(20))
    assert new_text(f"first\n--\n{many}").new == f"first\n--\n{many}"
    assert new_text(f"first\n-- \n{many}").new == "first"


def test_the_footer_of_a_list_is_a_signature() -> None:
    parts = new_text("hello\n\n_____________\nlamps mailing list\nhttps://x.example")
    assert (parts.new, parts.signature[-6:]) == ("hello", "xample")


def test_a_wrapped_attribution_takes_no_line_before_it() -> None:
    parts = new_text("10:30 works for me\nOn Mon, 2 Mar 2026 at 10:00\nAnn <a@x.example> wrote:\n> old")
    assert parts.new == "10:30 works for me"


def test_answers_between_quoted_lines_are_new() -> None:
    parts = new_text("On Mon, Mar 2, 2026 at 10:00 Ann <a@x.example> wrote:\n> one?\nyes\n> two?\nno\n")
    assert parts.new == "yes\nno"


def test_a_signature_ends_where_a_quote_begins() -> None:
    parts = new_text("hello\n-- \nAnn\n+49 1\n\nOn 2.3.2026 10:00, B <b@x.example> wrote:\n> old")
    assert (parts.new, parts.signature) == ("hello", "-- \nAnn\n+49 1")
    assert parts.quoted.endswith("> old")
    assert new_text("hello\n--\nAnn").signature == "--\nAnn"


def test_text_beyond_the_bound_counts_as_quoted() -> None:
    parts = new_text("word\n" * 60_000)
    assert len(parts.new) < 263_000
    assert len(parts.quoted) > 30_000


PIECES = st.lists(
    st.sampled_from(
        [
            "my words",
            "> old",
            "",
            "-- ",
            "--",
            "On 2.3.2026 10:00, B <b@x.example> wrote:",
            "From: a@x.example",
            "Sent: x",
            "Subject: x",
            "Sent from my iPhone",
            "_" * 32,
            "-----Original Message-----",
            "On 2.3.2026",
            "wrote:",
        ]
    ),
    max_size=14,
).map("\n".join)


@given(PIECES | st.text(alphabet=st.sampled_from("ab:>\n -@.0On<wrote"), max_size=300))
def test_segments_are_the_whole_text_in_order(text: str) -> None:
    found = segments(text)
    assert "".join(text[piece.start : piece.end] for piece in found) == text
    assert all(one.end == two.start and one.kind != two.kind for one, two in pairwise(found))
    for kind in ("new", "quoted", "signature"):
        joined = "".join(text[piece.start : piece.end] for piece in found if piece.kind == kind)
        assert getattr(new_text(text), kind) == joined.strip()


def test_segments_are_for_showing_everything_and_folding_the_old() -> None:
    text = "hello\n\nOn 2.3.2026 10:00, B <b@x.example> wrote:\n> old\nmore\n-- \nAnn"
    assert [(one.kind, text[one.start : one.end]) for one in segments(text)] == [
        ("new", "hello\n\n"),
        ("quoted", "On 2.3.2026 10:00, B <b@x.example> wrote:\n> old\n"),
        ("new", "more\n"),
        ("signature", "-- \nAnn"),
    ]


@pytest.mark.parametrize("ending", ["word\n", "> word\n"])
def test_segments_beyond_the_bound_are_quoted(ending: str) -> None:
    text = "word\n" * 10 + ending * 60_000
    found = segments(text)
    assert (found[-1].kind, found[-1].end) == ("quoted", len(text))
    assert "".join(text[one.start : one.end] for one in found) == text
    assert segments("") == ()


class Counted(list[str]):
    """Lines that count how often one is looked at."""

    looks = 0

    @overload
    def __getitem__(self, at: SupportsIndex) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: SupportsIndex | slice) -> str | list[str]:
        found = super().__getitem__(at)
        self.looks += len(found) if isinstance(at, slice) else 1
        return found


CRAFTED = [
    "--",
    "-- ",
    "> ",
    "On 2.3.2026 10:00",
    "On 2.3.2026 10:00 Ann <",
    "On 2.3.2026 10:00, B <b@x.example> wrote:",
    "On 2.3.2026 10:00, B wrote:",
    "From: a",
    "To: a",
    "From: a@x.example\nTo: x",
    "________________________________",
    "-----Original Message-----",
    "-----Original Message-----\nTo: x\n> y",
    "Sent from my iPhone",
    "--\nSent from my iPhone",
    "__\nx mailing list",
    "--\nx\nOn 2.3.2026 10:00, B <b@x.example> wrote:\n> y",
    "a@" * 200,
    "1." * 200,
    "<a@" * 150 + ":",
    "",
]


@pytest.mark.parametrize("piece", CRAFTED)
@pytest.mark.parametrize("size", [50_000, 256_000])
def test_each_line_is_looked_at_a_bounded_number_of_times(piece: str, size: int) -> None:
    lines = Counted((f"{piece}\n" * (size // (len(piece) + 1))).split("\n"))
    assert len(sort(lines)) == len(lines)
    assert lines.looks <= 120 * len(lines)


def test_a_quote_marks_each_line_under_its_attribution() -> None:
    assert quote("On Monday Ann wrote:", "hi\n\n> older\nbye\n") == "On Monday Ann wrote:\n> hi\n>\n>> older\n> bye"


def test_a_long_quote_is_cut_at_a_line() -> None:
    cut = quote("Ann wrote:", "word\n" * 50_000)
    assert len(cut) <= 64 * 1024 + 10
    assert cut.endswith("> word\n> …")


@given(st.text(max_size=200))
def test_what_we_quote_is_never_taken_for_new_text(text: str) -> None:
    lines = text.replace("\r", "").split("\n")
    body = "my answer\n\n" + quote("On 2 Mar 2026 at 10:00, Ann <ann@x.example> wrote:", "\n".join(lines))
    assert new_text(body).new == "my answer"
