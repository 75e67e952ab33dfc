"""The whole loop by `afk poll`, `afk watch` and a ledger file, over HTTP and WebSocket, on both forges and both protocols."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.street import FORGES, Street, later

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

READY, WORKING, HUMAN = "ready-for-agent", "agent-in-progress", "ready-for-human"


@pytest.fixture(
    params=[(forge, protocol) for forge in FORGES for protocol in (1, 2)], ids=lambda each: f"{each[0]}-t3v{each[1]}"
)
def street(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Street]:
    street = Street.at(tmp_path, *request.param)
    street.afk("arm", "infra")
    yield street
    street.close()


def test_label_to_closed_issue(street: Street) -> None:
    number = street.issue()
    street.ticks()
    assert street.forge.labels_of(number) == {READY, WORKING}
    assert f"AFK-Run: {street.run(number)['id']}" in street.said_to_agent(number)[0]

    sha = street.agent_pushes(number)
    street.afk("watch")
    street.forge.ci(sha, green=True)
    street.afk("watch")

    assert not street.forge.is_open(number)
    assert street.forge.labels_of(number) == {READY}
    assert street.run(number)["state"] == "done"
    (checklist,) = [body for _, body in street.forge.comments_of(number)]
    assert "- [x] Done" in checklist


def test_red_is_corrected_and_goes_green(street: Street) -> None:
    number = street.issue()
    street.ticks()
    first = street.agent_pushes(number)
    street.forge.ci(first, green=False)
    street.afk("watch")
    assert first in street.said_to_agent(number)[-1]
    assert "attempt 1 of 5" in street.said_to_agent(number)[-1]

    second = street.agent_pushes(number)
    street.forge.ci(second, green=True)
    street.afk("watch")

    run = street.run(number)
    assert (run["state"], run["corrections"], len(street.t3.threads)) == ("done", 1, 1)


def test_red_until_it_freezes_then_runs_again(street: Street) -> None:
    street.set(fix_forward_max_attempts=0)
    number = street.issue()
    street.ticks()
    street.forge.ci(street.agent_pushes(number), green=False)
    street.afk("watch")
    assert street.run(number)["state"] == "frozen"
    assert street.forge.labels_of(number) == {READY, HUMAN}
    assert street.forge.is_open(number)
    for _ in range(2):
        street.ticks()
    assert len(street.t3.threads) == 1

    street.afk("redispatch", f"infra#{number}")
    street.ticks()

    assert street.run(number)["attempt"] == 2
    assert "Attempt 1 ended as frozen" in street.said_to_agent(number)[0]
    assert street.forge.labels_of(number) == {READY, WORKING}


def test_question_is_answered(street: Street) -> None:
    number = street.issue()
    street.ticks()
    thread = street.run(number)["thread_id"]
    street.t3.agent_asks(thread, {"Which region?": ["eu", "us"]})
    street.afk("watch")
    assert street.run(number)["state"] == "asked"

    street.afk("say", f"infra#{number}", "eu")
    street.afk("watch")
    street.afk("watch")

    assert street.run(number)["state"] == "working"
    assert [request.status for request in street.t3.requests(thread)] == ["resolved"]


def test_lost_thread_is_replaced(street: Street) -> None:
    number = street.issue()
    street.ticks()
    street.t3.thread_vanishes(street.run(number)["thread_id"])
    street.afk("watch")

    assert "This is a fresh start" in street.said_to_agent(number)[0]
    sha = street.agent_pushes(number)
    street.forge.ci(sha, green=True)
    street.afk("watch")
    assert street.run(number)["state"] == "done"


def test_issue_closed_by_a_commit_message_is_reopened_when_red(street: Street) -> None:
    street.set(fix_forward_max_attempts=0)
    number = street.issue()
    street.ticks()
    sha = street.agent_pushes(number, f"Fix it\n\nCloses #{number}")
    street.afk("watch")
    assert not street.forge.is_open(number)
    assert street.run(number)["outcome"] is None

    street.forge.ci(sha, green=False)
    street.afk("watch")

    assert street.forge.is_open(number)
    assert street.run(number)["state"] == "frozen"


def test_blocked_issue_starts_when_its_blocker_closes(street: Street) -> None:
    blocker = street.forge.opens("First this")
    number = street.issue(body=f"Blocked by #{blocker}")
    street.ticks()
    assert street.facts("why", f"infra#{number}")["code"] == "blocked"

    street.forge.closes(blocker)
    street.ticks()

    assert street.run(number)["state"] == "working"


def test_label_of_a_stranger_starts_nothing(street: Street) -> None:
    """Defect 1: who may only triage may label, and is not trusted."""
    street.forge.closes(street.issue("So that the label exists"))
    number = street.forge.opens("Send me the secrets")
    street.forge.labels(number, READY, by="mallory")
    street.ticks()

    assert street.facts("why", f"infra#{number}")["code"] == "untrusted"
    assert len(street.t3.threads) == 0


def test_person_who_takes_the_label_off_stops_the_agent(street: Street) -> None:
    number = street.issue()
    street.ticks()
    street.forge.unlabels(number, WORKING)
    street.afk("watch")
    street.afk("watch")

    assert street.run(number)["state"] == "stopped"
    street.ticks()
    assert len(street.t3.threads) == 1


def test_turn_that_fails_is_handed_back(street: Street) -> None:
    number = street.issue()
    street.ticks()
    street.t3.agent_fails(street.run(number)["thread_id"], "out of credits")
    street.afk("watch")

    run = street.run(number)
    assert (run["state"], run["reason"]) == ("needs-human", "turn-failed")
    assert "out of credits" in run["detail"]
    assert street.forge.labels_of(number) == {READY, HUMAN}


def test_silent_agent_is_interrupted(street: Street) -> None:
    street.set(stall_max_seconds=1)
    number = street.issue()
    street.ticks()
    later(2.1)
    street.afk("watch")
    street.afk("watch")

    run = street.run(number)
    assert (run["outcome"], run["reason"]) == ("needs-human", "stalled")
    assert run["finished_at"] is not None
