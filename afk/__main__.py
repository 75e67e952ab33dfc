"""Run the command line as `python -m afk`."""

from afk.cli import main

main()
