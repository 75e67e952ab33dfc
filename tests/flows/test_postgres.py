"""The same on a Prefect server that keeps its history in PostgreSQL."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from afk.ports import Unreachable
from flows.poll import poll
from tests.flows.conftest import in_postgres, this_process_uses
from tests.postgres import SHARED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.flows.conftest import History
    from tests.house import House


@pytest.fixture(scope="module")
def server(make_database: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with this_process_uses(tmp_path_factory.mktemp("prefect"), **in_postgres(make_database("postgres"))) as url:
        yield url


if "postgres" in SHARED:

    def test_start_is_told_there_with_its_retries_tags_and_artifacts(at_home: House, history: History) -> None:
        """`make soak` runs every test of the flows there."""
        at_home.an_issue()
        at_home.world.troubles.refuse("tracker.boards", Unreachable("tracker: nobody answers"))

        run = history.run(asyncio.run(poll(return_state=True)))

        assert (run["name"], run["state_name"]) == ("poll · 1 started", "Moved")
        assert set(run["tags"]) == {"repo:infra", "issue:infra#42"}
        runs = {task["name"]: task["run_count"] for task in history.tasks(run, 7)}
        assert (runs["ready issues"], runs["start infra#42"]) == (2, 1)
        assert set(history.artifacts(run)) == {"fleet", "why-not", "issue-infra-42"}
