"""Give the ledger's own tests files, servers and an unprivileged user."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.postgres import DATABASES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOBODY = 65_534
collect_ignore = [] if "postgres" in DATABASES else ["test_ledger_bad_servers.py"]


@contextmanager
def unprivileged() -> Iterator[None]:
    """Root may write everywhere; for this block the tests are nobody."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that an unprivileged user reaches, which pytest's own is not."""
    made = Path(tempfile.mkdtemp(prefix="afk-ledger-"))
    if os.geteuid() == 0:
        os.chown(made, NOBODY, NOBODY)
    yield made
    made.chmod(0o700)
    shutil.rmtree(made)


@pytest.fixture
def file(folder: Path) -> Path:
    return folder / "ledger.db"


@pytest.fixture
def url(file: Path) -> str:
    """A file that keeps nobody waiting for long."""
    return f"sqlite:///{file}?timeout=0.05"


@pytest.fixture
def new_postgres(postgres_server: str, new_database: Callable[[str], str]) -> str:
    """The address of an empty database; `postgres_server` is asked for first, so that its absence is told."""
    return new_database("postgres")
