"""Fixtures that every part of the suite may ask for, and the order in which its parts begin."""

from __future__ import annotations

import pytest

from tests.house import House

pytest_plugins = ["tests.postgres"]

WAITING = ("tests/test_demo.py", "tests/flows/test_runners.py", "tests/test_up.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What mostly waits for other processes comes first: one worker waits while the others compute."""
    items.sort(key=lambda item: not item.nodeid.startswith(WAITING))


@pytest.fixture
def house() -> House:
    """AFK on a ledger in memory, in a world in memory, with `infra` enrolled and armed."""
    return House.ready()
