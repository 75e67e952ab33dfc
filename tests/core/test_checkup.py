"""Findings, their lines, and whether AFK could run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from afk.core.checkup import Finding, Level, broken, clock, could_run, doubtful, fine, lifetime, verdict

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
FINE = fine("T3", "server", "version 0.0.45")
DOUBTFUL = doubtful("T3", "expiry", "it ends soon", "Issue a new token")
BROKEN = broken("GitHub", "token", "refused", "Set AFK_GITHUB_TOKEN")


def compared(told: str, *, took: float = 0.0, age: str = "") -> list[Finding]:
    headers = {"Date": told, **({"Age": age} if age else {})}
    return list(clock("T3", headers, NOON, NOON + timedelta(seconds=took)))


def at(seconds: float) -> str:
    return format_datetime(NOON + timedelta(seconds=seconds), usegmt=True)


def test_line_says_what_is_so_and_what_to_do() -> None:
    assert FINE.line == "ok    T3 · server: version 0.0.45"
    assert BROKEN.line == "fail  GitHub · token: refused. Set AFK_GITHUB_TOKEN"


def test_json_has_every_part() -> None:
    assert DOUBTFUL.as_json() == {
        "system": "T3", "subject": "expiry", "level": "warn", "what": "it ends soon", "todo": "Issue a new token",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("findings", "runs", "line"),
    [
        pytest.param([], True, "AFK could run: nothing to look at.", id="nothing"),
        pytest.param([FINE], True, "AFK could run: nothing to look at.", id="fine"),
        pytest.param([FINE, DOUBTFUL], True, "AFK could run: 1 to look at.", id="doubtful"),
        pytest.param([BROKEN, FINE], False, "AFK could not run: 1 to mend, nothing to look at.", id="broken"),
        pytest.param([BROKEN, DOUBTFUL, BROKEN], False, "AFK could not run: 2 to mend, 1 to look at.", id="both"),
    ],
)
def test_only_what_is_broken_keeps_afk_from_running(findings: list[Finding], runs: bool, line: str) -> None:
    assert (could_run(findings), verdict(findings)) == (runs, line)


@pytest.mark.parametrize(
    ("seconds", "level", "what"),
    [
        pytest.param(0, Level.OK, "agrees with this machine's", id="same"),
        pytest.param(60, Level.OK, "agrees with this machine's", id="a-minute-ahead"),
        pytest.param(61, Level.WARN, "T3's is 61 s ahead of ours", id="more-than-a-minute-ahead"),
        pytest.param(300, Level.WARN, "T3's is 300 s ahead of ours", id="five-minutes-ahead"),
        pytest.param(301, Level.FAIL, "T3's is 301 s ahead of ours", id="more-than-five-minutes-ahead"),
        pytest.param(-61, Level.OK, "agrees with this machine's", id="rounded-down-to-the-second"),
        pytest.param(-62, Level.WARN, "T3's is 61 s behind ours", id="more-than-a-minute-behind"),
        pytest.param(-302, Level.FAIL, "T3's is 301 s behind ours", id="more-than-five-minutes-behind"),
    ],
)
def test_clocks_that_differ_are_noticed_and_then_refused(seconds: int, level: Level, what: str) -> None:
    (found,) = compared(at(seconds))

    assert (found.subject, found.level, found.what) == ("clock", level, what)
    assert ("NTP" in found.todo) is (level is not Level.OK)


def test_slow_answer_is_no_wrong_clock() -> None:
    """Their time lies somewhere between question and answer."""
    assert [compared(at(seconds), took=400)[0].level for seconds in (0, 200, 400)] == [Level.OK] * 3


def test_answer_from_a_cache_is_as_old_as_the_cache_says() -> None:
    assert compared(at(-500), age="500")[0].level is Level.OK
    assert compared(at(-500), age="much")[0].level is Level.FAIL


@pytest.mark.parametrize("told", ["", "yesterday", "Fri, 20 Nov 2026 12:00:00", "Fri, 99 Nov 2026 12:00:00 GMT"])
def test_answer_without_a_time_says_nothing_about_clocks(told: str) -> None:
    assert compared(told) == []


@pytest.mark.parametrize(
    ("days", "level"),
    [
        pytest.param(3, Level.OK, id="three-days"),
        pytest.param(2.99, Level.WARN, id="less-than-three-days"),
    ],
)
def test_credential_that_ends_soon_is_to_look_at(days: float, level: Level) -> None:
    found = lifetime("T3", "expiry", NOON + timedelta(days=days), NOON, "Issue a new one")

    assert (found.level, "UTC" in found.what) == (level, True)
