"""Postroom: an event-driven email channel runtime for contact centres."""

__version__ = "0.1.0"
