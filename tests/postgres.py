"""Start a throw-away PostgreSQL from what the machine has, and hand out empty databases of it."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REQUIRED = os.environ.get("AFK_TEST_POSTGRES") == "required"


def binaries() -> Path | None:
    """Where initdb and postgres are, newest first."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which("postgres")
    places += [Path(found).resolve().parent] if found else []
    return next((place for place in places if (place / "initdb").exists()), None)


BINARIES = binaries()
DATABASES = ["memory", "file", *(["postgres"] if BINARIES or REQUIRED else [])]


def _unprivileged() -> list[str]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    name = "postgres" if any(user.pw_name == "postgres" for user in pwd.getpwall()) else "nobody"
    return ["setpriv", f"--reuid={name}", f"--regid={pwd.getpwnam(name).pw_gid}", "--clear-groups"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a running server, without a database name."""
    if BINARIES is None:
        pytest.fail("AFK_TEST_POSTGRES=required, but no PostgreSQL is installed: apt-get install postgresql")
    home = Path(tempfile.mkdtemp(prefix="afk-postgres-"))
    as_user = _unprivileged()
    if as_user:
        shutil.chown(home, as_user[1].removeprefix("--reuid="))
    data, port = home / "data", _free_port()
    quick = ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=200"]
    try:
        subprocess.run(
            [*as_user, BINARIES / "initdb", "-D", data, "-U", "afk", "--auth=trust", "--no-sync", "-E", "UTF8"],
            check=True, capture_output=True, cwd=home,
        )  # fmt: skip
        server = subprocess.Popen(
            [*as_user, BINARIES / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", home, *quick],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=home,
        )  # fmt: skip
        address = f"afk@127.0.0.1:{port}"
        _await(address)
        yield f"postgresql+psycopg://{address}"
        server.send_signal(signal.SIGINT)  # a fast shutdown: connections left open do not keep it
        server.wait(timeout=30)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _await(address: str) -> None:
    for _ in range(150):
        try:
            psycopg.connect(f"postgresql://{address}/postgres", connect_timeout=2).close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the throw-away PostgreSQL did not start")


@pytest.fixture
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """The address of an empty database of the kind asked for."""

    def new(kind: str) -> str:
        if kind == "memory":
            return "sqlite://"
        if kind == "file":
            return f"sqlite:///{tmp_path / uuid4().hex}.db"
        server = request.getfixturevalue("postgres_server")
        name = f"t{uuid4().hex}"
        with psycopg.connect(server.replace("+psycopg", "") + "/postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"{server}/{name}"

    return new
