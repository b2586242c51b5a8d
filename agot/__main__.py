"""`python -m agot`."""

from agot.cli.main import main

main()
