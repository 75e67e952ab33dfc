"""Options and logins of an address: what is not understood gets its one line, and no password is ever shown."""

from __future__ import annotations

import time
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy.engine import make_url

from afk.adapters.ledger import open_ledger
from afk.adapters.ledger.address import address, is_memory
from afk.ports import PortError, Refused, Unreachable
from tests.contract.ledgers import an_entry
from tests.postgres import DATABASES, SERVER, ask_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "hunter" + "2" * 3  # put together here, so that no traceback quotes it
OPTION = "AFK_DATABASE_URL has an option that is not understood. Correct what follows its question mark"
SERVERS = [pytest.param("postgres", id="postgres")] if "postgres" in DATABASES else []


def refusal(url: str, kind: type[PortError]) -> str:
    with pytest.raises(kind) as error:
        open_ledger(url)
    assert SECRET not in "".join(traceback.format_exception(error.value))
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    "option",
    [
        pytest.param("timeout=soon", id="no number"),
        pytest.param("uri=maybe", id="neither yes nor no"),
        pytest.param("mode=wish&uri=true", id="no such mode"),
    ],
)
def test_an_option_of_a_file_that_is_not_understood_is_refused(tmp_path: Path, option: str) -> None:
    file = f"{tmp_path}/ledger.db"
    prefix = "file:" if "uri=true" in option else ""

    assert refusal(f"sqlite:///{prefix}{file}?{option}", Refused) == f"ledger {file}: {OPTION}"


@pytest.mark.parametrize("option", ["foo=bar", "sslmode=wish", "connect_timeout=soon", "keepalives_idle=soon"])
def test_an_option_of_a_server_that_is_not_understood_is_refused(option: str) -> None:
    url = f"postgresql://afk:{SECRET}@127.0.0.1:1/afk?{option}"

    assert refusal(url, Refused) == f"ledger 127.0.0.1:1/afk: {OPTION}"


def test_a_host_without_an_address_is_asked_again_later() -> None:
    assert refusal(f"postgresql://afk:{SECRET}@nowhere.invalid/afk", Unreachable) == (
        "ledger nowhere.invalid/afk: the database cannot be reached. Start it, or correct AFK_DATABASE_URL"
    )


@pytest.mark.parametrize(
    "text",
    ["sqlite://", "sqlite:///:memory:", "sqlite:///file::memory:?uri=true", "sqlite:///file:x?mode=memory&uri=true"],
)
def test_a_ledger_in_memory_leaves_no_file(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with open_ledger(text) as ledger:
        ledger.audit(an_entry())
        assert ledger.audited(1) == (an_entry(),)

    assert is_memory(address(text))
    assert list(tmp_path.iterdir()) == []


@contextmanager
def a_login(server: str) -> Iterator[str]:
    """A user whom the server asks for a password; the throw-away one is told to, since it trusts everybody."""
    name = f"guest_{uuid4().hex[:8]}"
    ask_postgres(server, f"CREATE ROLE {name} LOGIN PASSWORD '{SECRET}'")
    trusting = () if SERVER else _ask_for_a_password(server, name)
    try:
        yield make_url(server).set(username=name, password=SECRET, database="postgres").render_as_string(False)
    finally:
        if trusting:
            _let_in(server, trusting)
        ask_postgres(server, f"DROP ROLE {name}")


def _ask_for_a_password(server: str, name: str) -> tuple[str, ...]:
    with psycopg.connect(f"{server.replace('+psycopg', '')}/postgres") as connection:
        said = connection.execute("SELECT pg_read_file(current_setting('hba_file'))").fetchone()
    assert said is not None
    rules = tuple(line for line in said[0].splitlines() if line and not line.startswith("#"))
    _let_in(server, (f"host all {name} all scram-sha-256", *rules))
    stranger = make_url(server).set(drivername="postgresql", username=name, database="postgres").render_as_string(False)
    for _ in range(200):
        try:
            psycopg.connect(stranger).close()
        except psycopg.OperationalError:
            return rules
        time.sleep(0.02)
    pytest.fail("the server did not take its new rules")


def _let_in(server: str, rules: tuple[str, ...]) -> None:
    values = ", ".join(f"('{rule}')" for rule in rules)
    with psycopg.connect(f"{server.replace('+psycopg', '')}/postgres", autocommit=True) as connection:
        file = connection.execute("SHOW hba_file").fetchone()
        assert file is not None
        connection.execute(f"COPY (VALUES {values}) TO '{file[0]}'".encode())
        connection.execute("SELECT pg_reload_conf()")


@pytest.mark.parametrize("kind", SERVERS)
def test_a_wrong_password_is_refused_and_not_repeated(kind: str, request: pytest.FixtureRequest) -> None:
    server = request.getfixturevalue("postgres_server")
    with a_login(server) as url:
        right = make_url(url)
        where = f"ledger {right.host}:{right.port}/postgres"
        wrong = right.set(password=f"{SECRET}3").render_as_string(False)
        none = url.replace(f":{SECRET}@", "@")
        psycopg.connect(url.replace("+psycopg", "")).close()  # so that it is the password that is wrong

        for each in (wrong, none):
            assert refusal(each, Refused) == f"{where}: user or password is wrong. Correct AFK_DATABASE_URL"
