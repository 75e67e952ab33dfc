"""Say how a Prefect server of our own is started: quiet, small, and safe after a power cut."""

from __future__ import annotations

import socket
import sys
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HOST, PORT = "127.0.0.1", "4200"
COMMAND = (sys.executable, "-m", "prefect", "server", "start")

QUIET = {
    # Without it the pages call port 4200 of the reader's machine, wherever the server is.
    "PREFECT_SERVER_UI_API_URL": "/api",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
    # In memory a power cut would lose who holds a slot, and nobody would ever let go of it.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
    # Without it flow runs are kept for ever, and what is deleted leaves its logs and artifacts behind.
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
}


def settings(home: Path, keep_days: int, environ: Mapping[str, str]) -> dict[str, str]:
    """What the environment does not say already. Housekeeping deletes our runs after `keep_days`; the vacuum later."""
    ours = {
        **QUIET,
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_API_HOST": HOST,
        "PREFECT_SERVER_API_PORT": PORT,
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(int(timedelta(days=keep_days + 1).total_seconds())),
    }
    return {name: value for name, value in ours.items() if not environ.get(name)}


def is_taken(environ: Mapping[str, str]) -> bool:
    """Whether somebody listens there already."""
    address = urlsplit(url(environ))
    try:
        with socket.create_connection((address.hostname, address.port), timeout=1.0):
            return True
    except OSError:
        return False


def url(environ: Mapping[str, str]) -> str:
    """Where its clients on this machine find it."""
    host = environ["PREFECT_SERVER_API_HOST"]
    host = {"0.0.0.0": HOST, "::": "[::1]"}.get(host, host)  # noqa: S104 - it is compared, not listened on
    return f"http://{host}:{environ['PREFECT_SERVER_API_PORT']}"
