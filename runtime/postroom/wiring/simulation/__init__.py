"""A house on a virtual clock: the engine's own pieces on a store that is thrown away, with nobody outside to reach."""
