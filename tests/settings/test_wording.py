"""Texts of automatic replies: every way of writing them, and what is refused in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from postroom.mail.compose_automatic import AutomaticText
from postroom.mail.templates import AUTOMATIC_NAMES
from postroom.session.automatic import AutomaticKind
from postroom.settings.compile_automatic import automatic_language, automatic_policy, automatic_texts, start_from
from postroom.settings.problem import Problem
from postroom.settings.schema import Tenant
from tests.settings.making import line_of, loaded, rules, tenant

WORKING = AutomaticKind.WORKING
TEMPLATES = "templates:\n  - name: thanks\n    texts: {en: Thank you., de: Danke.}\n"


def acme(folder: Path, channel: str, more: str = "") -> Tenant:
    return loaded(folder, tenant(channel=channel, more=more)).require().tenants[0]


def texts(folder: Path, channel: str, more: str = "") -> tuple[AutomaticText, ...]:
    found = acme(folder, f"    auto_reply:\n      working: {channel}\n", more)
    return automatic_texts(found, found.channels[0])[WORKING]


def problems(folder: Path, channel: str, more: str = "") -> dict[str, str]:
    return rules(loaded(folder, tenant(channel=channel, more=more)))


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("Thank you.", [AutomaticText(language="", text="Thank you.")]),
        (
            "{en: Thank you., de-AT: Danke.}",
            [AutomaticText(language="en", text="Thank you."), AutomaticText(language="de-AT", text="Danke.")],
        ),
        (
            "{en: {text: Hi, subject: 'Thank you, {tenant}', html: <p>Hi</p>}}",
            [AutomaticText(language="en", text="Hi", subject="Thank you, {tenant}", html="<p>Hi</p>")],
        ),
        ("{text: Hi, subject: Thanks}", [AutomaticText(language="", text="Hi", subject="Thanks")]),
        (
            "{any: Hi, de: Hallo}",
            [AutomaticText(language="", text="Hi"), AutomaticText(language="de", text="Hallo")],
        ),
        (
            "{template: thanks}",
            [AutomaticText(language="en", text="Thank you."), AutomaticText(language="de", text="Danke.")],
        ),
        ("|\n        Hi.\n\n        Bye.\n", [AutomaticText(language="", text="Hi.\n\nBye.\n")]),
    ],
)
def test_a_text_may_be_written_in_every_of_these_ways(tmp_path: Path, written: str, found: list[AutomaticText]) -> None:
    assert list(texts(tmp_path, written, TEMPLATES)) == found


def test_a_text_for_everybody_is_in_the_channels_language(tmp_path: Path) -> None:
    assert texts(tmp_path, "Danke.\n      language: de")[0].language == "de"
    found = acme(tmp_path, "    auto_reply: {working: Danke., language: de}\n")
    assert automatic_language(found.channels[0]) == "de"


def test_every_name_of_the_list_may_stand_in_a_text(tmp_path: Path) -> None:
    every = " ".join(f"{{{name}}}" for name in AUTOMATIC_NAMES)
    assert problems(tmp_path, f"    auto_reply: {{working: '{every}', holiday: '{{{{literal}}}}'}}\n") == {}


@pytest.mark.parametrize(
    ("rule", "key", "words"),
    [
        ("auto_reply: {working: 'Dear {customer_name}'}", "auto_reply.working.any.text", "no name `{customer_name}`"),
        ("auto_reply: {working: {en: {text: a, subject: '{x'}}}", "auto_reply.working.en.subject", "a `{` stands"),
        ("auto_reply: {working: {en: {text: a, html: 'a}'}}}", "auto_reply.working.en.html", "a `}` stands alone"),
        ("auto_reply: {working: ' '}", "auto_reply.working.any.text", "must not be empty"),
        ("auto_reply: {working: {en: {subject: a}}}", "auto_reply.working.en.text", "must not be empty"),
        ("auto_reply: {working: {en: {text: a, bcc: b}}}", "auto_reply.working.en.bcc", "there is no such key"),
        ("auto_reply: {working: {english: Hi}}", "auto_reply.working.english", "like `en` or `pt-BR`, or `any`"),
        ("auto_reply: {working: {EN: Hi}}", "auto_reply.working.EN", "must be a language"),
        ("auto_reply: {language: English}", "auto_reply.language", "or `auto`"),
        ("auto_reply: {working: [a]}", "auto_reply.working", "must be a mapping of names to values, not a list"),
        ("auto_reply: {working: }", "auto_reply.working", "must be a mapping of names to values, not empty"),
        ("auto_reply: {working: {template: hello}}", "auto_reply.working.any.template", "there is no template 'hello'"),
        (
            "auto_reply: {working: {template: thanks, text: a}}",
            "auto_reply.working.any.template",
            "there is none beside it",
        ),
        ("auto_reply: {working: {en: {template: thanks}}}", "auto_reply.working.en.template", "has its own languages"),
        ("no_customer_reply: {remind_with: '{x}'}", "no_customer_reply.remind_with.any.text", "no name `{x}`"),
    ],
)
def test_a_text_that_cannot_be_sent_is_refused(tmp_path: Path, rule: str, key: str, words: str) -> None:
    found = problems(tmp_path, f"    {rule}\n", TEMPLATES)
    assert words in found.get(f"channels[0].{key}", f"nothing: {found}")


@pytest.mark.parametrize(
    ("template", "key", "words"),
    [
        ("{name: b, texts: {}}", "templates[1].texts", "must have a text"),
        ("{name: b, texts: '{x}'}", "templates[1].texts.any.text", "no name `{x}`"),
        ("{name: thanks, texts: a}", "templates[1].name", "is taken"),
        ("{name: b, texts: {template: thanks}}", "templates[1].texts.any.template", "there is no template"),
    ],
)
def test_a_template_that_cannot_be_used_is_refused(tmp_path: Path, template: str, key: str, words: str) -> None:
    found = problems(tmp_path, "", f"{TEMPLATES}  - {template}\n")
    assert words in found.get(key, f"nothing: {found}")


def test_a_wrong_name_is_told_with_its_place_in_the_file_and_in_the_text(tmp_path: Path) -> None:
    text = tenant(channel="    auto_reply:\n      working:\n        en: |\n          Hello,\n          {nobody}.\n")
    (problem,) = loaded(tmp_path, text).problems
    assert isinstance(problem, Problem)
    assert problem.line == line_of(text, "en: |")
    assert problem.rule.startswith("line 2 of it: there is no name `{nobody}`")


def test_the_policy_names_the_kinds_that_have_a_text(tmp_path: Path) -> None:
    found = acme(
        tmp_path,
        "    auto_reply: {non_working: Closed., again_after: 1h}\n    offline_messages: {auto_reply_each: true}\n"
        "    no_customer_reply: {remind_after: 5m, remind_with: Hello?}\n",
    )
    made = automatic_policy(found.channels[0])
    assert made.texts == {AutomaticKind.NON_WORKING, AutomaticKind.REMINDER}
    assert (made.again_after, made.each, made.in_ten_minutes, made.in_a_day) == (3600.0, True, 3, 10)


@pytest.mark.parametrize(
    ("written", "since"),
    [
        ("2026-01-31", datetime(2026, 1, 30, 23, tzinfo=UTC)),
        ("2026-01-31T08:00+02:00", datetime(2026, 1, 31, 6, tzinfo=UTC)),
    ],
)
def test_the_cut_off_is_a_moment_in_the_tenants_zone(tmp_path: Path, written: str, since: datetime) -> None:
    text = tenant(parameters="  time_zone: Europe/Berlin\n").replace(
        "    host: pop.example.org\n", f"    host: pop.example.org\n    start_from: {written}\n"
    )
    found = loaded(tmp_path, text).require().tenants[0]
    cut = start_from(found, found.channels[0])
    assert cut is not None
    assert cut - since == timedelta(0)


def test_without_a_cut_off_every_mail_may_be_answered(tmp_path: Path) -> None:
    found = acme(tmp_path, "")
    assert start_from(found, found.channels[0]) is None
