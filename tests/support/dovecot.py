"""A private Dovecot for tests: its own folder, loopback ports and process group, nothing of the machine's own.

Users are `u0@cc.example`, `u1@cc.example` ... with the passwords `pw0`, `pw1` ...; mail lies in one Maildir a user.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from string import Template
from typing import Any

import pytest

from postroom.gateways.reading import Security
from postroom.gateways.tls import TlsOptions, Trust
from tests.support.certificates import Authority
from tests.support.ports import free_ports

_READY_SECONDS = 20.0
_CONF = Template("""\
base_dir = $folder/run
state_dir = $folder/state
instance_name = postroom-test
protocols = pop3 imap
listen = 127.0.0.1
log_path = $folder/dovecot.log
ssl = yes
ssl_cert = <$chain
ssl_key = <$key
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
default_internal_user = $login_user
default_internal_group = $group
default_login_user = $login_user
default_process_limit = 2000
default_client_limit = 8192
mail_max_userip_connections = 0
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:~/Maildir
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u $folder/users
}
userdb {
  driver = passwd-file
  args = username_format=%u $folder/users
}
namespace inbox {
  inbox = yes
}
protocol pop3 {
  pop3_lock_session = $lock
}
service pop3-login {
  chroot =
  inet_listener pop3 {
    port = $pop3
  }
  inet_listener pop3s {
    port = $pop3s
    ssl = yes
  }
  service_count = 0
  process_min_avail = 1
  process_limit = 2
  client_limit = 4096
}
service imap-login {
  chroot =
  inet_listener imap {
    port = $imap
  }
  inet_listener imaps {
    port = $imaps
    ssl = yes
  }
  service_count = 0
  process_limit = 2
  client_limit = 4096
}
service pop3 {
  process_limit = 2000
  service_count = 256
}
service imap {
  process_limit = 2000
  service_count = 256
}
service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service auth {
  user = $login_user
}
service auth-worker {
  user = $login_user
}
service stats {
  chroot =
}
service dict {
  chroot =
}
""")


def require_dovecot() -> str:
    """Give Dovecot's path; skip the test where it is not installed, or fail it where CI=true says that it has to be."""
    path = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if path:
        return path
    words = "Dovecot is not installed: apt-get install dovecot-core dovecot-pop3d dovecot-imapd"
    if os.environ.get("CI") == "true":
        pytest.fail(words)
    pytest.skip(words)


class Dovecot:
    """A running Dovecot: `pop3` and `imap` in clear text and with STLS/STARTTLS, `pop3s` and `imaps` with TLS."""

    host = "localhost"

    def __init__(self, folder: Path, *, users: int, lock: bool, authority: Authority) -> None:
        self.folder = folder
        self.authority = authority
        self.users = users
        self.pop3, self.pop3s, self.imap, self.imaps = free_ports(4)
        self._lock = lock
        self._mail_user, self._mail_group = _mail_account()
        self._process: subprocess.Popen[bytes] | None = None
        self._delivered = 0
        self._write()

    def login(self, number: int) -> tuple[str, str]:
        """The name and the password of user `number`."""
        return f"u{number}@cc.example", f"pw{number}"

    def deliver(self, user: int, raw: bytes) -> Path:
        """Put a mail into the user's Maildir as a delivery agent does; line ends are stored as given."""
        self._delivered += 1
        name = f"{1_700_000_000 + self._delivered}.M{self._delivered}P{os.getpid()}.test"
        draft, final = self._maildir(user) / "tmp" / name, self._maildir(user) / "new" / name
        draft.write_bytes(raw)
        self._hand_over(draft)
        draft.rename(final)
        return final

    def fill(self, user: int, mails: Sequence[bytes]) -> None:
        """Let the user have these mails and no others."""
        self.empty(user)
        for mail in mails:
            self.deliver(user, mail)

    def account(self, user: int, security: Security = Security.NONE) -> dict[str, Any]:
        """What the options of a gateway to this user's box have in common, whatever its protocol."""
        name, password = self.login(user)
        return {
            "host": "localhost",
            "user": name,
            "password": password,
            "security": security,
            "allow_plaintext": security is Security.NONE,
            "tls": TlsOptions(trust=Trust.ONLY, certificates=(self.authority.der,)),
        }

    def mails(self, user: int) -> Sequence[bytes]:
        """The mails in the user's Maildir as they lie there, oldest delivery first."""
        return [path.read_bytes() for path in self._files(user)]

    def maildir_count(self, user: int) -> int:
        """How many mails the user's Maildir holds."""
        return len(self._files(user))

    def empty(self, user: int) -> None:
        """Remove all mails of the user behind the server's back."""
        for path in self._files(user):
            path.unlink()

    def forget_uidls(self, user: int) -> None:
        """Lose the server's index of the Maildir, after which every mail has another UIDL."""
        for path in self._maildir(user).glob("dovecot*"):
            path.unlink()

    def start(self) -> None:
        """Start the server, and wait until it greets."""
        (self.folder / "run" / "master.pid").unlink(missing_ok=True)
        self._process = subprocess.Popen(
            [require_dovecot(), "-F", "-c", str(self.folder / "dovecot.conf")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        until = time.monotonic() + _READY_SECONDS
        while not self._greets():
            if time.monotonic() > until or self._process.poll() is not None:
                log = self.folder / "dovecot.log"
                self.kill()
                raise RuntimeError(f"Dovecot did not start: {log.read_text() if log.exists() else 'no log'}")
            time.sleep(0.02)

    def kill(self) -> None:
        """SIGKILL the server with all its children: connections just end."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def _greets(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.pop3), timeout=2) as client:
            return client.recv(3) == b"+OK"
        return False

    def _maildir(self, user: int) -> Path:
        return self.folder / "mail" / f"u{user}" / "Maildir"

    def _files(self, user: int) -> list[Path]:
        files = [path for name in ("new", "cur") for path in (self._maildir(user) / name).iterdir()]
        return sorted(files, key=lambda path: path.name)

    def _hand_over(self, path: Path) -> None:
        if os.getuid() == 0:
            shutil.chown(path, self._mail_user, self._mail_group)

    def _write(self) -> None:
        self.folder.chmod(0o755)
        for name in ("run", "state", "mail"):
            (self.folder / name).mkdir()
        self._hand_over(self.folder / "mail")
        for user in range(self.users):
            for path in (self._maildir(user), *(self._maildir(user) / name for name in ("tmp", "new", "cur"))):
                path.mkdir(parents=True)
                self._hand_over(path)
            self._hand_over(self._maildir(user).parent)
        account = pwd.getpwnam(self._mail_user)
        group = grp.getgrnam(self._mail_group)
        lines = (
            f"{name}:{{PLAIN}}{password}:{account.pw_uid}:{group.gr_gid}::{self._maildir(user).parent}::\n"
            for user, (name, password) in enumerate(map(self.login, range(self.users)))
        )
        (self.folder / "users").write_text("".join(lines))
        (self.folder / "users").chmod(0o644)
        (self.folder / "dovecot.conf").write_text(self._configuration())

    def _configuration(self) -> str:
        chain, key = self.authority.write_server(self.folder)
        return _CONF.substitute(
            folder=self.folder,
            chain=chain,
            key=key,
            login_user=self._mail_user,
            group=self._mail_group,
            lock="yes" if self._lock else "no",
            pop3=self.pop3,
            pop3s=self.pop3s,
            imap=self.imap,
            imaps=self.imaps,
        )


@contextlib.contextmanager
def running_dovecot(*, users: int = 4, lock: bool = False, authority: Authority | None = None) -> Iterator[Dovecot]:
    """A Dovecot that runs inside the block, in a folder of its own; skips where Dovecot is not installed."""
    require_dovecot()
    folder = Path(tempfile.mkdtemp(prefix="dovecot-", dir="/tmp"))
    server = Dovecot(folder, users=users, lock=lock, authority=authority or Authority())
    try:
        server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _mail_account() -> tuple[str, str]:
    """Who reads the mail: nobody for root, for which Dovecot refuses; else who runs the tests."""
    if os.getuid() == 0:
        return "nobody", "nogroup"
    return pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
