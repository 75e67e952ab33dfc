"""What the artifacts say, and that hostile words in them stay words."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import Any

import pytest

from afk.core.model import IssueRef
from afk.core.records import Command, Verb, Verdicted, Via
from afk.core.run import Evidence, Failure, Outcome, Phase, Reason, TurnKind, Verdict
from flows import pages
from flows.snapshot import Snapshot
from flows.timeline import drawing, picture, spans
from tests.house import HOSTS, INFRA_42
from tests.runs import NOON, RED_CI, SHA, a_run, a_turn, after

FROZEN = a_run(
    a_turn(),
    a_turn(2, TurnKind.FIX_FORWARD, after(minutes=20), sent_at=after(minutes=20)),
    commit=SHA,
    commit_at=after(minutes=25),
    verdict=Verdict.RED,
    verdict_at=after(minutes=30),
    first_red_at=after(minutes=15),
    failure=RED_CI,
    outcome=Outcome.FROZEN,
    reason=Reason.ATTEMPTS_SPENT,
    detail="CI is still red after 1 of 1 corrections.",
    outcome_at=after(minutes=30),
    finished_at=after(minutes=30),
    requested_by="ada",
    evidence=(Evidence(Phase.PUSHED, after(minutes=25), seen=True, detail=SHA),),
)
WISH = Command("redispatch:infra:42:0", Verb.REDISPATCH, INFRA_42, "ada", Via.SLACK, NOON)


def holding(*runs: Any, decisions: tuple[Verdicted, ...] = ()) -> Snapshot:
    return Snapshot({run.id: run for run in runs}, decisions)


def test_fleet_is_a_row_for_each_run_in_flight() -> None:
    going = a_run(reason=Reason.WORKING, cost_usd=1.234)
    ended = a_run(ref=IssueRef("web", 7), id="web-7", finished_at=NOON)

    assert pages.fleet(holding(going, ended), HOSTS) == [
        {
            "issue": "[infra#42](https://tracker.example/infra/42)",
            "attempt": 1,
            "waits for": "the agent is working",
            "since": "2026-11-01 12:00",
            "commit": "",
            "CI": "",
            "USD": 1.23,
            "thread": "[open](https://t3.example/env/t)",
        }
    ]


def test_why_not_gives_the_code_its_words_and_since_when() -> None:
    decision = Verdicted(INFRA_42, "blocked", "acme/infra#7", NOON)

    assert pages.why_not(holding(decisions=(decision,))) == [
        {"issue": "infra#42", "code": "blocked", "why": "It is blocked by acme/infra#7.", "since": "2026-11-01 12:00"}
    ]


def test_words_in_a_table_become_no_link() -> None:
    hostile = "[log](https://evil.example) <img src=x>"
    decision = Verdicted(INFRA_42, "start-failed", hostile, NOON)
    ending = a_run(outcome=Outcome.STOPPED, detail=hostile)

    (why,), (row,) = pages.why_not(holding(decisions=(decision,))), pages.fleet(holding(ending), HOSTS)

    assert why["why"] == "Its start failed ([log] (https://evil.example) < img src=x>); it is tried again."
    assert row["waits for"] == "stopped: [log] (https://evil.example) < img src=x>"


def test_page_of_a_frozen_run_in_full() -> None:
    text = re.sub(r"base64,[^)]*", "base64,…", pages.page(FROZEN, HOSTS, WISH))

    assert text == (
        "# infra#42 Rotate the logs\n\n"
        "[issue](https://tracker.example/infra/42) · [T3 thread](https://t3.example/env/t) · "
        "[CI](https://ci.example/5f5f)\n\n"
        "![timeline of infra-42-1-0a1b2c3d](data:image/svg+xml;base64,…)\n\n"
        "### AFK froze this run\n\n"
        "- ⬜ Worktree\n- ⬜ Tests red\n- ⬜ Tests green\n- ✅ Pushed: 5f5f5f5f5f5f\n- ⬜ CI\n- ⬜ Deployed\n"
        "- ⬜ Done\n\n"
        "**CI is still red after 1 of 1 corrections.**\n\n"
        "<sub>Attempt 1 · run infra-42-1-0a1b2c3d · [conversation](https://t3.example/env/t)</sub>\n\n\n"
        "| | |\n|---|---|\n"
        "| asked for by | ada through slack at 2026-11-01 12:00 UTC |\n"
        "| attempt | 1, run `infra-42-1-0a1b2c3d` |\n"
        "| claimed | 2026-11-01 12:00:00 UTC |\n"
        "| turns | 1 first, 2 fix-forward |\n"
        f"| commit | `{SHA}` |\n"
        "| about | 0.00 USD |\n"
        "| outcome | frozen |\n\n"
        "**Red:** checks / test / pytest [log](https://ci.example/5f5f)\n"
    )


def test_without_a_wish_the_label_asked() -> None:
    assert "| asked for by | the ready label |" in pages.page(a_run(), HOSTS)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "https://ci.example/)[a](https://evil",
        "https://ci.example/\n# heading",
        "data:text/html,x",
        "https://evil.example/x",
    ],
)
def test_address_that_nobody_vouches_for_is_no_link(url: str) -> None:
    evidence = (Evidence(Phase.CI, NOON, seen=True, url=url),)
    run = replace(FROZEN, failure=Failure("checks", url=url), evidence=evidence, url=url, thread_url=url)

    shown = pages.page(run, HOSTS) + str(pages.fleet(holding(a_run(url=url, thread_url=url)), HOSTS))

    assert url not in shown
    assert "](https://evil" not in shown


@pytest.mark.parametrize(
    ("ref", "key"),
    [(INFRA_42, "issue-infra-42"), (IssueRef("My.Repo_1", 7), "issue-my-repo-1-7")],
    ids=["plain", "odd"],
)
def test_key_is_one_that_prefect_takes(ref: IssueRef, key: str) -> None:
    assert pages.key_of(a_run(ref=ref)) == key
    assert re.fullmatch(r"[a-z0-9-]+", key)


def test_timeline_shows_turns_commits_and_the_end_in_their_lanes() -> None:
    told = [
        (span.lane, span.label, (span.begins - NOON).seconds // 60, (span.ends - NOON).seconds // 60)
        for span in spans(FROZEN)
    ]

    assert told == [
        (0, "first turn", 0, 20),
        (0, "correction", 20, 30),
        (1, "5f5f5f5 red", 25, 30),
        (2, "frozen", 30, 30),
    ]


@pytest.mark.parametrize(
    "run",
    [FROZEN, a_run(), a_run(turns=(), started_at=None), a_run(commit="</svg><b>", commit_at=NOON, asked_at=NOON)],
    ids=["frozen", "just started", "only claimed", "hostile commit"],
)
def test_every_run_draws_as_an_image_that_parses(run: Any) -> None:
    root = ET.fromstring(drawing(run))

    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert {each.tag.rpartition("}")[2] for each in root} <= {"rect", "text", "line"}
    carried = base64.b64decode(picture(run).partition("base64,")[2].removesuffix(")")).decode()
    assert carried == drawing(run)


def test_picture_of_a_run_that_did_not_change_does_not_change() -> None:
    assert picture(FROZEN) == picture(replace(FROZEN, version=FROZEN.version + 1))
