"""Fixtures that every part of the suite may ask for."""

from __future__ import annotations

import pytest

from tests.house import House

pytest_plugins = ["tests.postgres"]


@pytest.fixture
def house() -> House:
    """AFK on a ledger in memory, in a world in memory, with `infra` enrolled and armed."""
    return House.ready()
