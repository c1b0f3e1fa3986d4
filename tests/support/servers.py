"""Finds the real mail servers the tests talk to and, run as a module, installs them from Debian's packages.

It never starts a server: what it installs stays stopped, and a test runs its own private instance.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

PACKAGES: Mapping[str, str] = {
    "dovecot": "dovecot-core",
    "doveadm": "dovecot-core",
    "pop3": "dovecot-pop3d",
    "imap": "dovecot-imapd",
    "postfix": "postfix",
    "smtp-sink": "postfix",
    "smtp-source": "postfix",
    "mosquitto": "mosquitto",
    "promtool": "prometheus",
}
"""Each program the tests may run, and the Debian package that brings it."""

PLACES = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/lib/dovecot", "/usr/lib/postfix/sbin"))
LOOPBACK_ONLY = b"postfix postfix/main_mailer_type select Local only\n"
"""Debian's answer for a Postfix that, should somebody start it later, talks to nobody outside."""
POLICY = Path("/usr/sbin/policy-rc.d")
INSTALL_DEADLINE = 900
"""Seconds that one call of apt-get may take."""


def find(program: str) -> Path | None:
    """Where the program is, looking also where Debian keeps what an ordinary user's PATH leaves out."""
    found = shutil.which(program, path=PLACES)
    return Path(found) if found else None


def need(program: str) -> Path:
    """Where the program is; without it the calling test is skipped, or fails where CI=true."""
    found = find(program)
    if found is not None:
        return found
    sentence = f"needs {program}, which is not on this machine: apt-get install {PACKAGES.get(program, program)}"
    if is_ci():
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


def is_ci() -> bool:
    """Whether this run must have every server: there, a missing one is a failure and not a skip."""
    return os.environ.get("CI") == "true"


def missing_packages() -> list[str]:
    """The Debian packages whose programs are not here, in a stable order."""
    return sorted({package for program, package in PACKAGES.items() if find(program) is None})


def why_not() -> str:
    """Why nothing can be installed here, in words; empty where it can."""
    if shutil.which("apt-get") is None:
        return "this machine has no apt-get"
    if os.geteuid() != 0:
        return "only root may install packages"
    return ""


@contextmanager
def services_stay_stopped() -> Iterator[None]:
    """Deny Debian's packages the start of their services, and leave a policy that was there before alone."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def apt_get(*arguments: str) -> None:
    """Run apt-get without questions; what it prints is shown only where it fails."""
    command = ["apt-get", "-o", "DPkg::Lock::Timeout=120", "-qq", *arguments]
    done = subprocess.run(
        command,
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=INSTALL_DEADLINE,
        check=False,
    )
    if done.returncode:
        sys.stderr.write(done.stdout.decode(errors="replace"))
        raise SystemExit(f"{' '.join(command)} failed with exit code {done.returncode}")


def install(packages: list[str]) -> None:
    """Install the packages as root, their services stopped."""
    print(f"Installing {', '.join(packages)} for the tests; their services stay stopped.", flush=True)  # noqa: T201 - a command speaks
    with services_stay_stopped():
        apt_get("update")
        if "postfix" in packages and (preseed := shutil.which("debconf-set-selections")):
            subprocess.run([preseed], input=LOOPBACK_ONLY, timeout=60, check=False)
        apt_get("install", "--yes", "--no-install-recommends", *packages)


def main() -> int:
    """Install what is missing; 1 only where CI must have a server and cannot, 0 otherwise."""
    packages = missing_packages()
    if not packages:
        return 0
    reason = why_not()
    if not reason:
        install(packages)
        packages = missing_packages()
        reason = "their packages did not bring the programs"
    if packages:
        names = " ".join(packages)
        sys.stderr.write(
            f"Not here: {names} ({reason}). Tests that need them are skipped; as root: apt-get install {names}\n"
        )
    return int(bool(packages) and is_ci())


if __name__ == "__main__":
    raise SystemExit(main())
