"""The loops that searches share; the named algorithms are presets in `agot.agents.strategies`."""
