"""The HTTP door: one file a resource; it reads, and hands events to the engine."""
