"""Robots that answer first: plugs that know nothing of each other, and what keeps every one of them in bounds."""
