"""What an agent's screen asks of the engine beyond events: read a mail again, and send a reply."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Protocol

from msgspec import Struct

from postroom.errors import PermanentError
from postroom.mail.message import Attachment, Message
from postroom.mail.recipients import Proposal
from postroom.ports.records import Conversation, Reply, StoredMail
from postroom.ports.store import Tx
from postroom.ports.uploads import Pieces
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
    """A file an agent adds to a mail: its bytes, or how those of an upload are read."""

    name: str
    content_type: str
    content: bytes | Pieces
    upload: str = ""
    """The upload's id; empty where the bytes came with the request."""
    size: int = 0
    """Octets of the upload."""


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
    sender: str = ""
    """`channel` or `personal`: whose address the mail bears; empty for the agent's own where that may be."""

    @property
    def uploads(self) -> tuple[str, ...]:
        """The uploads among its files."""
        return tuple(one.upload for one in self.attachments if one.upload)


class ReplyRequest(Letter, frozen=True, kw_only=True):
    """An answer in a session, whose assignment `token` names."""

    session: SessionId
    quote: bool = False
    """Whether the mail answered is quoted below."""
    canned: str = ""
    """The name of a canned answer that stands below what was typed; empty for none."""
    language: str = ""
    """The language of the canned answer, where it has several."""


class ForwardRequest(Letter, frozen=True, kw_only=True):
    """A mail of the session's conversation passed on to others; `to` names them."""

    session: SessionId
    mail: str = ""
    """Empty for the customer's newest."""
    files: tuple[int, ...] | None = None
    """Which attachments of the mail go with it, by their index; None for all of them."""


class FirstRequest(Letter, frozen=True, kw_only=True):
    """A mail that begins a conversation on a channel; `token` will be that of the agent's assignment."""

    channel: str


class PreparedReply(Struct, frozen=True, kw_only=True):
    """A reply rendered and with its bytes on disk, not yet in the store."""

    request: ReplyRequest
    reply: Reply
    mail: StoredMail
    sender: str = ""
    """As in the event: empty where nobody asked for the agent's own address."""


class PreparedForward(Struct, frozen=True, kw_only=True):
    """A forward rendered and with its bytes on disk, not yet in the store."""

    request: ForwardRequest
    reply: Reply
    mail: StoredMail


class ReadyAnswer(Struct, frozen=True, kw_only=True):
    """A canned answer with its names filled in for one session; it is looked at before it is sent."""

    name: str
    language: str
    text: str
    html: str | None = None


class Proposals(Struct, frozen=True, kw_only=True):
    """Whom an answer to a mail would go to."""

    reply: Proposal
    reply_all: Proposal


class PreparedFirst(Struct, frozen=True, kw_only=True):
    """The same of a mail that begins a conversation; the session is not known yet."""

    request: FirstRequest
    conversation: Conversation
    reply: Reply
    mail: StoredMail
    sender: str = ""


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

    async def prepare_forward(self, request: ForwardRequest) -> PreparedForward:
        """The same for a mail passed on. Raises Refused with every problem, Stale where the session is not there."""
        ...

    def submit_forward(self, tx: Tx, prepared: PreparedForward) -> Reply:
        """Store it and tell the session, whose phase it does not change. Raises Stale."""
        ...

    def proposals(self, mail: StoredMail, message: Message) -> Proposals:
        """Whom a reply and a reply to all would go to, with what makes each doubtful."""
        ...

    async def ready_answers(self, tenant: str, agent: str, session: SessionId) -> tuple[ReadyAnswer, ...]:
        """The canned answers of the session's channel, filled in. Raises Stale where the session is not there."""
        ...


class Content(Protocol):
    """The bytes of a file, read piece by piece where they lie. Used by one thread at a time; every method blocks."""

    size: int

    def pieces(self, start: int, stop: int) -> Iterator[bytes]:
        """The bytes from `start` to before `stop`. Raises TemporaryError where they cannot be read on."""
        ...

    def close(self) -> None:
        """Read no more; it may be called twice."""
        ...


class MailReader(Protocol):
    """Reads stored mails again from their bytes."""

    async def message(self, sha256: str) -> Message:
        """The mail as read; never raises for what is in it. Raises PermanentError where the bytes are gone."""
        ...

    async def raw(self, sha256: str) -> bytes:
        """The bytes as they came."""
        ...

    async def open_raw(self, sha256: str) -> IO[bytes]:
        """The bytes as they came, as a file that the caller closes. Raises PermanentError where they are gone."""
        ...

    async def open_attachment(self, sha256: str, index: int) -> tuple[Attachment, Content] | None:
        """One attachment with its content, which the caller closes; None where the mail has no such.

        Raises PermanentError where the mail's bytes are gone.
        """
        ...
