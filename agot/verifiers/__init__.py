"""What can be checked without asking a model."""

if __name__ != "agot.verifiers":
    raise ImportError("Import agot.verifiers: a second copy of it under the name 'verifiers' would have registries of its own.")
