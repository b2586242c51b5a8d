"""What all tests that call the real litellm need."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    # Warnings are errors here, but those that litellm causes in its own code are not ours to mend.
    config.addinivalue_line("filterwarnings", "ignore::DeprecationWarning:litellm")
