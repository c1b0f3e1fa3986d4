"""How the command ends where it does not end with 0: 2 is click's, for wrong usage; 78 is EX_CONFIG of sysexits.h."""

from __future__ import annotations

EXIT_FAILED = 1
EXIT_CONFIGURATION = 78
