"""One POP3 session as a value machine: a command line in, the reply's bytes out (RFC 1939, 2449, 3206).

It never touches a socket; deletions take effect at QUIT only.
"""

from __future__ import annotations

from collections.abc import Callable

from postroom.sandbox.mailboxes import Mailboxes, StoredMail

GREETING = b"+OK Postroom sandbox ready\r\n"
CAPABILITIES = ("TOP", "UIDL", "USER", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "IMPLEMENTATION Postroom-sandbox")


class Refused(Exception):
    """The command gets -ERR with these words."""


class Pop3Session:
    """The state of one client: who signed in, the mails as they were then, and those marked for deletion."""

    def __init__(self, mailboxes: Mailboxes) -> None:
        self._mailboxes = mailboxes
        self._user = ""
        self._signed_in = False
        self._listed: tuple[StoredMail, ...] = ()
        self._deleted: set[int] = set()
        self.is_over = False
        """True after QUIT: the connection is to be closed."""

    def answer(self, line: bytes) -> bytes:
        """Obey one command line (without its line end) and give the whole reply."""
        words = line.decode("utf-8", "replace").split(" ")
        verb, arguments = words[0].upper(), words[1:]
        try:
            return self._command(verb)(arguments)
        except Refused as refused:
            return f"-ERR {refused}\r\n".encode()

    def end(self) -> None:
        """Give the mailbox back; what was marked stays where it is."""
        if self._signed_in:
            self._mailboxes.unlock(self._user)
            self._signed_in = False

    def _command(self, verb: str) -> Callable[[list[str]], bytes]:
        anywhere = {"CAPA": self._capa, "QUIT": self._quit}
        before = {"USER": self._take_user, "PASS": self._take_password}
        after = {
            "STAT": self._stat,
            "LIST": self._list,
            "UIDL": self._uidl,
            "RETR": self._retr,
            "TOP": self._top,
            "DELE": self._dele,
            "NOOP": self._noop,
            "RSET": self._rset,
        }
        known = anywhere | (after if self._signed_in else before)
        if verb not in known:
            raise Refused("unknown command" if verb not in before | after else "not in this state")
        return known[verb]

    def _capa(self, _: list[str]) -> bytes:
        return _lines("capabilities follow", CAPABILITIES)

    def _take_user(self, arguments: list[str]) -> bytes:
        self._user = " ".join(arguments)
        return b"+OK now the password\r\n"

    def _take_password(self, arguments: list[str]) -> bytes:
        if not self._user:
            raise Refused("USER comes first")
        if not self._mailboxes.opens_for(self._user, " ".join(arguments)):
            raise Refused("[AUTH] no such user, or wrong password")
        if not self._mailboxes.lock(self._user):
            raise Refused("[IN-USE] another session has this mailbox")
        self._signed_in = True
        self._listed = self._mailboxes.mails(self._user)
        return f"+OK {len(self._listed)} mails\r\n".encode()

    def _stat(self, _: list[str]) -> bytes:
        sizes = [len(mail.raw) for _, mail in self._present()]
        return f"+OK {len(sizes)} {sum(sizes)}\r\n".encode()

    def _list(self, arguments: list[str]) -> bytes:
        return self._scan(arguments, lambda mail: str(len(mail.raw)))

    def _uidl(self, arguments: list[str]) -> bytes:
        return self._scan(arguments, lambda mail: mail.uid)

    def _scan(self, arguments: list[str], what: Callable[[StoredMail], str]) -> bytes:
        if arguments:
            number, mail = self._numbered(arguments)
            return f"+OK {number} {what(mail)}\r\n".encode()
        return _lines("the listing follows", [f"{number} {what(mail)}" for number, mail in self._present()])

    def _retr(self, arguments: list[str]) -> bytes:
        _, mail = self._numbered(arguments)
        return f"+OK {len(mail.raw)} octets\r\n".encode() + _multi_line(mail.raw)

    def _top(self, arguments: list[str]) -> bytes:
        _, mail = self._numbered(arguments)
        if len(arguments) != 2 or not arguments[1].isdecimal():  # noqa: PLR2004 RFC 1939 §7, TOP msg n
            raise Refused("TOP wants a mail and a number of lines")
        header, blank, body = mail.raw.partition(b"\r\n\r\n")
        lines = body.split(b"\r\n")[: int(arguments[1][:9])]
        return b"+OK the top follows\r\n" + _multi_line(header + blank + b"".join(line + b"\r\n" for line in lines))

    def _dele(self, arguments: list[str]) -> bytes:
        number, _ = self._numbered(arguments)
        self._deleted.add(number)
        return f"+OK mail {number} goes at QUIT\r\n".encode()

    def _noop(self, _: list[str]) -> bytes:
        return b"+OK\r\n"

    def _rset(self, _: list[str]) -> bytes:
        self._deleted.clear()
        return b"+OK nothing is marked now\r\n"

    def _quit(self, _: list[str]) -> bytes:
        # RFC 1939 §6: the UPDATE state is entered by QUIT, and by nothing else.
        if self._signed_in:
            self._mailboxes.remove(self._user, {self._listed[number - 1].uid for number in self._deleted})
        self.end()
        self.is_over = True
        return b"+OK bye\r\n"

    def _present(self) -> list[tuple[int, StoredMail]]:
        return [(number, mail) for number, mail in enumerate(self._listed, 1) if number not in self._deleted]

    def _numbered(self, arguments: list[str]) -> tuple[int, StoredMail]:
        text = arguments[0] if arguments else ""
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0  # noqa: PLR2004 any mailbox
        if not 1 <= number <= len(self._listed) or number in self._deleted:
            raise Refused("no such mail")
        return number, self._listed[number - 1]


def _lines(title: str, lines: tuple[str, ...] | list[str]) -> bytes:
    return f"+OK {title}\r\n".encode() + _multi_line("".join(f"{line}\r\n" for line in lines).encode())


def _multi_line(content: bytes) -> bytes:
    """The content with its line-leading dots doubled, and the terminator (RFC 1939 §3)."""
    doubled = content.replace(b"\r\n.", b"\r\n..")
    return (b"." if doubled.startswith(b".") else b"") + doubled + b".\r\n"
