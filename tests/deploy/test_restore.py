"""The document's lines for backup and restore, typed against a real PostgreSQL."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.engine import make_url

from afk.adapters.ledger import open_ledger
from afk.adapters.ledger.upgrade import upgrade
from tests.contract.ledgers import a_run, an_entry
from tests.deploy.recipe import ROOT
from tests.postgres import BINARIES, SERVER, ask_postgres

if TYPE_CHECKING:
    from pathlib import Path

README = (ROOT / "deploy/README.md").read_text()


def lines(program: str) -> list[str]:
    """Without what leads into the container."""
    return re.findall(rf"(?:exec (?:-T |--stdin )?postgres(?:-0 --)? )({program} [^`\n]+)", README)


@pytest.mark.skipif(BINARIES is None or bool(SERVER), reason="it makes a database of the document's name")
@pytest.mark.parametrize("way", [0, 1], ids=["compose", "kubernetes"])
def test_restore_undoes_what_a_newer_version_did(postgres_server: str, tmp_path: Path, way: int) -> None:
    """A table that stayed behind would be in the way of the next upgrade."""
    ask_postgres(postgres_server, "DROP DATABASE IF EXISTS afk WITH (FORCE)")
    ask_postgres(postgres_server, "CREATE DATABASE afk")
    url, server = f"{postgres_server}/afk", make_url(postgres_server)
    environment = {"PATH": f"{BINARIES}:{os.environ['PATH']}", "PGHOST": str(server.host), "PGPORT": str(server.port)}

    def typed(line: str) -> None:
        subprocess.run(["bash", "-euc", line], cwd=tmp_path, env=environment, check=True, timeout=60)

    with open_ledger(url) as ledger:
        ledger.claim(a_run(), an_entry(), {})
    typed(lines("pg_dump")[way])
    ask_postgres(postgres_server, "CREATE TABLE newer (id integer)", "afk")

    typed(lines("pg_restore")[way])

    assert upgrade(url).before == upgrade(url).after
    ask_postgres(postgres_server, "CREATE TABLE newer (id integer)", "afk")
    with open_ledger(url) as ledger:
        assert [run.ref for run in ledger.live()] == [a_run().ref]
    ask_postgres(postgres_server, "DROP DATABASE afk WITH (FORCE)")
