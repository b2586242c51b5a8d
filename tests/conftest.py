"""Settings of all tests."""

from hypothesis import settings

# How long a machine under load takes says nothing of the code; speed is measured in benchmarks/.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
