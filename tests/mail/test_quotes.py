from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.mail.parse import parse
from postroom.mail.quotes import new_text, quote
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


ATTRIBUTIONS = [
    "On Mon, Mar 2, 2026 at 10:00 AM Ann Bee <ann@x.example> wrote:",
    "On Mon, Mar 2, 2026 at 10:00 AM Ann Bee\n<ann@x.example> wrote:",
    "Am 02.03.26 um 10:00 schrieb Ann Bee:",
    "Am Mo., 2. März 2026 um 10:00 Uhr schrieb Ann Bee <ann@x.example>:",
    "Le lun. 2 mars 2026 à 10:00, Ann Bee <ann@x.example> a écrit :",
    "El lun, 2 mar 2026 a las 10:00, Ann Bee (<ann@x.example>) escribió:",
    "Il giorno lun 2 mar 2026 alle ore 10:00 Ann Bee <ann@x.example> ha scritto:",
    "Em seg., 2 de mar. de 2026 às 10:00, Ann Bee <ann@x.example> escreveu:",
    "Op ma 2 mrt 2026 om 10:00 schreef Ann Bee <ann@x.example>:",
    "Den mån 2 mars 2026 kl 10:00 skrev Ann Bee <ann@x.example>:",
    "man. 2. mar. 2026 kl. 10.00 skrev Ann Bee <ann@x.example>:",
    "ma 2. maalisk. 2026 klo 10.00 Ann Bee (ann@x.example) kirjoitti:",
    "pon., 2 mar 2026 o 10:00 Ann Bee <ann@x.example> napisał(a):",
    "po 2. 3. 2026 v 10:00 odesílatel Ann Bee <ann@x.example> napsal:",
    "Ann Bee <ann@x.example> ezt írta (időpont: 2026. márc. 2., H, 10:00):",
    "пн, 2 мар. 2026 г. в 10:00, Ann Bee <ann@x.example>:",
    "2 марта 2026, 10:00, Ann Bee <ann@x.example> написал:",
    "Ann Bee <ann@x.example>, 2 Mar 2026 Pzt, 10:00 tarihinde şunu yazdı:",
    "Στις Δευ 2 Μαρ 2026 στις 10:00, ο χρήστης Ann Bee <ann@x.example> έγραψε:",
    "בתאריך יום ב׳, 2 במרץ 2026 ב-10:00 מאת Ann Bee <ann@x.example>:",
    "Ann Bee <ann@x.example> 于2026年3月2日周一 10:00写道：",
    "2026年3月2日(月) 10:00 Ann Bee <ann@x.example>:",
    "2026년 3월 2일 (월) 오전 10:00, Ann Bee <ann@x.example>님이 작성:",
    "-----Original Message-----",
    "-------- Ursprüngliche Nachricht --------",
    "---------- Forwarded message ---------",
    "Begin forwarded message:",
    "________________________________\nFrom: Ann Bee <ann@x.example>\nSent: Monday\nTo: help\nSubject: x",
    "Von: Ann Bee\nGesendet: Montag, 2. März 2026 10:00\nAn: help\nBetreff: x",
    "De : Ann Bee\nEnvoyé : lundi\nÀ : help\nObjet : x",
    "发件人: Ann Bee\n发送时间: 2026年3月2日\n收件人: help\n主题: x",
    "差出人: Ann Bee\n送信日時: 2026年3月2日\n宛先: help\n件名: x",
    "보낸 사람: Ann Bee\n보낸 날짜: 2026년 3월 2일\n받는 사람: help\n제목: x",
    "От: Ann Bee\nОтправлено: 2 марта\nКому: help\nТема: x",
    "Date: Mon, 2 Mar 2026\nFrom: ann@x.example\nTo: help\nSubject: x",
    "*From:* Ann Bee\n*Sent:* Monday\n*To:* help",
]


@pytest.mark.parametrize("mark", ATTRIBUTIONS)
@pytest.mark.parametrize("quoted", ["> old text", "old text"])
def test_the_reply_ends_where_programs_of_any_language_begin_to_quote(mark: str, quoted: str) -> None:
    parts = new_text(f"my answer\nin two lines\n\n{mark}\n\n{quoted}")
    assert parts.new == "my answer\nin two lines"
    assert "old text" in parts.quoted


@pytest.mark.parametrize(
    "text",
    [
        "On 2 March 2026 I wrote three letters:\none\ntwo",
        "From: what I understand\nTo: be clear\nthis is new",
        "Please call at 10:00 on 2.3.2026:\n+49 1",
        "Sent from my phone I cannot attach it. Sorry",
        "The list:\n----\na\n====\nb",
        "mail me at ann@x.example:\nthanks",
        "Von: hier",
        "10:30 works, or 2.3.26\nbye",
    ],
)
def test_what_nothing_marks_as_old_is_new(text: str) -> None:
    assert new_text(text).new == text


def test_answers_between_quoted_lines_are_new() -> None:
    parts = new_text("On Mon, Mar 2, 2026 at 10:00 Ann <a@x.example> wrote:\n> one?\nyes\n> two?\nno\n")
    assert parts.new == "yes\nno"


def test_a_signature_ends_where_a_quote_begins() -> None:
    parts = new_text("hello\n-- \nAnn\n+49 1\n\nOn 2.3.2026 10:00, B <b@x.example> wrote:\n> old")
    assert (parts.new, parts.signature) == ("hello", "-- \nAnn\n+49 1")
    assert parts.quoted.endswith("> old")
    assert new_text("hello\n--\nAnn").signature == "--\nAnn"


@pytest.mark.parametrize(
    "line",
    [
        "Sent from my iPhone",
        "Von meinem iPhone gesendet",
        "Envoyé de mon iPhone",
        "发自我的iPhone",
        "iPhoneから送信",
        "Enviado desde mi iPhone",
        "Inviato da iPhone",
        "Get Outlook for iOS",
    ],
)
def test_the_line_a_device_adds_is_no_text(line: str) -> None:
    assert new_text(f"hello\n\n{line}\n").new == "hello"


def test_text_beyond_the_bound_counts_as_quoted() -> None:
    parts = new_text("word\n" * 60_000)
    assert len(parts.new) < 263_000
    assert len(parts.quoted) > 30_000


@given(st.text(alphabet=st.sampled_from("ab:>\n -@.0On<wrote"), max_size=300))
def test_taking_apart_loses_no_line(text: str) -> None:
    parts = new_text(text)
    kept = sorted(line.strip() for part in (parts.new, parts.quoted, parts.signature) for line in part.split("\n"))
    assert [line for line in kept if line] == sorted(line.strip() for line in text.split("\n") if line.strip())


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
