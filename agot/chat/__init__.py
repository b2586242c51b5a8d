"""Conversations: turns that follow one another, each answered by a run."""
