"""What the runtime asks of the world: Protocols over core values, and the records that pass through them.

Every clock, sleep, thread, server and store is behind one of these, so the engine can run against any world.
"""
