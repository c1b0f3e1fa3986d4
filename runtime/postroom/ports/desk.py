"""What an agent's screen asks of the engine beyond events: read a mail again, and send a reply."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from postroom.errors import PermanentError
from postroom.mail.message import Attachment, Message
from postroom.ports.records import Conversation, Reply, StoredMail
from postroom.ports.store import Tx
from postroom.session.state import SessionId


class Refused(PermanentError):
    """The request cannot be carried out as it stands: every problem is named, nothing was done."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Stale(PermanentError):
    """The session changed hands or ended since the screen was drawn: look at it again."""

    def __init__(self, words: str, holder: str = "") -> None:
        super().__init__(words)
        self.words = words
        self.holder = holder


class NewAttachment(Struct, frozen=True, kw_only=True):
    """A file an agent adds to a reply."""

    name: str
    content_type: str
    content: bytes


class Letter(Struct, frozen=True, kw_only=True):
    """What an agent wants sent. Addresses are bare; `to` None asks for the proposal for the newest mail."""

    tenant: str
    agent: str
    token: str
    text: str
    html: str | None = None
    subject: str | None = None
    to: tuple[str, ...] | None = None
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    attachments: tuple[NewAttachment, ...] = ()


class ReplyRequest(Letter, frozen=True, kw_only=True):
    """An answer in a session, whose assignment `token` names."""

    session: SessionId


class FirstRequest(Letter, frozen=True, kw_only=True):
    """A mail that begins a conversation on a channel; `token` will be that of the agent's assignment."""

    channel: str


class PreparedReply(Struct, frozen=True, kw_only=True):
    """A reply rendered and with its bytes on disk, not yet in the store."""

    request: ReplyRequest
    reply: Reply
    mail: StoredMail


class PreparedFirst(Struct, frozen=True, kw_only=True):
    """The same of a mail that begins a conversation; the session is not known yet."""

    request: FirstRequest
    conversation: Conversation
    reply: Reply
    mail: StoredMail


class ReplyDesk(Protocol):
    """Takes in what agents write."""

    async def prepare(self, request: ReplyRequest) -> PreparedReply:
        """Check the request against caps and identities, and render it. Raises Refused with every problem."""
        ...

    def submit(self, tx: Tx, prepared: PreparedReply) -> Reply:
        """Store the reply and bring it to its session, in the caller's transaction. Raises Stale."""
        ...

    async def prepare_first(self, request: FirstRequest) -> PreparedFirst:
        """The same for a mail that begins a conversation. Raises Refused with every problem."""
        ...

    def submit_first(self, tx: Tx, prepared: PreparedFirst) -> Reply:
        """Begin the conversation and its session with that mail, in the caller's transaction."""
        ...


class MailReader(Protocol):
    """Reads stored mails again from their bytes."""

    async def message(self, sha256: str) -> Message:
        """The mail as read; never raises for what is in it. Raises PermanentError where the bytes are gone."""
        ...

    async def raw(self, sha256: str) -> bytes:
        """The bytes as they came."""
        ...

    async def attachment(self, sha256: str, index: int) -> tuple[Attachment, bytes] | None:
        """One attachment with its decoded bytes, or None where the mail has no such."""
        ...
