"""What is said where settings are read from files, at either door."""

from __future__ import annotations

READ_ONLY = (
    "Settings are read from files (`settings.source: files` in postroom.yaml): edit the tenant's file there, "
    "and it is put in force within seconds."
)
