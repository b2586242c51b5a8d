"""Ways to solve one thought; one file each, found by name in `registry`."""
