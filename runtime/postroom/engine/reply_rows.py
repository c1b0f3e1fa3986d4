"""A rendered reply as rows: the mail in its conversation, the id that leads to it, and the reply itself."""

from __future__ import annotations

from datetime import timedelta

from postroom.mail import compose as mail_out
from postroom.ports.records import Reply, StoredMail, TraceLine
from postroom.ports.store import Tx
from postroom.routing.outcome import Outcome
from postroom.session.events import ForwardFailed, ReplyFailed

PREVIEW = 200
UPLOADS_KEPT = timedelta(hours=1)
"""After they were sent: for who takes the mail back and sends it again."""
FORWARD = "forward"
"""The class of a mail of ours that was passed on to others and answers nobody."""


def mail_of(reply: Reply, rendered: mail_out.Reply, mail_class: str, accepted: TraceLine) -> StoredMail:
    """The mail that the reply is; `accepted` is the first line of its trace."""
    return StoredMail(
        id=reply.mail,
        tenant=reply.tenant,
        gateway=reply.gateway,
        channel=reply.channel,
        conversation=reply.conversation,
        incoming=False,
        sha256=reply.raw.sha256,
        size=reply.raw.size,
        received_at=reply.accepted_at,
        message_id=reply.message_id,
        from_address=rendered.from_.addr,
        from_name=rendered.from_.name,
        subject=rendered.subject,
        mail_class=mail_class,
        body_hash="",
        attachments=len(rendered.files),
        outcome=Outcome.CONVERSATION,
        preview=" ".join(rendered.text.split())[:PREVIEW],
        trace=(accepted,),
    )


def failure(reply: Reply, words: str) -> ReplyFailed | ForwardFailed:
    """What the session hears where nobody in To gets it."""
    if reply.is_forward:
        return ForwardFailed(reply=reply.id, words=words)
    return ReplyFailed(reply=reply.id, words=words)


def keep(tx: Tx, reply: Reply, mail: StoredMail, uploads: tuple[str, ...] = ()) -> None:
    """Write the rows; from here an answer to the reply leads to its conversation, and its uploads may go."""
    for upload in uploads:
        tx.uploads.expire_at(upload, reply.accepted_at + UPLOADS_KEPT)
    tx.mails.keep_raw(reply.raw)
    tx.mails.add(mail)
    tx.conversations.name(reply.tenant, reply.message_id, reply.conversation, reply.gateway, reply.accepted_at)
    tx.conversations.touch(reply.conversation, reply.accepted_at, ())
    tx.replies.add(reply)
