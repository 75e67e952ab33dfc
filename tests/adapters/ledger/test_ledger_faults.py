"""What databases say that cannot be provoked in a test, and the line it becomes."""

from __future__ import annotations

import errno
import sqlite3

import psycopg
import pytest
from psycopg import errors
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from afk.adapters.ledger.faults import explained, explaining
from afk.ports import PortError, Refused, Unexpected, Unreachable


def said(cause: Exception) -> DBAPIError:
    return DBAPIError("UPDATE runs SET title = 'secret'", {"title": "secret"}, cause)


def from_sqlite(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("words that change between versions")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("cause", "kind", "words"),
    [
        pytest.param(from_sqlite(sqlite3.SQLITE_IOERR_FSYNC), Unreachable, "the disk does not read", id="fsync failed"),
        pytest.param(from_sqlite(sqlite3.SQLITE_BUSY_SNAPSHOT), Unreachable, "holds it locked", id="extended code"),
        pytest.param(from_sqlite(sqlite3.SQLITE_PERM), Refused, "may not use it", id="no permission"),
        pytest.param(errors.DiskFull(), Unreachable, "the disk is full", id="server's disk full"),
        pytest.param(errors.TooManyConnections(), Unreachable, "busy", id="too many connections"),
        pytest.param(errors.DeadlockDetected(), Unreachable, "busy", id="deadlock"),
        pytest.param(errors.QueryCanceled(), Unreachable, "busy", id="cancelled"),
        pytest.param(errors.CannotConnectNow(), Unreachable, "cannot be reached", id="server starts"),
        pytest.param(errors.InvalidPassword(), Refused, "user or password is wrong", id="password"),
        pytest.param(
            psycopg.OperationalError('connection failed: FATAL:  password authentication failed for user "afk"'),
            Refused,
            "user or password is wrong",
            id="password, while connecting",
        ),
        pytest.param(
            psycopg.OperationalError("connection failed: FATAL:  sorry, too many clients already"),
            Unreachable,
            "busy",
            id="too many, while connecting",
        ),
        pytest.param(
            psycopg.OperationalError('FATAL:  no pg_hba.conf entry for host "10.0.0.1"'), Refused, "may not", id="host"
        ),
    ],
)
def test_fault_becomes_one_line_without_our_data(cause: Exception, kind: type[PortError], words: str) -> None:
    error = explained(said(cause), "db/afk")

    assert type(error) is kind
    assert words in str(error)
    assert str(error).startswith("ledger db/afk: ")
    assert "secret" not in str(error)
    assert "\n" not in str(error)


def test_data_that_mentions_a_fault_is_not_taken_for_it() -> None:
    cause = errors.UniqueViolation("duplicate key\nDETAIL:  Key (title)=(database is locked, disk full) exists")

    error = explained(said(cause), "db/afk")

    assert str(error) == (
        "ledger db/afk: it answered 'duplicate key'. Look into the database's log; report it if it stays"
    )
    assert type(error) is Unexpected


def test_pool_without_a_free_connection_is_busy() -> None:
    with pytest.raises(Unreachable, match="the database is busy"), explaining("db/afk"):
        raise PoolTimeoutError


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        pytest.param(errno.ENOSPC, Unreachable, "the disk is full", id="full"),
        pytest.param(errno.EROFS, Refused, "it is read-only", id="read-only"),
        pytest.param(errno.EMFILE, Unreachable, "the disk does not read or write", id="anything else"),
    ],
)
def test_fault_of_the_file_system_becomes_a_line_too(number: int, kind: type[PortError], words: str) -> None:
    with pytest.raises(kind, match=words), explaining("x.db"):
        raise OSError(number, "words")


def test_mistake_of_our_own_stays_what_it_is() -> None:
    with pytest.raises(ValueError, match="no time zone"), explaining("x.db"):
        raise StatementError("wrapped", "INSERT", {}, ValueError("no time zone"))

    with pytest.raises(KeyError), explaining("x.db"):
        raise KeyError("of the caller")
