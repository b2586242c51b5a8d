"""The engine: recursive Adaptive Graph of Thoughts, each thought started the moment its parents are done."""
