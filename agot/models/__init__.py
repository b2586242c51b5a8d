"""Reaching models: named roles, one gateway over litellm, structured output, the embedded model."""
