"""A mail server to try things on: SMTP in, mailboxes, POP3 out, on this machine only.

It stands in for the world's mail servers in the demo and in tests; the runtime itself never talks to its insides.
"""

from __future__ import annotations

from postroom.sandbox.sandbox import Sandbox

__all__ = ["Sandbox"]
