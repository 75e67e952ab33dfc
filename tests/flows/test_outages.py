"""The ledger goes away and comes back, as the flows meet it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import make_url

from flows.watch import watch
from tests.postgres import SHARED, ask_postgres

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.flows.conftest import History


def watched(history: History) -> tuple[str, str]:
    state: Any = asyncio.run(watch(return_state=True))
    run = history.run(state)
    return run["state_name"], run["state"]["message"]


if "postgres" in SHARED:

    def test_ledger_that_is_down_is_one_line_and_the_next_tick_goes_on(
        server: str,
        history: History,
        new_database: Callable[[str], str],
        postgres_server: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        url = new_database("postgres")
        name = make_url(url).database
        monkeypatch.setenv("AFK_DATABASE_URL", url)
        before = watched(history)
        ask_postgres(postgres_server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        down = [watched(history) for _ in range(2)]
        ask_postgres(postgres_server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        back = watched(history)

        assert before == back == ("Quiet", "no run in flight")
        assert {state for state, _ in down} == {"No ledger"}
        assert all(said.startswith("ledger ") and "\n" not in said for _, said in down)
