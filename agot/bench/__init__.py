"""Measuring: strategies at equal budgets, verifiers against the truth, public datasets."""
