"""Addresses of ledgers: which are legal, and that no message shows a secret."""

from __future__ import annotations

import pytest

from afk.adapters.ledger.address import address, is_memory, is_read_only, shown
from afk.ports import Refused

LEGAL = "Legal are sqlite:////path/to/file and postgresql+psycopg://user@host/database"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param("sqlite://", "in memory", id="memory"),
        pytest.param("sqlite:///:memory:", "in memory", id="memory by name"),
        pytest.param("sqlite:///file:x?mode=memory&uri=true", "in memory", id="memory by option"),
        pytest.param("sqlite:////var/lib/afk/ledger.db", "/var/lib/afk/ledger.db", id="file"),
        pytest.param("sqlite:///ledger.db?timeout=1", "ledger.db", id="file of the working directory"),
        pytest.param("sqlite:///file:/x/y.db?mode=ro&uri=true", "/x/y.db", id="file with options"),
        pytest.param("postgresql+psycopg://u:hunter2@db:5433/afk", "db:5433/afk", id="server"),
        pytest.param("postgres://u:hunter2@db/afk?password=hunter2", "db/afk", id="password among the options"),
        pytest.param("postgresql:///afk?host=/run/pg", "local socket/afk", id="socket"),
    ],
)
def test_messages_name_the_ledger_without_user_or_password(text: str, name: str) -> None:
    assert shown(address(text)) == name


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_means_the_one_driver(scheme: str) -> None:
    assert address(f"{scheme}://u@h/d").drivername == "postgresql+psycopg"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("", f"ledger: AFK_DATABASE_URL is no database address. {LEGAL}", id="empty"),
        pytest.param("/var/x.db", f"ledger: AFK_DATABASE_URL is no database address. {LEGAL}", id="path"),
        pytest.param(
            "postgres://u:hunter2@h:port/d", f"ledger: AFK_DATABASE_URL is no database address. {LEGAL}", id="port"
        ),
        pytest.param("mysql://u:hunter2@h/d", f"ledger: AFK_DATABASE_URL names mysql. {LEGAL}", id="MySQL"),
        pytest.param(
            "sqlite+aiosqlite:///x.db", f"ledger: AFK_DATABASE_URL names sqlite+aiosqlite. {LEGAL}", id="driver"
        ),
        pytest.param(
            "postgres://u:hunt@er2@h/d",
            "ledger: AFK_DATABASE_URL has an @ inside its password. Write it as %40",
            id="@ in the password",
        ),
    ],
)
def test_address_that_is_none_of_ours_is_refused_in_one_line(text: str, line: str) -> None:
    with pytest.raises(Refused) as error:
        address(text)

    assert str(error.value) == line


def test_kinds_are_told_apart() -> None:
    file, memory, server = (address(text) for text in ("sqlite:///x.db", "sqlite://", "postgres://u@h/"))

    assert [is_memory(url) for url in (file, memory, server)] == [False, True, False]
    assert is_read_only(address("sqlite:///file:x.db?mode=ro&uri=true"))
    assert not any(is_read_only(url) for url in (file, memory, server))
