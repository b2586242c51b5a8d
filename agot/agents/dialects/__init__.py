"""Prompts in, typed results out: one dialect for instruct models, one for the small embedded model."""
