"""What can be checked without asking a model."""
