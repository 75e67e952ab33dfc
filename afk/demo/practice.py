"""Leave something to practise on in the demo that stays up, and give another terminal the operator's settings."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from afk.sandbox.village import Village

FORGET = "for name in $(env | sed -nE 's/^((AFK|SLACK|PREFECT)_[A-Za-z0-9_]*)=.*/\\1/p'); do unset \"$name\"; done"
OURS = ("AFK_", "SLACK_", "PREFECT_", "XDG_")


def leave_work(village: Village) -> None:
    """An agent that comes to no end, and CI that is red until the issue runs again."""
    village.opens("web", "Rewrite the manual", "Please.", lingers=True)
    village.opens("db", "Tune the index", "Please.", verdicts=(False, False, True))


def write_environment(environment: Mapping[str, str], home: Path) -> Path:
    """A file for `.`: it holds the simulated systems' tokens, and the folder of this very `afk`.

    What the terminal had been told of another installation is forgotten in it: practice must not reach that one.
    """
    lines = [
        FORGET,
        *(f"export {name}={shlex.quote(value)}" for name, value in environment.items() if name.startswith(OURS)),
    ]
    lines.append(f"export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH")
    file = home / "environment"
    file.touch(mode=0o600)
    file.write_text("\n".join(lines) + "\n")
    return file
