"""Figures anyone can rerun: `python -m benchmarks` for all, `python -m benchmarks.NAME` for one."""
