"""What every store must do with files that are brought, the drafts that name them, and the chain of acts."""

from __future__ import annotations

from msgspec.structs import replace

from postroom.ports.audit import AuditEntry, ChainEnds, chained
from postroom.ports.records import Draft, DraftContent, DraftFile, RawRef
from postroom.ports.store import Store, Tx
from postroom.ports.uploads import Upload, Uploader
from postroom.session.state import ConversationId, SessionId
from tests.store.samples import NOW, conversation, later

EVE = Uploader(tenant="acme", account="eve")
S1 = SessionId("s1")


def upload(name: str, size: int = 3, *, until: float = 60) -> Upload:
    raw = RawRef(sha256=name * 2, size=size, small=b"abc" if size == 3 else None)
    return Upload(id=name, by=EVE, raw=raw, content_type="image/png", created_at=NOW, expires_at=later(until))


def draft(*names: str) -> Draft:
    files = tuple(DraftFile(upload=one, name="Größe.png", content_type="image/png", size=3) for one in names)
    content = DraftContent(text="Dear", attachments=files, sender="personal", quote=True, canned="c", language="de")
    return Draft(
        tenant="acme", conversation=ConversationId("c1"), session=S1, agent="eve", saved_at=NOW, content=content
    )


class UploadsContract:
    async def test_an_upload_comes_back_as_it_was_kept(self, store: Store) -> None:
        one, other = upload("u1"), upload("u2", 900_000)

        def unit(tx: Tx) -> None:
            assert tx.uploads.held(EVE) == (0, 0)
            tx.uploads.add(one)
            tx.uploads.add(other)

        await store.write(unit)
        assert await store.read(lambda tx: [tx.uploads.get(name) for name in ("u1", "u2", "u3")]) == [one, other, None]
        assert await store.read(lambda tx: tx.uploads.held(EVE)) == (2, 900_003)
        ben = replace(EVE, account="ben")
        assert await store.read(lambda tx: (tx.uploads.held(ben), tx.uploads.like(ben, "u1u1"))) == ((0, 0), None)
        assert await store.read(lambda tx: tx.uploads.like(EVE, "u1u1")) == one
        assert await store.read(lambda tx: tx.uploads.known(["u1", "x", "u2"])) == {"u1", "u2"}

    async def test_what_a_draft_names_outlives_its_time_as_long_as_the_draft_names_it(self, store: Store) -> None:
        def unit(tx: Tx) -> None:
            tx.conversations.add(conversation())
            for name in ("u1", "u2", "u3"):
                tx.uploads.add(upload(name))
            tx.drafts.save(draft("u1", "u2"))

        await store.write(unit)
        assert await store.read(lambda tx: tx.drafts.get(S1, "eve")) == draft("u1", "u2")
        assert await store.read(lambda tx: tx.drafts.get(S1, "ben")) is None
        named = await store.read(lambda tx: [tx.uploads.is_named_in(name, S1) for name in ("u1", "u3")])
        assert named == [True, False]
        assert await store.write(lambda tx: tx.uploads.drop_expired(later(59), 9)) == []
        assert await store.write(lambda tx: tx.uploads.drop_expired(later(60), 9)) == ["u3"]
        await store.write(lambda tx: tx.drafts.save(draft("u2")))
        assert await store.write(lambda tx: tx.uploads.drop_expired(later(60), 9)) == ["u1"]
        await store.write(lambda tx: tx.drafts.drop(S1, "eve"))
        assert not await store.read(lambda tx: tx.uploads.is_named_in("u2", S1))
        await store.write(lambda tx: tx.uploads.expire_at("u2", later(90)))
        assert await store.write(lambda tx: tx.uploads.drop_expired(later(89), 9)) == []
        assert await store.write(lambda tx: tx.uploads.drop_expired(later(90), 9)) == ["u2"]


class AuditChainContract:
    async def test_each_act_follows_the_one_before_it_in_its_tenant(self, store: Store) -> None:
        acts = [
            AuditEntry(at=later(n), tenant=tenant, actor="eve", role="agent", act="PUT /x", object="ü", result="done")
            for n, tenant in enumerate(("acme", "globex", "acme"))
        ]

        def unit(tx: Tx) -> None:
            for one in acts:
                tx.audit.add(one)

        await store.write(unit)
        first, second = await store.read(lambda tx: tx.audit.after("acme", 0, 9))
        assert (first.before, second.before) == ("", first.hash)
        assert chained(replace(acts[2], seq=second.seq), first.hash) == second
        assert await store.read(lambda tx: tx.audit.after("acme", first.seq, 9)) == [second]
        assert await store.read(lambda tx: tx.audit.ends("acme")) == ChainEnds(removed="", last=second.hash)
        assert await store.read(lambda tx: tx.audit.ends("nowhere")) == ChainEnds()
        assert list(await store.read(lambda tx: tx.audit.tenants())) == ["acme", "globex"]
        assert await store.write(lambda tx: tx.audit.forget_before(later(1))) == 1
        assert await store.read(lambda tx: tx.audit.ends("acme")) == ChainEnds(removed=first.hash, last=second.hash)
