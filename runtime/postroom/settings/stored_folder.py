"""The settings in force where tenants are set in the store: `postroom.yaml` and one document a tenant.

To who watches for changes it is a folder like that of files: what is watched are `postroom.yaml` and the files that are
named. It counts the generations. All of it is blocking.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from postroom.settings.editing import Desk
from postroom.settings.folder import standing
from postroom.settings.load import PROCESS_FILE, Loaded
from postroom.settings.problem import Problem
from postroom.settings.process import Process
from postroom.settings.schema import Tenant
from postroom.settings.stored import Content, Document, content_of, load_stored, with_old_seals
from postroom.settings.vault import Vault


class Proposal(Struct, frozen=True, kw_only=True):
    """Other documents for some tenants, and what is wrong with the form of what was given for them."""

    contents: Mapping[str, Content]
    problems: tuple[Problem, ...] = ()
    path: str = ""


class Candidate(Struct, frozen=True, kw_only=True):
    """What came of a proposal; `documents` are those that differ from what is in force, each a version on."""

    loaded: Loaded
    documents: tuple[Document, ...] = ()


class StoredFolder:
    """The configuration's folder with the documents in force."""

    def __init__(self, folder: Path, process: Process, documents: Sequence[Document], named: Sequence[Path]) -> None:
        self._folder = folder
        self._vault = Vault(process.settings.keys)
        self._documents = {one.tenant: one for one in documents}
        self._named = named
        self._number = 1
        self.read_as = self.fingerprint()
        """The fingerprint of what was last read."""

    @property
    def desk(self) -> Desk:
        """What is needed to read what is given over a door."""
        return Desk(folder=self._folder, vault=self._vault)

    def document(self, tenant: str) -> Document:
        """The document in force; an empty one of version 0 where there is none."""
        return self._documents.get(tenant) or Document(tenant=tenant, version=0, content={"name": tenant})

    def fingerprint(self) -> bytes:
        """Digest versions, and names, sizes and times of files; one that is gone counts as gone."""
        digest = hashlib.sha256()
        for one in sorted(self._documents.values(), key=lambda one: one.tenant):
            digest.update(f"{one.tenant}|{one.version}\0".encode())
        for file in (self._folder / PROCESS_FILE, *self._named):
            digest.update(f"{file}|{standing(file)}\0".encode(errors="surrogateescape"))
        return digest.digest()

    def load(self, _number: int) -> Loaded | None:
        """Read it all; None where a file changed meanwhile."""
        before = self.fingerprint()
        loaded = load_stored(self._folder, self._documents.values(), self._next())
        if self.fingerprint() != before:
            return None
        self._named = loaded.files
        self.read_as = self.fingerprint()
        return loaded

    def candidate(self, proposal: Proposal) -> Candidate:
        """Judge the proposal with all else that is in force."""
        wanted = {name: self._next_document(name, content) for name, content in proposal.contents.items()}
        documents = {**self._documents, **wanted}
        known = dict.fromkeys(wanted, proposal.problems)
        loaded = load_stored(self._folder, documents.values(), self._next(), known)
        if loaded.generation is None:
            return Candidate(loaded=loaded)
        kept = [self._kept(loaded.generation.require(name), one.version) for name, one in wanted.items()]
        changed = tuple(one for one in kept if one.content != self.document(one.tenant).content)
        return Candidate(loaded=loaded, documents=changed)

    def adopt(self, kept: Sequence[Document]) -> bool:
        """Go by those of these documents that are newer; whether there are any."""
        newer = {one.tenant: one for one in kept if one.version > self.document(one.tenant).version}
        self._documents |= newer
        return bool(newer)

    def took(self, candidate: Candidate) -> None:
        """The candidate is in force."""
        self._documents |= {one.tenant: one for one in candidate.documents}
        self._named = candidate.loaded.files
        self.read_as = self.fingerprint()

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _next_document(self, tenant: str, content: Content) -> Document:
        before = self.document(tenant)
        kept: Content = with_old_seals(content, before.content, self._vault)
        return Document(tenant=tenant, version=before.version + 1, content=kept)

    def _kept(self, tenant: Tenant, version: int) -> Document:
        return Document(tenant=tenant.name, version=version, content=content_of(tenant, self._vault))
