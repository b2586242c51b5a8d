"""Curated prompts: one readable file each, and the choice among them."""
