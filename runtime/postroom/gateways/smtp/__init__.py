"""Sending over SMTP: one mail to one relay, with a result for each recipient (RFC 5321).

It is in charge of the client side of the protocol and of a small pool of connections; it never decides on a retry.
"""

from __future__ import annotations

from postroom.gateways.smtp.gateway import SmtpGateway
from postroom.gateways.smtp.options import Auth, Deadlines, Security, SmtpOptions

__all__ = ["Auth", "Deadlines", "Security", "SmtpGateway", "SmtpOptions"]
