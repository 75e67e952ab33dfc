"""Start a throw-away PostgreSQL from what the machine has, and hand out empty databases and ledgers.

`AFK_TEST_POSTGRES_URL` names a server to use instead, whose user may create databases. Without either, the tests run on
SQLite alone; `AFK_TEST_POSTGRES=required` makes that a failure.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy.engine import make_url

from afk.adapters.ledger import open_ledger, tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from afk.adapters.ledger import SqlLedger

REQUIRED = os.environ.get("AFK_TEST_POSTGRES") == "required"
SERVER = os.environ.get("AFK_TEST_POSTGRES_URL", "")


def binaries() -> Path | None:
    """Where initdb and postgres are, newest first."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which("postgres")
    places += [Path(found).resolve().parent] if found else []
    return next((place for place in places if (place / "initdb").exists()), None)


BINARIES = binaries()
DATABASES = ["memory", "file", *(["postgres"] if BINARIES or SERVER or REQUIRED else [])]
SHARED = [kind for kind in DATABASES if kind != "memory"]  # what several processes can open


def _unprivileged() -> list[str]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    name = "postgres" if any(user.pw_name == "postgres" for user in pwd.getpwall()) else "nobody"
    return ["setpriv", f"--reuid={name}", f"--regid={pwd.getpwnam(name).pw_gid}", "--clear-groups"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a running server, without a database name."""
    if SERVER:
        yield make_url(SERVER).set(drivername="postgresql+psycopg", database="").render_as_string(False).rstrip("/")
        return
    if BINARIES is None:
        pytest.fail("AFK_TEST_POSTGRES=required, but no PostgreSQL is installed: apt-get install postgresql")
    home = Path(tempfile.mkdtemp(prefix="afk-postgres-"))
    try:
        with _running(BINARIES, home) as address:
            yield f"postgresql+psycopg://{address}"
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _running(programs: Path, home: Path) -> Iterator[str]:
    as_user = _unprivileged()
    if as_user:
        shutil.chown(home, as_user[1].removeprefix("--reuid="))
    data, port = home / "data", free_port()
    quick = ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=200"]
    subprocess.run(
        [*as_user, programs / "initdb", "-D", data, "-U", "afk", "--auth=trust", "--no-sync", "-E", "UTF8"],
        check=True, capture_output=True, cwd=home,
    )  # fmt: skip
    server = subprocess.Popen(
        [*as_user, programs / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", home, *quick],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=home,
    )  # fmt: skip
    try:
        address = f"afk@127.0.0.1:{port}"
        _await(address)
        yield address
    finally:
        server.send_signal(2)  # fast shutdown: it does not wait for those still connected
        server.wait(timeout=30)


def _await(address: str) -> None:
    for _ in range(150):
        try:
            psycopg.connect(f"postgresql://{address}/postgres", connect_timeout=2).close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the throw-away PostgreSQL did not start")


def ask_postgres(server: str, statement: str, database: str = "postgres") -> None:
    """Say something to the server behind the ledger's back."""
    with psycopg.connect(f"{server.replace('+psycopg', '')}/{database}", autocommit=True) as connection:
        connection.execute(statement)


@pytest.fixture(scope="session")
def make_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], str]]:
    made: list[str] = []

    def new(kind: str) -> str:
        if kind == "memory":
            return "sqlite://"
        if kind == "file":
            return f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'ledger.db'}"
        server = request.getfixturevalue("postgres_server")
        made.append(f"afk_test_{uuid4().hex}")
        ask_postgres(server, f"CREATE DATABASE {made[-1]}")
        return f"{server}/{made[-1]}"

    yield new
    for name in made if SERVER else ():
        ask_postgres(request.getfixturevalue("postgres_server"), f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def new_database(make_database: Callable[[str], str]) -> Callable[[str], str]:
    """The address of an empty database of the kind asked for."""
    return make_database


@pytest.fixture(scope="session")
def open_ledgers(make_database: Callable[[str], str]) -> Iterator[dict[str, SqlLedger]]:
    """One ledger of each kind for the whole session."""
    opened: dict[str, SqlLedger] = {}
    yield opened
    for ledger in opened.values():
        ledger.__exit__()


@pytest.fixture(params=DATABASES)
def ledger(
    request: pytest.FixtureRequest, open_ledgers: dict[str, SqlLedger], make_database: Callable[[str], str]
) -> SqlLedger:
    """An empty ledger of each kind."""
    kind: str = request.param
    if kind not in open_ledgers:
        open_ledgers[kind] = open_ledger(make_database(kind))
    with open_ledgers[kind]._writing() as connection:
        for table in reversed(tables.metadata.sorted_tables):
            connection.execute(table.delete())
    return open_ledgers[kind]
