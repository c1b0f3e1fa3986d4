from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from postroom.engine.world import FailpointReached
from postroom.ports.gateways import Listed
from postroom.ports.records import RawRef
from postroom.ports.store import Tx
from postroom.routing.outcome import Outcome
from postroom.routing.routes import Action
from postroom.session.events import EndRequested, SessionPicked
from tests.engine.room import RULES, SHOP, class_is, mail, open_room, route, rules, sender_is, trace_of

AUTOMATIC = {"Auto_Submitted": "auto-generated", "Subject": "Nightly report"}
VACATION = {"Auto_Submitted": "auto-replied", "Subject": "Out of office"}
LIST = {"List_Id": "<news.example.com>", "Subject": "News"}


async def test_a_customers_mail_opens_a_conversation_and_waits_in_the_channels_queue(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        stored = await room.only(mail())
        assert (stored.outcome, stored.channel, stored.mail_class) == (Outcome.CONVERSATION, "support", "human")
        session = await room.sessions(stored.conversation)
        assert session is not None
        assert (session.phase.value, session.queue, session.unanswered_since) == ("queued", "help", stored.received_at)
        thread = await room.conversation(stored)
        assert (thread.customer, thread.participants) == ("carla@example.com", ("carla@example.com",))
        trace = trace_of(stored)
        assert [line.step for line in stored.trace] == [
            "read",
            "class",
            "route",
            "thread",
            "session",
            "automatic_reply",
        ]
        assert trace["route"] == "support -> support | gateway is in"
        assert trace["session"] == "queued | queue help"
        assert trace["thread"].startswith("new conversation")
        assert room.counted == [Outcome.CONVERSATION]


@pytest.mark.parametrize(
    ("fields", "automatic_mail", "outcome", "is_served"),
    [
        ({}, "file", Outcome.CONVERSATION, True),
        (AUTOMATIC, "serve", Outcome.CONVERSATION, True),
        (AUTOMATIC, "file", Outcome.AUTOMATIC_FILED, False),
        (LIST, "serve", Outcome.CONVERSATION, True),
        (LIST, "file", Outcome.AUTOMATIC_FILED, False),
        ({"Precedence": "bulk"}, "serve", Outcome.CONVERSATION, True),
        ({"Precedence": "bulk"}, "file", Outcome.AUTOMATIC_FILED, False),
        ({"Return_Path": "<>"}, "serve", Outcome.CONVERSATION, True),
        ({"From": None}, "serve", Outcome.CONVERSATION, True),
        ({"From": None}, "file", Outcome.AUTOMATIC_FILED, False),
        (VACATION, "serve", Outcome.AUTOMATIC_FILED, False),
        ({"X_Loop": "somebody@example.org"}, "serve", Outcome.AUTOMATIC_FILED, False),
        ({"From": "form@acme.example", "Reply_To": "dora@example.net"}, "file", Outcome.CONVERSATION, True),
    ],
    ids=lambda value: ",".join(value) or "human" if isinstance(value, dict) else str(value),
)
async def test_who_is_served_is_decided_by_the_mails_class(
    tmp_path: Path, fields: dict[str, Any], automatic_mail: str, outcome: Outcome, is_served: bool
) -> None:
    async with open_room(tmp_path) as room:
        stored = await room.only(mail(**fields), rules(automatic_mail=automatic_mail))
        assert stored.outcome is outcome
        assert (stored.conversation is not None) is is_served
        assert trace_of(stored)["class"].startswith(stored.mail_class)
        assert "automatic_reply" in trace_of(stored)


async def test_the_customer_of_a_form_is_who_the_reply_goes_to(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        stored = await room.only(mail(From="form@acme.example", Reply_To="Dora <dora@example.net>"))
        assert (stored.from_address, stored.from_name) == ("dora@example.net", "Dora")
        assert (await room.conversation(stored)).participants == ("dora@example.net",)


async def test_mails_without_an_author_are_of_nobodys_hand(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        first = await room.only(mail(From=None))
        assert (await room.conversation(first)).participants == ()
        second = await room.only(mail("Other.", From=None, Message_ID="<2@x>", References="<first@example.com>"))
        assert second.conversation != first.conversation


async def test_a_mail_no_route_matches_is_kept_as_unrouted(tmp_path: Path) -> None:
    nowhere = replace(RULES, routes=())
    async with open_room(tmp_path) as room:
        stored = await room.only(mail(), nowhere)
        assert (stored.outcome, stored.channel, stored.conversation) == (Outcome.UNROUTED, "", None)
        assert trace_of(stored)["route"] == "unrouted | no notification route matches"
        assert trace_of(stored)["outcome"] == "unrouted | no notification route matches"
        assert (await room.receipts())[0].mail == stored.id


async def test_a_route_that_discards_keeps_the_bytes_and_its_name_only(tmp_path: Path) -> None:
    by = rules(route("spam", sender_is("carla@example.com"), action=Action.DISCARD))
    async with open_room(tmp_path) as room:
        (forgettable,) = await room.take(mail(), by=by)
        (receipt,) = await room.receipts()
        assert (receipt.outcome, receipt.reason) == (Outcome.DISCARDED_BY_RULE, "route spam")
        assert (await room.mails(), forgettable.size) == ([], len(mail()))
        kept = await room.house.read(lambda tx: tx.mails.raw(receipt.raw.sha256))
        assert kept is not None
        assert room.blobs.read(kept) == mail()


async def test_a_route_that_files_keeps_the_mail_and_serves_nobody(tmp_path: Path) -> None:
    by = rules(route("suppliers", sender_is("carla@example.com"), action=Action.FILE))
    async with open_room(tmp_path) as room:
        stored = await room.only(mail(), by)
        assert (stored.outcome, stored.conversation) == (Outcome.FILED_BY_RULE, None)
        assert trace_of(stored)["outcome"] == "filed_by_rule | route suppliers"


async def test_a_written_route_goes_before_the_derived_one_and_its_queue_is_taken(tmp_path: Path) -> None:
    written = replace(route("vip", sender_is("carla@example.com"), channel="shop"), queue="orders", priority=7)
    async with open_room(tmp_path) as room:
        stored = await room.only(mail(), rules(written))
        session = await room.sessions(stored.conversation)
        assert session is not None
        assert (stored.channel, session.queue, session.priority) == ("shop", "orders", 7)
        assert trace_of(stored)["route"] == "vip -> shop | sender is carla@example.com"


async def test_a_derived_route_with_an_address_goes_before_the_one_for_the_whole_gateway(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        assert (await room.only(mail(To=SHOP))).channel == "shop"
        assert (await room.only(mail("More.", Message_ID="<2@x>"))).channel == "support"


async def test_a_route_about_the_class_has_the_last_word(tmp_path: Path) -> None:
    by = rules(route("answers", class_is("automatic_response"), channel="support"))
    async with open_room(tmp_path) as room:
        stored = await room.only(mail(**VACATION), by)
        assert stored.outcome is Outcome.CONVERSATION
        assert trace_of(stored)["route"].startswith("answers -> support | class is automatic_response")
        listed = rules(route("lists", class_is("list"), action=Action.FILE))
        assert (await room.only(mail(**LIST, Message_ID="<l@x>"), listed)).outcome is Outcome.FILED_BY_RULE


async def test_our_own_mail_that_comes_back_starts_nothing(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        first = await room.only(mail())
        ours = mail(From="help@acme.example", Message_ID=f"<{room.token(first.conversation)}>", Subject="Re: It broke")
        stored = await room.only(ours)
        assert (stored.outcome, stored.conversation) == (Outcome.OWN, None)
        assert await room.events(first.conversation) == ["MessageReceived"]


async def test_the_same_mail_listed_again_is_settled_once_and_may_be_forgotten(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        await room.take(mail(), uids=["u1"])
        again = await room.take(mail(), uids=["u1"])
        assert [one.uid for one in again] == ["u1"]
        assert await room.outcomes() == [Outcome.CONVERSATION]
        assert len(await room.mails()) == 1
        assert room.counted == [Outcome.CONVERSATION]


async def test_a_mail_listed_twice_in_one_batch_is_one_mail(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        assert len(await room.take(mail(), mail(), uids=["u1", "u1"])) == 2
        assert await room.outcomes() == [Outcome.CONVERSATION]
        assert len(await room.mails()) == 1


async def test_other_bytes_under_a_known_name_are_a_new_mail(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        await room.take(mail(), uids=["u1"])
        await room.take(mail("Something else.", Message_ID="<2@x>"), uids=["u1"])
        assert await room.outcomes() == [Outcome.CONVERSATION] * 2


async def test_known_bytes_under_another_name_are_seen_again_without_effect(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        stored = await room.only(mail())
        (again,) = await room.take(mail(), uids=["renamed"])
        assert again.uid == "renamed"
        assert await room.outcomes() == [Outcome.CONVERSATION, Outcome.SEEN_AGAIN]
        assert len(await room.mails()) == 1
        assert await room.events(stored.conversation) == ["MessageReceived"]
        assert (await room.receipts())[1].reason == "the server listed these bytes before, under another name"


async def test_the_same_bytes_twice_in_one_batch_have_one_effect(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        await room.take(mail(), mail(), uids=["u1", "u2"])
        assert sorted(one.value for one in await room.outcomes() if one) == ["conversation", "seen_again"]


async def test_byte_identical_mail_in_two_gateways_gives_two_records(tmp_path: Path) -> None:
    to_shop = replace(rules(gateway="other"), routes=(route("all", sender_is("carla@example.com"), channel="shop"),))
    async with open_room(tmp_path) as room:
        await room.take(mail(), uids=["u1"])
        await room.take(mail(), uids=["u1"], by=to_shop)
        first, second = await room.mails()
        assert (first.outcome, second.outcome) == (Outcome.CONVERSATION, Outcome.CONVERSATION)
        assert first.conversation != second.conversation
        assert first.sha256 == second.sha256


async def test_another_delivery_of_one_mail_in_a_channel_is_a_copy(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        first = await room.only(mail())
        room.house.clock.passed += 6 * 86_400
        copy = await room.only(
            mail(Received="by list.example.com; Sun, 8 Mar 2026 09:00:00 +0000", To="all@acme.example")
        )
        assert (copy.outcome, copy.conversation) == (Outcome.COPY, first.conversation)
        assert trace_of(copy)["outcome"] == f"copy | a copy of mail {first.id}"
        assert await room.events(first.conversation) == ["MessageReceived"]


async def test_two_deliveries_of_one_mail_in_one_batch_are_a_mail_and_its_copy(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        await room.take(mail(), mail(To="all@acme.example"), uids=["u1", "u2"])
        first, copy = await room.mails()
        assert (first.outcome, copy.outcome) == (Outcome.CONVERSATION, Outcome.COPY)
        assert copy.conversation == first.conversation


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ("Another body.", {}),
        ("Please help.", {"From": "Dora <dora@example.net>"}),
        ("Please help.", {"Message_ID": "<second@example.com>"}),
        ("Please help.", {"To": SHOP}),
    ],
    ids=["body", "author", "message id", "channel"],
)
async def test_a_mail_that_differs_in_more_than_its_way_is_no_copy(
    tmp_path: Path, body: str, fields: dict[str, str]
) -> None:
    async with open_room(tmp_path) as room:
        await room.take(mail())
        other = await room.only(mail(body, **{"Subject": "Other way", **fields}))
        assert other.outcome is Outcome.CONVERSATION


async def test_a_copy_comes_within_seven_days_or_is_a_mail_of_its_own(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        await room.take(mail())
        room.house.clock.passed += 8 * 86_400
        assert (await room.only(mail(Comments="later"))).outcome is Outcome.CONVERSATION
        early = mail(Received="by mx.example.com; Sat, 14 Feb 2026 09:00:00 +0000")
        assert (await room.only(early)).outcome is Outcome.CONVERSATION


async def test_mails_of_which_only_the_header_was_read_are_never_copies(tmp_path: Path) -> None:
    bombs = [mail(end).replace(b"Subject:", b"X: y\r\n" * 1_200 + b"Subject:") for end in ("a", "b")]
    async with open_room(tmp_path) as room:
        await room.take(*bombs)
        first, second = await room.mails()
        assert [one.outcome for one in (first, second)] == [Outcome.CONVERSATION] * 2
        assert "only the header was read" in trace_of(first)["read"]


async def test_a_mail_too_large_leaves_a_stub_and_stays_on_the_server(tmp_path: Path) -> None:
    header = mail("").removesuffix(b"\r\n")
    async with open_room(tmp_path) as room:
        assert await room.intake.take(RULES, [room.too_large(header, "u1", 60_000_000)]) == []
        (stored,) = await room.mails()
        assert (stored.outcome, stored.size, stored.subject) == (Outcome.OVERSIZE, 60_000_000, "It broke")
        assert trace_of(stored)["outcome"] == (
            "oversize | 60000000 octets are over the gateway's max_message_size; the mail stays on the server"
        )
        assert stored.conversation is None


async def test_a_mail_too_large_under_a_new_name_is_the_same_stub_and_still_stays(tmp_path: Path) -> None:
    header = mail("").removesuffix(b"\r\n")
    async with open_room(tmp_path) as room:
        for uid in ("u1", "u2", "u1"):
            assert await room.intake.take(RULES, [room.too_large(header, uid, 60_000_000)]) == []
        assert await room.outcomes() == [Outcome.OVERSIZE] * 2
        assert len({receipt.mail for receipt in await room.receipts()}) == 1
        assert len(await room.mails()) == 1


async def test_another_mail_too_large_with_the_same_header_has_its_own_stub(tmp_path: Path) -> None:
    header = mail("").removesuffix(b"\r\n")
    async with open_room(tmp_path) as room:
        for uid, size in (("u1", 60_000_000), ("u2", 70_000_000)):
            assert await room.intake.take(RULES, [room.too_large(header, uid, size)]) == []
        assert [one.size for one in await room.mails()] == [60_000_000, 70_000_000]


async def test_a_whole_mail_is_not_seen_again_because_a_stub_has_the_same_bytes(tmp_path: Path) -> None:
    short = mail("")
    async with open_room(tmp_path) as room:
        await room.intake.take(RULES, [room.too_large(short, "u1", 60_000_000)])
        assert [one.uid for one in await room.take(short, uids=["u2"])] == ["u2"]
        assert await room.outcomes() == [Outcome.OVERSIZE, Outcome.CONVERSATION]


async def test_mails_of_a_batch_are_settled_in_the_order_they_came(tmp_path: Path) -> None:
    raws = [mail(f"Mail {number}.", Message_ID=f"<{number}@x>", Subject=f"{number}") for number in range(40)]
    async with open_room(tmp_path) as room:
        await room.take(*raws)
        assert [one.subject for one in await room.mails()] == [str(number) for number in range(40)]


@pytest.mark.parametrize("place", ["ledger_commit_post", "parse_start", "parse_mid", "route_commit_pre"])
async def test_what_fails_between_the_commits_is_settled_exactly_once_later(tmp_path: Path, place: str) -> None:
    async with open_room(tmp_path) as room:
        if place == "route_commit_pre":
            # Here the unit itself fails: it is the mail that resists, and it is read again at once.
            room.failpoint.fails_at = place
            await room.take(mail())
        else:
            room.failpoint.fails_at = place
            with pytest.raises(FailpointReached):
                await room.take(mail())
            assert await room.outcomes() == [None]
            assert await room.mails() == []
            assert await room.intake.resume(lambda _: RULES) == 1
            await room.intake.difficult.finish()
        (stored,) = await room.mails()
        assert await room.outcomes() == [Outcome.CONVERSATION]
        assert await room.events(stored.conversation) == ["MessageReceived"]
        assert await room.intake.resume(lambda _: RULES) == 0
        assert room.counted == [Outcome.CONVERSATION]


async def test_what_fails_before_the_first_commit_leaves_nothing_behind(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        room.failpoint.fails_at = "ledger_commit_pre"
        with pytest.raises(FailpointReached):
            await room.take(mail())
        assert await room.receipts() == []


async def test_a_mail_that_comes_again_while_it_waits_to_be_resumed_has_one_effect(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        room.failpoint.fails_at = "parse_mid"
        with pytest.raises(FailpointReached):
            await room.take(mail(), uids=["u1"])
        await room.intake.resume(lambda _: RULES)
        assert [one.uid for one in await room.take(mail(), uids=["u1"])] == ["u1"]
        assert await room.outcomes() == [Outcome.CONVERSATION]
        assert room.counted == [Outcome.CONVERSATION]


async def test_mails_of_a_gateway_that_is_gone_stay_unsettled_and_block_nobody(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        for gateway in ("in", "gone"):
            room.failpoint.fails_at = "parse_start"
            with pytest.raises(FailpointReached):
                await room.take(mail(), by=rules(gateway=gateway))
        assert await room.intake.resume(lambda receipt: None if receipt.gateway == "acme/gone" else RULES) == 2
        await room.intake.difficult.finish()
        assert sorted(str(one) for one in await room.outcomes()) == ["None", "Outcome.CONVERSATION"]


async def test_the_bytes_of_a_large_mail_are_a_blob_and_come_back_as_they_were(tmp_path: Path) -> None:
    large = mail("x" * 70 + "\r\n" + ("y" * 70 + "\r\n") * 2_000)
    async with open_room(tmp_path) as room:
        stored = await room.only(large)
        ref: RawRef | None = await room.house.read(lambda tx: tx.mails.raw(stored.sha256))
        assert ref is not None
        assert (ref.small, ref.size) == (None, len(large))
        assert room.blobs.read(ref) == large
        assert list((tmp_path / "spool").iterdir()) == []


async def test_what_the_server_may_forget_is_named_as_it_was_listed(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        arrival = room.fetched(mail(), "u1")
        listed = Listed(17, "u1", 99)
        assert await room.intake.take(RULES, [replace(arrival, listed=listed)]) == [listed]


async def test_a_session_that_ended_is_followed_by_a_new_one_in_the_same_conversation(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        first = await room.only(mail())
        session = await room.sessions(first.conversation)
        assert session is not None

        def end(tx: Tx) -> None:
            room.house.step(tx, session.id, SessionPicked(agent="anna", token="t"))
            room.house.step(tx, session.id, EndRequested(agent="anna", token="t"))

        await room.house.write(end)
        answer = mail("And?", Message_ID="<2@x>", In_Reply_To=f"<{room.token(first.conversation)}>")
        second = await room.only(answer)
        later = await room.sessions(second.conversation)
        assert later is not None
        assert (second.conversation, later.phase.value) == (first.conversation, "queued")
        assert later.id != session.id
