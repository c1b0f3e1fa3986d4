"""Rules that read the fields by which machines say that they wrote a mail (RFC 3834, RFC 2919, RFC 2369 and habit).

Each looks at every instance of its field, whatever its letter case or coding.
"""

from __future__ import annotations

from postroom.mail.comments import without_comments
from postroom.mail.mail_class import Case, Caveat, Finding, MailClass, finding, words_of

_BULK = frozenset({"bulk", "junk", "list", "auto_reply"})
_SUPPRESS = frozenset({"all", "autoreply", "oof"})
_LIST_FIELDS = (
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Post",
    "List-Help",
    "List-Subscribe",
    "List-Owner",
    "List-Archive",
    "Mailing-List",
    "X-Mailing-List",
)
_RESPONDER_FIELDS = (
    "X-Autoreply",
    "X-Autorespond",
    "X-Autoresponder",
    "X-Auto-Reply",
    "X-Autoreply-From",
    "X-FC-MachineGenerated",
    "X-MS-Exchange-Inbox-Rules-Loop",
    "X-Mail-Autoreply",
)


def auto_submitted(case: Case) -> tuple[Finding, ...]:
    """RFC 3834 §5: any keyword but `no` says that no person pressed send."""
    for value in words_of(case, "Auto-Submitted"):
        keyword = without_comments(value).partition(";")[0].strip()
        if keyword != "no":
            response = keyword == "auto-replied"
            kind = MailClass.AUTOMATIC_RESPONSE if response else MailClass.AUTOMATIC
            return finding(kind, "auto-submitted", "Auto-Submitted", value)
    return ()


def auto_replied_too(case: Case) -> tuple[Finding, ...]:
    """Several Auto-Submitted fields: one that says auto-replied makes it a response, whatever the others say."""
    for value in words_of(case, "Auto-Submitted"):
        if without_comments(value).partition(";")[0].strip() == "auto-replied":
            return finding(MailClass.AUTOMATIC_RESPONSE, "auto-submitted", "Auto-Submitted", value)
    return ()


def precedence(case: Case) -> tuple[Finding, ...]:
    """The old field by which bulk mail asks not to be answered (RFC 2076 §3.9)."""
    for name in ("Precedence", "X-Precedence"):
        for value in words_of(case, name):
            if without_comments(value).strip() in _BULK and not _is_own_list(case):
                return finding(MailClass.BULK, "precedence", name, value)
    return ()


def list_fields(case: Case) -> tuple[Finding, ...]:
    """RFC 2919 and RFC 2369: the mail passed a list, unless it is a list of ours that feeds this box."""
    if _is_own_list(case):
        return ()
    for name in _LIST_FIELDS:
        for value in words_of(case, name):
            return finding(MailClass.LIST, "list", name, value)
    return ()


def suppressed(case: Case) -> tuple[Finding, ...]:
    """MS-OXCMAIL 2.1.3.2.20: the sender asks for no automatic reply; it may well be a person."""
    for value in words_of(case, "X-Auto-Response-Suppress"):
        if _SUPPRESS & {word.strip() for word in value.replace(";", ",").split(",")}:
            return finding(Caveat.SUPPRESS, "asks for no reply", "X-Auto-Response-Suppress", value)
    return ()


def responder_fields(case: Case) -> tuple[Finding, ...]:
    """Fields that only vacation programs write."""
    for name in _RESPONDER_FIELDS:
        for value in words_of(case, name):
            if value not in {"no", "false", "0"}:
                return finding(MailClass.AUTOMATIC_RESPONSE, "responder", name, value)
    if "vacation" in words_of(case, "X-Apple-Action"):
        return finding(MailClass.AUTOMATIC_RESPONSE, "responder", "X-Apple-Action", "vacation")
    if any(value.startswith("autoresponder") for value in words_of(case, "Delivered-To")):
        return finding(MailClass.AUTOMATIC_RESPONSE, "responder", "Delivered-To", "autoresponder")
    return ()


def loop_marks(case: Case) -> tuple[Finding, ...]:
    """A mark against loops: ours says that the mail is ours, any other that a machine watches for loops."""
    for name in ("X-Loop", "X-No-Loop"):
        for value in words_of(case, name):
            own = case.identity.is_own(value.strip("<> "))
            return finding(MailClass.OWN if own else MailClass.LOOP, "loop mark", name, value)
    return ()


def spam_mark(case: Case) -> tuple[Finding, ...]:
    """The mark of the gateway's own spam filter."""
    mark = case.identity.spam_header
    if mark is None:
        return ()
    for value in words_of(case, mark.name):
        if mark.value.lower() in value:
            return finding(Caveat.SPAM, "spam", mark.name, value)
    return ()


def _is_own_list(case: Case) -> bool:
    ids = case.message.all_headers("List-Id")
    return bool(ids) and all(case.identity.is_own_list(value) for value in ids)
