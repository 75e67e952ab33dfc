"""Ticks as Prefect records them, read back through its API."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import replace
from threading import Event
from typing import TYPE_CHECKING, Any

from prefect import flow

from afk.core.model import IssueRef
from afk.ports import Refused, Unreachable
from flows.driving import drive
from flows.poll import poll
from flows.watch import watch
from tests.flows.conftest import until
from tests.house import ADA, House, a_repo

if TYPE_CHECKING:
    from tests.flows.conftest import History


def polled() -> Any:
    return asyncio.run(poll(return_state=True))


def watched() -> Any:
    return asyncio.run(watch(return_state=True))


def names(tasks: list[dict[str, Any]]) -> list[str]:
    return [task["name"] for task in tasks]


def test_off_and_quiet_ticks_are_one_row_each_and_say_so(at_home: House, history: History) -> None:
    quiet = history.run(watched())
    at_home.operations.kill(ADA, at_home.world.now(), "k", because="release")
    off = history.run(polled())

    assert (quiet["name"], quiet["state_name"], quiet["state_type"]) == ("watch", "Quiet", "COMPLETED")
    assert quiet["state"]["message"] == "no run in flight"
    assert (off["name"], off["state_name"], off["state_type"]) == ("poll", "Off", "COMPLETED")
    assert off["state"]["message"] == "killed by ada, because release"
    assert history.tasks(quiet, 0) == history.tasks(off, 0) == []
    assert history.artifacts(quiet) == history.artifacts(off) == {}
    assert at_home.world.troubles.calls == []
    assert at_home.ledger.last_ticks()["poll"].summary == "off: killed by ada, because release"


def test_start_is_a_named_tagged_run_of_named_tasks_with_a_page(at_home: House, history: History) -> None:
    at_home.an_issue(title="Rotate the [logs](https://evil.example)")

    run = history.run(polled())

    assert (run["name"], run["state_name"], run["state_type"]) == ("poll · 1 started", "Moved", "COMPLETED")
    assert set(run["tags"]) == {"repo:infra", "issue:infra#42"}
    tasks = history.tasks(run, 7)
    assert names(tasks) == [
        "ready issues",
        "trust and blockers",
        "brief infra#42",
        "start infra#42",
        "label infra#42",
        "unlabel infra#42",
        "comment infra#42",
    ]
    assert all(set(task["tags"]) == {"repo:infra", "issue:infra#42"} for task in tasks[2:])
    artifacts = history.artifacts(run)
    assert set(artifacts) == {"fleet", "why-not", "issue-infra-42"}
    page = artifacts["issue-infra-42"]["data"]
    assert "- ⬜ Worktree" in page
    assert f"[T3 thread]({at_home.run().thread_url})" in page
    assert "](https://evil.example)" not in page
    assert _svg_of(page).startswith("<svg ")


def _svg_of(page: str) -> str:
    return base64.b64decode(page.partition("base64,")[2].partition(")")[0]).decode()


def test_unchanged_fleet_is_not_written_again(at_home: House, history: History) -> None:
    at_home.a_run()
    first = history.run(watched())
    second = history.run(watched())

    assert (second["name"], second["state_name"]) == ("watch · 1 in flight", "Waiting")
    assert names(history.tasks(second, 2)) == ["fleet", "issues in progress"]
    assert (set(history.artifacts(first)), history.artifacts(second)) == ({"fleet"}, {})


def test_call_that_fails_twice_is_retried_and_the_tick_does_not_notice(at_home: House, history: History) -> None:
    at_home.an_issue()
    at_home.world.troubles.refuse("tracker.boards", Unreachable("tracker: nobody answers"), times=2)

    run = history.run(polled())

    (boards,) = [task for task in history.tasks(run, 7) if task["name"] == "ready issues"]
    assert (boards["run_count"], boards["state_name"]) == (3, "Completed")
    assert run["state_name"] == "Moved"


def test_repository_that_is_silent_once_is_asked_again_alone(at_home: House, history: History) -> None:
    """An adapter answers about each subject: that nobody answered about one is no failure of the call."""
    at_home.config = replace(at_home.config, repos={**at_home.config.repos, "web": a_repo("web")})
    at_home.world.enrol(a_repo("web"), "ada")
    at_home.operations.arm("web", ADA, at_home.world.now())
    board, asked = at_home.world.tracker.boards, []

    def half_silent(repos: Any) -> Any:
        asked.append([repo.name for repo in repos])
        return {**board(repos), **({"web": Unreachable("web: nobody answers")} if len(asked) < 2 else {})}

    at_home.world.tracker.boards = half_silent  # type: ignore[method-assign]
    run = history.run(polled())

    (boards,) = history.tasks(run, 1)
    assert (boards["run_count"], boards["state_name"], run["state_name"]) == (2, "Completed", "Quiet")
    assert asked == [["infra", "web"], ["web"]]


def test_repository_that_stays_silent_is_a_red_task_and_one_trouble(at_home: House, history: History) -> None:
    at_home.world.troubles.refuse("tracker.boards", Unreachable("tracker: nobody answers"), times=3)
    board = at_home.world.tracker.boards
    at_home.world.tracker.boards = lambda repos: _told(board, repos)  # type: ignore[method-assign]

    run = history.run(polled())

    (boards,) = history.tasks(run, 1)
    assert (boards["run_count"], boards["state_type"], run["state_name"]) == (3, "FAILED", "Partly failed")
    assert run["state"]["message"] == "infra could-not-ask: tracker: nobody answers"


def _told(board: Any, repos: Any) -> Any:
    """As the adapters of a forge say that nobody answered."""
    try:
        return board(repos)
    except Unreachable as error:
        return {repo.name: error for repo in repos}


def test_refusal_and_rate_limit_are_not_retried(at_home: House, history: History) -> None:
    later = at_home.world.now().replace(hour=9)
    at_home.world.troubles.refuse("tracker.boards", Unreachable("tracker: slow down", later))
    held = history.run(polled())
    at_home.world.troubles.refuse("tracker.boards", Refused("tracker: 403"))
    failed = history.run(polled())

    assert (held["state_name"], held["state_type"]) == ("Held: rate limit", "COMPLETED")
    assert held["state"]["message"].startswith("until 2026-11-01 09:00:00 UTC")
    assert (failed["state_name"], failed["state_type"]) == ("Partly failed", "FAILED")
    assert [task["run_count"] for run in (held, failed) for task in history.tasks(run, 1)] == [1, 1]
    assert at_home.world.troubles.calls == ["tracker.boards"] * 2


def test_one_repositorys_trouble_makes_the_run_partly_failed_while_the_others_start(
    at_home: House, history: History
) -> None:
    web = IssueRef("web", 7)
    at_home.config = replace(at_home.config, repos={**at_home.config.repos, "web": a_repo("web")})
    at_home.world.enrol(a_repo("web"), "ada")
    at_home.operations.arm("web", ADA, at_home.world.now())
    at_home.an_issue()
    at_home.an_issue(web)
    at_home.world.troubles.refuse("executor.open", Refused("executor: 400"))

    run = history.run(polled())

    assert (run["name"], run["state_name"]) == ("poll · 1 started", "Partly failed")
    assert "executor: 400" in run["state"]["message"]
    assert {"repo:infra", "repo:web", "issue:infra#42", "issue:web#7"} <= set(run["tags"])
    assert (at_home.run().started_at is None) != (at_home.run(web).started_at is None)


def test_story_to_frozen_leaves_events_and_a_page_with_its_evidence(at_home: House, history: History) -> None:
    at_home.limit(fix_forward_max_attempts=1)
    at_home.an_issue(title="Upgrade the database")
    polled()
    for _ in range(2):
        at_home.world.passes(minutes=5)
        at_home.world.ci_goes_red("infra", at_home.pushed_and_ended())
        run = history.run(watched())

    assert (run["name"], run["state_name"]) == ("watch · 1 ended", "Moved")
    assert json.loads(history.artifacts(run)["fleet"]["data"]) == []
    page = history.artifacts(run)["issue-infra-42"]["data"]
    assert "AFK froze this run" in page
    assert f"- ✅ Pushed: {at_home.run().commit[:12]}" in page
    assert "correction" in _svg_of(page)
    assert "frozen" in _svg_of(page)
    told = until(lambda: _events(history, "Upgrade the database", 7), "the events")
    assert told == ["started", "pushed", "red", "corrected", "pushed", "red", "frozen"]


def _events(history: History, title: str, count: int) -> list[str]:
    wanted = {"event": {"prefix": ["afk.run."]}, "order": "ASC"}
    events = history.post("events/filter", filter=wanted, limit=50)["events"]
    ours = [each["event"].removeprefix("afk.run.") for each in events if each["payload"]["title"] == title]
    return ours if len(ours) >= count else []


def test_tick_past_its_deadline_ends_by_name_and_asks_nobody_any_more(at_home: House, history: History) -> None:
    """Its thread cannot be stopped; its next call to the outside is."""
    at_home.an_issue()
    board, may_answer = at_home.world.tracker.boards, Event()

    def slow(repos: Any) -> Any:
        may_answer.wait(20)
        return board(repos)

    at_home.world.tracker.boards = slow  # type: ignore[method-assign]

    @flow(name="slow poll", flow_run_name="poll")
    async def slow_poll() -> Any:
        state = await drive("poll", 2.0)
        may_answer.set()
        return state

    run = history.run(asyncio.run(slow_poll(return_state=True)))

    assert (run["state_name"], run["state_type"]) == ("Out of time", "FAILED")
    assert at_home.world.troubles.calls == ["tracker.boards"]
    assert at_home.ledger.live() == ()


def test_ledger_that_is_down_fails_the_run_in_one_line_and_the_next_tick_goes_on(
    at_home: House, history: History
) -> None:
    class Down:
        def __getattr__(self, _method: str) -> Any:
            raise Unreachable("ledger: nobody answers")

    ledger = at_home.ports.ledger
    at_home.an_issue()
    at_home.ports = replace(at_home.ports, ledger=Down())  # type: ignore[arg-type]
    down = history.run(polled())
    at_home.ports = replace(at_home.ports, ledger=ledger)
    back = history.run(polled())

    assert (down["state_name"], down["state"]["message"]) == ("No ledger", "ledger: nobody answers")
    assert back["name"] == "poll · 1 started"
