"""A mail continues the conversation its keys lead to, or begins one: with the real store behind the keys."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from postroom.mail.tokens import KeyRing, mint_message_id
from postroom.ports.records import StoredMail
from postroom.routing.outcome import Outcome
from postroom.routing.routes import Action
from tests.dispatch.house import ACME, GLOBEX
from tests.engine.room import DOMAIN, RULES, SHOP, Room, anchor, class_is, dsn, mail, open_room, route, rules, trace_of

STRANGER = "Stranger <stranger@example.net>"


async def answer(room: Room, to: StoredMail, **fields: str | None) -> StoredMail:
    """A second mail that carries our token of the first one's conversation, unless told otherwise."""
    carried = {"In_Reply_To": f"<{room.token(to.conversation)}>", "Message_ID": "<answer@example.com>"}
    return await room.only(mail("One more question.", **{**carried, **fields}))


async def test_an_answer_to_a_reply_of_ours_continues_its_conversation(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        first = await room.only(mail())
        second = await answer(room, first)
        assert (second.conversation, second.new_participant) == (first.conversation, False)
        assert trace_of(second)["thread"] == "continues | a valid token of ours, from a participant"
        assert await room.events(first.conversation) == ["MessageReceived", "MessageReceived"]


@pytest.mark.parametrize("place", ["References", "To"])
async def test_a_token_is_found_wherever_it_may_stand(tmp_path: Path, place: str) -> None:
    async with open_room(tmp_path) as room:
        first = await room.only(mail())
        assert first.conversation is not None
        token = anchor(first.conversation).upper()
        value = f"<x@y> <{token}>" if place == "References" else f"reply+{token.partition('@')[0]}@acme.example"
        assert (await answer(room, first, **{"In_Reply_To": None, place: value})).conversation == first.conversation


async def test_a_stranger_with_our_token_is_served_and_flagged_and_does_not_join(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        first = await room.only(mail())
        second = await answer(room, first, From=STRANGER)
        assert (second.outcome, second.conversation) == (Outcome.CONVERSATION, first.conversation)
        assert second.new_participant
        assert trace_of(second)["thread"] == (
            "continues, new participant | a valid token of ours, from a new participant"
        )
        thread = await room.conversation(first)
        assert (thread.customer, thread.participants) == ("carla@example.com", ("carla@example.com",))
        assert await room.events(first.conversation) == ["MessageReceived", "MessageReceived"]


async def test_a_reference_to_his_own_mail_continues_it_for_a_participant_only(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        first = await room.only(mail())
        reference = {"In_Reply_To": None, "References": "<first@example.com>"}
        assert (await answer(room, first, **reference)).conversation == first.conversation
        other = await answer(room, first, **reference, From=STRANGER, Message_ID="<other@example.net>")
        assert other.conversation != first.conversation
        assert (await room.conversation(other)).related == first.conversation
        assert trace_of(other)["thread"].startswith("new conversation | no key carried")


async def test_a_reference_is_believed_for_ninety_days_and_a_token_for_ever(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        first = await room.only(mail())
        room.house.clock.passed += 91 * 86_400
        old = await answer(room, first, In_Reply_To=None, References="<first@example.com>")
        assert old.conversation != first.conversation
        room.house.clock.passed += 900 * 86_400
        assert (await answer(room, first, Message_ID="<late@example.com>")).conversation == first.conversation


async def test_a_forged_token_starts_anew(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        first = await room.only(mail())
        assert first.conversation is not None
        foreign = KeyRing(current="k1", keys={"k1": b"x" * 32})
        forged = mint_message_id(foreign, ACME, first.conversation, room.house.ids.new(), DOMAIN)
        second = await answer(room, first, In_Reply_To=f"<{forged}>")
        assert second.conversation != first.conversation
        assert trace_of(second)["thread"].startswith("new conversation")
        assert (await room.conversation(second)).related is None


async def test_a_token_on_another_channel_starts_a_related_conversation(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        first = await room.only(mail())
        second = await answer(room, first, To=SHOP)
        assert (second.channel, second.conversation != first.conversation) == ("shop", True)
        assert (await room.conversation(second)).related == first.conversation


async def test_a_token_of_another_tenant_leads_nowhere(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        first = await room.only(mail())
        token = f"<{room.token(first.conversation)}>"
        raw = mail("Hello.", In_Reply_To=token, References=token, Message_ID="<g@x>")
        await room.take(raw, by=rules(tenant=GLOBEX))
        (other,) = await room.house.read(lambda tx: list(tx.mails.latest(GLOBEX, 9)))
        assert other.conversation not in {None, first.conversation}
        assert await room.events(first.conversation) == ["MessageReceived"]


async def test_of_tokens_of_two_conversations_the_one_it_answers_wins(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        first = await room.only(mail())
        second = await room.only(mail("Another matter.", Message_ID="<matter@example.com>", Subject="Other"))
        both = await answer(room, second, References=f"<{room.token(first.conversation)}>")
        assert both.conversation == second.conversation
        assert "another token names another conversation" in trace_of(both)["thread"]


async def test_mails_that_name_each_other_in_a_circle_are_threaded_all_the_same(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        first = await room.only(mail(References="<second@x> <first@example.com>"))
        second = await room.only(mail("Two.", Message_ID="<second@x>", References="<first@example.com> <second@x>"))
        assert second.conversation == first.conversation


@pytest.mark.parametrize("subject", ["Out of office", "Please confirm your message"])
async def test_a_vacation_reply_or_a_challenge_is_attached_as_a_note_and_moves_nothing(
    tmp_path: Path, subject: str
) -> None:
    async with open_room(tmp_path) as room:
        first = await room.only(mail())
        before = await room.sessions(first.conversation)
        note = await answer(room, first, Auto_Submitted="auto-replied", Subject=subject)
        assert note.mail_class == ("challenge" if "confirm" in subject else "automatic_response")
        assert (note.outcome, note.conversation) == (Outcome.AUTOMATIC_FILED, first.conversation)
        assert await room.events(first.conversation) == ["MessageReceived", "MessageAttached"]
        assert await room.sessions(first.conversation) == before


async def test_a_lists_mail_in_a_conversation_is_a_note_though_it_would_start_one(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        first = await room.only(mail())
        note = await answer(room, first, List_Id="<news.example.com>")
        assert (note.outcome, note.conversation) == (Outcome.AUTOMATIC_FILED, first.conversation)
        assert await room.events(first.conversation) == ["MessageReceived", "MessageAttached"]


async def test_a_delivery_report_about_our_reply_is_laid_to_it(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        first = await room.only(mail())
        report = await room.only(dsn(room.token(first.conversation)))
        assert (report.mail_class, report.outcome) == ("dsn", Outcome.DELIVERY_REPORT)
        assert (report.conversation, report.channel) == (first.conversation, "support")
        assert await room.events(first.conversation) == ["MessageReceived", "MessageAttached"]
        assert trace_of(report)["thread"] == "continues | a delivery report about a mail of ours, by its token"
        session = await room.sessions(first.conversation)
        assert session is not None
        assert session.phase.value == "queued"


@pytest.mark.parametrize("by", ["unrouted", "discard", "other channel", "class"])
async def test_no_route_takes_a_delivery_report_away_from_its_conversation(tmp_path: Path, by: str) -> None:
    routes = {
        "unrouted": replace(RULES, routes=()),
        "discard": rules(route("bounces", class_is("dsn"), action=Action.DISCARD)),
        "other channel": rules(route("bounces", class_is("dsn"), channel="shop")),
        "class": rules(route("bounces", class_is("dsn"), channel="support")),
    }
    async with open_room(tmp_path) as room:
        first = await room.only(mail())
        report = await room.only(dsn(room.token(first.conversation)), routes[by])
        assert (report.outcome, report.conversation) == (Outcome.DELIVERY_REPORT, first.conversation)
        assert await room.events(first.conversation) == ["MessageReceived", "MessageAttached"]


async def test_a_delivery_report_about_nothing_of_ours_is_filed_alone(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        report = await room.only(dsn("unknown@elsewhere.example"))
        assert (report.outcome, report.conversation) == (Outcome.AUTOMATIC_FILED, None)
        served = await room.only(
            dsn("x@elsewhere.example"), rules(route("bounces", class_is("dsn"), channel="support"))
        )
        assert served.outcome is Outcome.AUTOMATIC_FILED


async def test_a_report_of_another_tenants_mail_is_not_laid_to_it(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        first = await room.only(mail())
        await room.take(dsn(room.token(first.conversation)), by=rules(tenant=GLOBEX))
        (report,) = await room.house.read(lambda tx: list(tx.mails.latest(GLOBEX, 9)))
        assert (report.outcome, report.conversation) == (Outcome.AUTOMATIC_FILED, None)
        assert await room.events(first.conversation) == ["MessageReceived"]


async def test_what_answers_a_conversation_that_was_laid_into_another_continues_that_one(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        older = await room.only(mail())
        younger = await room.only(mail("Another lamp.", Message_ID="<younger@example.com>"))
        before, after = younger.conversation, older.conversation
        assert before is not None
        assert after is not None
        await room.house.write(lambda tx: tx.conversations.merge(before, after))
        by_token = await answer(room, younger)
        named = {"In_Reply_To": None, "References": "<younger@example.com>", "Message_ID": "<third@example.com>"}
        by_reference = await answer(room, younger, **named)
        assert (by_token.conversation, by_reference.conversation) == (after, after)
        assert await room.events(after) == ["MessageReceived"] * 4


async def test_an_answer_that_comes_before_its_question_draws_the_question_after_it(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        answered = {"In_Reply_To": "<first@example.com>", "References": "<first@example.com>"}
        child = await room.only(mail("I forgot.", Message_ID="<second@example.com>", **answered))
        parent = await room.only(mail())
        assert parent.conversation == child.conversation
        assert trace_of(parent)["thread"] == "continues | a mail of his refers to this one, which comes late"
        again = await room.only(mail("The same id, another mail."))
        assert again.conversation != child.conversation


async def test_two_halves_of_a_thread_find_each_other_by_the_mail_both_refer_to(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        halves = [
            await room.only(mail(f"Part {name}.", Message_ID=f"<{name}@example.com>", References="<first@example.com>"))
            for name in ("a", "b")
        ]
        assert halves[0].conversation == halves[1].conversation


async def test_who_refers_to_a_strangers_mail_before_it_comes_draws_nothing_to_himself(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        trap = await room.only(
            mail("Mine.", From=STRANGER, Message_ID="<trap@example.net>", In_Reply_To="<first@example.com>")
        )
        victim = await room.only(mail())
        assert victim.conversation != trap.conversation
        assert (await room.conversation(victim)).participants == ("carla@example.com",)
