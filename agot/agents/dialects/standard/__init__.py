"""The dialect of instruct models: instructions, JSON schemas, tolerant reading."""

from agot.agents.dialects.standard.dialect import StandardDialect

__all__ = ["StandardDialect"]
