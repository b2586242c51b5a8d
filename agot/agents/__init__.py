"""Who thinks: planner, solver strategies, verifier, synthesizer, and the workflow of one thought."""

if __name__ != "agot.agents":
    raise ImportError("Import agot.agents: a second copy of it under the name 'agents' would have registries of its own.")
