"""Say how a Prefect server of our own is started: quiet, small, and safe after a power cut."""

from __future__ import annotations

import re
import socket
import sys
from datetime import timedelta
from ipaddress import IPv6Address
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from afk.core.config import ConfigError
from afk.core.text import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

HOST, PORT = "127.0.0.1", "4200"
HOST_SETTING, PORT_SETTING = "PREFECT_SERVER_API_HOST", "PREFECT_SERVER_API_PORT"
HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252})", re.ASCII)
HIGHEST_PORT = 65_535
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
        HOST_SETTING: HOST,
        PORT_SETTING: PORT,
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(int(timedelta(days=keep_days + 1).total_seconds())),
    }
    return {name: value for name, value in ours.items() if not environ.get(name)}


def is_taken(environ: Mapping[str, str]) -> bool:
    """Whether somebody listens there already."""
    host, port = _address(environ)
    try:
        with socket.create_connection((host, port), timeout=1.0):
            return True
    except OSError:
        return False


def url(environ: Mapping[str, str]) -> str:
    """Where its clients on this machine find it. Raises ConfigError."""
    host, port = _address(environ)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _address(environ: Mapping[str, str]) -> tuple[str, int]:
    host, port = environ[HOST_SETTING].strip(), environ[PORT_SETTING].strip()
    if not (port.isascii() and port.isdigit() and 1 <= int(port[:6]) <= HIGHEST_PORT):
        raise ConfigError(f"{PORT_SETTING} is {plain(repr(port), 80)}, but must be a port from 1 to 65535. Correct it.")
    if not HOST_NAME.fullmatch(host) and not _is_ipv6(host):
        raise ConfigError(
            f"{HOST_SETTING} is {plain(repr(host), 80)}, but must be a host name or an address, such as {HOST} or ::1, "
            "without brackets and port. Correct it."
        )
    return {"0.0.0.0": HOST, "::": "::1"}.get(host, host), int(port)  # noqa: S104 - compared, not listened on


def _is_ipv6(host: str) -> bool:
    try:
        return bool(IPv6Address(host))
    except ValueError:
        return False


def make_home(environ: Mapping[str, str]) -> None:
    """Prefect would say it with a stack trace. Raises ConfigError."""
    home = environ["PREFECT_HOME"]
    try:
        Path(home).mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=home) as probe:
            probe.write(b"room")
            probe.flush()
    except OSError as error:
        raise ConfigError(
            f"Prefect cannot keep its history in {plain(home, 200)} ({error.strerror}): make room there, "
            "or set PREFECT_HOME to another folder."
        ) from None
