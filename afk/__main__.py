"""Start the `afk` command, however it is called."""

from __future__ import annotations

import sys
from importlib import import_module

INTERRUPTED = 130  # as shells say it


def main() -> None:
    """What takes its time is the import: whoever interrupts that reads one line, too."""
    try:
        import_module("afk.cli").main()
    except KeyboardInterrupt:
        sys.stderr.write("afk: interrupted\n")
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
