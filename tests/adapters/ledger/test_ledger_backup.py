"""A copy is a ledger like the one it was made of, whoever writes meanwhile; what cannot be copied is said in a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from afk.adapters.ledger import open_ledger
from afk.adapters.ledger.backup import copy_ledger
from afk.ports import Gone, PortError, Refused
from tests.contract.ledgers import an_entry, contents, fill

if TYPE_CHECKING:
    from pathlib import Path


def test_a_copy_holds_what_was_committed_while_somebody_writes(tmp_path: Path) -> None:
    url, copy = f"sqlite:///{tmp_path}/ledger 1.db", tmp_path / "copy.db"
    with open_ledger(url) as ledger:
        fill(ledger)
        before = contents(ledger)
        with ledger._writing() as connection:
            connection.exec_driver_sql("DELETE FROM audit")
            copy_ledger(url, copy)
        ledger.audit(an_entry("later"))

    assert copy.stat().st_mode & 0o777 == 0o600
    with open_ledger(f"sqlite:///{copy}") as copied:
        assert contents(copied) == before


@pytest.mark.parametrize(
    ("url", "error", "says"),
    [
        pytest.param("sqlite://", Gone, "in memory: there is nothing to copy yet", id="memory"),
        pytest.param("sqlite:///{home}/none.db", Gone, "none.db: there is nothing to copy yet", id="no file"),
        pytest.param("postgresql://ada:secret@db.test/afk", Refused, "ledger db.test/afk: it is in PostgreSQL. Copy it with pg_dump", id="postgres"),
        pytest.param("sqlite:///{home}/text.db", Refused, "it could not be copied to", id="no database"),
        pytest.param("sqlite:///{home}/ledger.db", Refused, "there.db is there already. Name a new file", id="no new file"),
    ],
)  # fmt: skip
def test_what_cannot_be_copied_is_said(tmp_path: Path, url: str, error: type[PortError], says: str) -> None:
    (tmp_path / "text.db").write_text("no database at all " * 100)
    open_ledger(f"sqlite:///{tmp_path}/ledger.db").__exit__()
    (tmp_path / "there.db").touch()
    target = tmp_path / ("there.db" if "ledger.db" in url else "copy.db")

    with pytest.raises(error, match=says):
        copy_ledger(url.format(home=tmp_path), target)

    assert not (tmp_path / "copy.db").exists()
