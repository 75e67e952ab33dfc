"""The serving process tells probes and Prometheus the truth on a port of its own."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from afk import settings, wiring
from afk.core.config import ConfigError
from afk.core.records import Doorbell, DoorbellKind, TickRecord
from afk.pages import PageServer
from flows.doorkeeper import Doorkeeper
from flows.handouts import Handouts
from flows.health import shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from afk.pages import Page


def now() -> datetime:
    return wiring.clock().now()


@pytest.fixture
def keeper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Doorkeeper:
    (tmp_path / "afk.toml").write_text('[repos.infra]\nslug = "acme/infra"\n')
    monkeypatch.setenv("AFK_CONFIG", str(tmp_path / "afk.toml"))
    monkeypatch.setenv("AFK_DATABASE_URL", f"sqlite:///{tmp_path}/ledger.db")
    monkeypatch.setenv("AFK_NTFY_URL", "http://127.0.0.1:1/topic")
    return Doorkeeper(60, delivers=True)


@pytest.fixture
def pages(keeper: Doorkeeper) -> Iterator[httpx.Client]:
    with shown(_free(), keeper) as server, _client(server) as client:
        yield client


@contextmanager
def _served(pages: dict[str, Page]) -> Iterator[PageServer]:
    server = PageServer(("127.0.0.1", 0), pages)
    server.start()
    yield server
    server.drain()


def _free() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _client(server: PageServer | None) -> httpx.Client:
    assert server is not None
    return httpx.Client(base_url=f"http://127.0.0.1:{server.port}", trust_env=False, timeout=30)


def test_process_that_works_is_alive_and_well(keeper: Doorkeeper, pages: httpx.Client) -> None:
    keeper.passed()

    alive, health = pages.get("/alive"), pages.get("/health")

    assert (alive.status_code, health.status_code) == (200, 200)
    assert health.json()["oldest_waiting_seconds"] == {"ntfy": None}
    assert "hears_slack" not in health.json()


def test_process_that_stands_still_is_dead_and_one_that_waits_is_not(keeper: Doorkeeper, pages: httpx.Client) -> None:
    keeper.done_at = now() - timedelta(minutes=5)
    assert pages.get("/alive").json()["problems"] == ["errands stand still"]

    keeper.passed("Prefect does not answer")
    assert pages.get("/alive").status_code == 200
    assert pages.get("/health").json()["rounds"]["errands"]["troubles"] == ["Prefect does not answer"]

    keeper.closing.set()
    assert pages.get("/alive").status_code == 503


def test_metrics_are_those_of_the_ledger(
    keeper: Doorkeeper, pages: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with wiring.ledger(settings.ledger_url()) as ledger:
        ledger.ring(Doorbell("bell", DoorbellKind.ALARM, now(), text="x"))
        ledger.ticked(TickRecord("poll", now(), "1 done"))

    text = pages.get("/metrics").text
    assert 'afk_outbox_waiting{channel="ntfy"} 1.0' in text
    assert 'afk_armed{repo="infra"} 0.0' in text
    assert "afk_last_tick_timestamp_seconds" in text

    keeper.delivers = False  # as where Slack's bot does
    assert "ntfy" not in pages.get("/metrics").text

    monkeypatch.setenv("AFK_KILL_SWITCH", "perhaps")
    broken = pages.get("/metrics")
    assert (broken.status_code, broken.json()["ok"]) == (503, False)
    assert "AFK_KILL_SWITCH" in pages.get("/health").json()["problems"][0]
    assert pages.get("/alive").status_code == 200


def test_worker_that_fetches_nothing_for_long_counts_as_dead(keeper: Doorkeeper) -> None:
    """Prefect's worker tells it on a page of its own, which is asked each time."""
    status = [200]
    with _served({"/health": lambda: (status[0], "")}) as prefects:
        handouts = Handouts(prefects.port)
        with shown(_free(), keeper, handouts) as server, _client(server) as client:
            keeper.passed()
            assert client.get("/alive").status_code == 200
            status[0] = 503
            assert client.get("/alive").status_code == 200
            assert client.get("/health").json()["rounds"]["handouts"]["troubles"] == [
                "it has not asked the pool for long"
            ]
            assert handouts.heard is not None
            handouts.heard -= timedelta(minutes=5)
            assert client.get("/alive").json()["problems"] == ["handouts stand still"]


def test_port_that_is_taken_is_named(keeper: Doorkeeper) -> None:
    port = _free()
    with (
        shown(port, keeper),
        pytest.raises(ConfigError, match=f"--health {port} cannot be opened"),
        shown(port, keeper),
    ):
        pass


def test_without_a_port_nothing_is_opened(keeper: Doorkeeper) -> None:
    with shown(None, keeper) as server:
        assert server is None
