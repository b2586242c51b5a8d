"""How a thought is solved: which strategy, how much effort, which model, and when to stop. Pure functions.

Each choice carries one line that says why, for people who read along.
"""
