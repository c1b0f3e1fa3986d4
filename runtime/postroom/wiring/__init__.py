"""The one room that knows everybody: it builds the runtime from a generation of settings, and decides nothing."""

from postroom.wiring.configuration import configuration
from postroom.wiring.runtime import Runtime, connect

__all__ = ["Runtime", "configuration", "connect"]
