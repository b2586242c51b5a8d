"""Reads what people and models write: numbers, amounts, dates, formulas; tells when two answers mean the same.

No model is asked and nothing is judged here: the checks of `agot.verifiers`, the votes and the benchmarks build
on it.
"""
