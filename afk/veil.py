"""Hide our own secrets in whatever is shown."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from afk.variables import IN_FILES, VARIABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

VEIL = "[secret]"
TOKEN_FILES = ("AFK_T3_TOKEN_FILE", "AFK_KUBERNETES_TOKEN_FILE")  # read at every request
SHORTEST = 6
_PASSWORD = re.compile(r"://[^/@]*?:([^/]+)@")


def secrets(environ: Mapping[str, str]) -> frozenset[str]:
    """Those of the environment, of the files that it names, and the ledger's password."""
    found = {environ.get(variable.name, "").strip() for variable in VARIABLES if variable.secret}
    for name in (*TOKEN_FILES, *IN_FILES.values()):
        try:
            found.add(Path(environ[name]).read_text("utf-8").strip())
        except (KeyError, OSError, ValueError):
            continue
    found |= {password for secret in found for password in _PASSWORD.findall(secret)}
    return frozenset(secret for secret in found if len(secret) >= SHORTEST)


def veiled(text: str, hidden: frozenset[str]) -> str:
    for secret in sorted(hidden, key=len, reverse=True):
        text = text.replace(secret, VEIL)
    return text
