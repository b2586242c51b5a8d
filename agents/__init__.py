"""Who thinks: planner, solver strategies, verifier, synthesizer, and the workflow of one thought."""
