"""How much of one mail is read: every bound of the mail room in one place; it decides nothing about content."""

from __future__ import annotations

from msgspec import Struct


class Limits(Struct, frozen=True, kw_only=True):
    """Bounds on the work and memory one mail may cost. Sizes are octets, or characters where text is meant."""

    header_block: int = 256 * 1024
    headers: int = 1_000
    part_header_block: int = 64 * 1024
    part_headers: int = 100
    depth: int = 100
    parts: int = 1_000
    boundary: int = 1_000
    boundary_lines: int = 1_000_000
    """Lines that begin with two hyphens and are looked at before the search for parts gives up."""
    child_boundary_lines: int = 20_000
    """Above this many of them the mail is read in the child process."""
    child_octets: int = 30_000_000
    """Above this size the mail is read in the child process."""
    addresses: int = 1_000
    ids: int = 100
    parameters: int = 100
    text: int = 1_000_000
    html: int = 2_000_000
    html_rendered: int = 256 * 1024
    """Of an HTML part, how many characters are rendered to plain text."""
    reported_recipients: int = 1_000


LIMITS = Limits()
"""What the runtime uses; tests use smaller ones to reach every bound."""
