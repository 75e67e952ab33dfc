"""One tick as the settings are now: off asks nobody, unreadable counts as off and rings once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from afk import ticking
from afk.adapters.ledger import open_ledger
from afk.core.config import ConfigError
from afk.core.records import DoorbellKind

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = f"sqlite:///{tmp_path}/ledger.db"
    monkeypatch.setenv("AFK_DATABASE_URL", url)
    monkeypatch.chdir(tmp_path)
    return url


def test_poll_that_is_off_needs_no_tokens(url: str) -> None:
    """As it ships: nothing is configured, and nothing is asked."""
    report = ticking.run("poll")

    assert report.summary == "off: AFK_KILL_SWITCH is on"
    with open_ledger(url) as ledger:
        assert ledger.last_ticks()["poll"].summary == "off: AFK_KILL_SWITCH is on"


def test_watch_without_runs_needs_no_tokens(url: str) -> None:
    assert ticking.run("watch").summary == "quiet: no run in flight"


def test_unreadable_kill_switch_counts_as_off_and_rings_once(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defect 36: the line names the variable, the value and the legal values."""
    monkeypatch.setenv("AFK_KILL_SWITCH", "offf")
    for _ in range(3):
        with pytest.raises(ConfigError, match=r"AFK_KILL_SWITCH.*offf.*1/true/yes/on"):
            ticking.run("poll")

    with open_ledger(url) as ledger:
        assert ledger.last_ticks()["poll"].summary.startswith("off: AFK counts as switched off")
        ((bell, _),) = ledger.outbox("slack")
        assert bell.kind is DoorbellKind.ALARM
        assert "AFK_KILL_SWITCH" in bell.text


def test_armed_without_an_executor_is_a_fault_of_the_settings(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFK_KILL_SWITCH", "off")
    monkeypatch.setenv("AFK_ALLOWLIST", "acme/infra")

    with pytest.raises(ConfigError, match=r"AFK_T3_URL|AFK_GITHUB_TOKEN"):
        ticking.run("poll")
