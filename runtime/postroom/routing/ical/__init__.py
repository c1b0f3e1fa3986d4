"""Reads an iCalendar file (RFC 5545) for one thing: which days are off. Other programs wrote it, so all is bounded."""
