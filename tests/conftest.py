"""Settings of all tests."""

import pytest
from hypothesis import settings

from agot import redaction

# How long a machine under load takes says nothing of the code; speed is measured in benchmarks/.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def _forgotten_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test blot out what another one made known as a key."""
    for name, empty in (("_anywhere", {}), ("_in_messages", {}), ("_seen", set()), ("_looked", [])):
        monkeypatch.setattr(redaction, name, empty)
