"""What a run stands on moves while it is in flight: over the wire, each ends or goes on in one known way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from afk.sandbox.faults import Fault, Trouble
from tests.street import REPO, Github, Street

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    street = Street.at(tmp_path, "github", 1)
    street.afk("arm", "infra")
    yield street
    street.close()


def hub(street: Street) -> Github:
    assert isinstance(street.forge, Github)
    return street.forge


def is_interrupted(street: Street, number: int) -> bool:
    return street.t3.turns(street.run(number)["thread_id"])[-1].status == "interrupted"


@pytest.mark.parametrize("how", ["transferred", "deleted"])
def test_issue_that_leaves_its_repository_ends_the_run_and_frees_the_repository(street: Street, how: str) -> None:
    number, server = street.issue(), hub(street).server
    street.ticks()
    if how == "transferred":
        server.create_repository("acme/web", collaborators={"ada": "admin", "afk-bot": "write"})
        server.transfer_issue(REPO, number, "acme/web", "acme")
    else:
        server.delete_issue(REPO, number, "acme")
    street.afk("watch")
    street.afk("watch")

    run = street.run(number)
    assert (run["state"], run["reason"]) == ("stopped", "issue-gone")
    assert run["finished_at"]
    assert is_interrupted(street, number)
    another = street.issue("The next one")
    street.ticks()
    assert street.run(another)["state"] == "working"


def test_renamed_repository_is_followed_to_its_end(street: Street) -> None:
    number, server = street.issue(), hub(street).server
    street.ticks()
    server.rename_repository(REPO, "platform")
    sha = server.push("acme/platform", f"Work\n\nRefs: {REPO}#{number}\nAFK-Run: {street.run(number)['id']}", "ada")
    street.t3.agent_finishes(street.run(number)["thread_id"], "Done.")
    street.afk("watch")
    ci = server.run_of("acme/platform", sha)
    server.begin_run("acme/platform", ci)
    server.finish_run("acme/platform", ci, "success")
    street.afk("watch")

    assert street.run(number)["state"] == "done"
    assert server.issue("acme/platform", number).state == "closed"


@pytest.mark.parametrize("how", ["archived", "gone"])
def test_repository_that_cannot_be_written_leaves_the_run_waiting_and_the_rest_alone(street: Street, how: str) -> None:
    """Nothing is known of the issue, so nothing is decided; the run's own time is the exit."""
    number, server = street.issue(), hub(street).server
    street.ticks()
    if how == "archived":
        server.archive(REPO)
    else:
        server.delete_repository(REPO)
    street.afk("watch")
    assert street.run(number)["outcome"] is None
    assert len(street.said_to_agent(number)) == 1

    street.set(run_max_seconds=0)
    street.afk("watch")

    assert street.run(number)["outcome"] == "needs-human"
    assert is_interrupted(street, number)


def test_rate_limit_is_shown_with_its_end(street: Street) -> None:
    street.issue()
    refusal = Fault(Trouble.STATUS, "^POST /graphql$", 1, 0.0, 429, {"Retry-After": "600"}, '{"message": "slow down"}')
    street.forge.server.faults.add(refusal)
    street.afk("poll")
    asked = len(street.forge.server.exchanges)
    street.afk("poll")

    report = street.facts("status")["ticks"]["poll"]["summary"]
    assert "held: rate limit until " in report
    assert report.partition("until ")[2][:5] in street.afk("status")
    assert len(street.forge.server.exchanges) == asked  # the next process holds, too
