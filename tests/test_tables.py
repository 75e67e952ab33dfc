"""Facts laid out for people and for scripts."""

from __future__ import annotations

import json
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from afk import tables
from afk.core.records import Armed, TickRecord, Verdicted
from afk.core.run import Evidence, Outcome, Phase, Reason, Run, TurnKind, Verdict
from afk.operations import Status
from tests.house import INFRA_42
from tests.runs import NOON, SHA, a_run, a_turn, after

if TYPE_CHECKING:
    from collections.abc import Iterable

ENDED = {"outcome": Outcome.FROZEN, "reason": Reason.NO_VERDICT, "detail": "Why.", "outcome_at": after(minutes=73)}


def shown(parts: Iterable[Any]) -> list[str]:
    console = Console(file=StringIO(), width=120)
    for part in parts:
        console.print(part)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def status(**about: Any) -> Status:
    facts = {
        "at": after(hours=2),
        "off": "",
        "armed": (),
        "enrolled": ("infra",),
        "live": (),
        "decisions": (),
        "ticks": {},
    }
    return Status(**(facts | about))


STATES = [
    (a_run(), "starting"),
    (a_run(reason=Reason.CI_PENDING), "ci-pending"),
    (a_run(**ENDED), "frozen (ending)"),
    (a_run(**ENDED, finished_at=NOON), "frozen"),
]


@pytest.mark.parametrize(("run", "word"), STATES, ids=[row[1] for row in STATES])
def test_state_is_one_word(run: Run, word: str) -> None:
    assert tables.state(run) == word


def test_runs_for_people() -> None:
    live = a_run(title="A\x1b[31m red\n title xxxx", reason=Reason.WORKING)
    over = a_run(title="Rotate the logs", commit=SHA, finished_at=NOON, **ENDED)

    assert shown([tables.runs_table([live, over], after(hours=2))]) == [
        "ISSUE     ATTEMPT  STATE    SINCE (UTC)       TOOK        COMMIT        TITLE",
        "infra#42  1        working  2026-11-01 12:00  2 h                       A[31m red title xxxx",
        "infra#42  1        frozen   2026-11-01 12:00  1 h 13 min  5f5f5f5f5f5f  Rotate the logs",
    ]


def test_run_for_scripts_is_everything_but_its_prompts() -> None:
    """The successor's job list showed prompts."""
    run = a_run(
        a_turn(text="SECRET PROMPT"), a_turn(2, TurnKind.FIX_FORWARD, text="SECRET PROMPT"),
        commit=SHA, verdict=Verdict.RED, cost_usd=1.5, requested_by="ada", evidence=(Evidence(Phase.PUSHED, NOON, seen=True, detail=SHA),), **ENDED,
    )  # fmt: skip

    facts = json.loads(json.dumps(tables.run_json(run)))

    assert "SECRET" not in str(facts)
    assert facts == {
        "id": "infra-42-1-0a1b2c3d",
        "issue": "infra#42",
        "repo": "infra",
        "number": 42,
        "attempt": 1,
        "title": "Rotate the logs",
        "url": "https://tracker.example/infra/42",
        "state": "frozen (ending)",
        "outcome": "frozen",
        "reason": "no-verdict",
        "detail": "Why.",
        "requested_by": "ada",
        "claimed_at": "2026-11-01T12:00:00+00:00",
        "started_at": "2026-11-01T12:00:00+00:00",
        "outcome_at": "2026-11-01T13:13:00+00:00",
        "finished_at": None,
        "thread_id": "t",
        "thread_url": "https://t3.example/env/t",
        "commit": SHA,
        "verdict": "red",
        "corrections": 1,
        "cost_usd": 1.5,
        "phases": {"pushed": {"seen": True, "detail": SHA}},
    }


def test_run_without_a_commit_has_no_verdict() -> None:
    facts = tables.run_json(a_run())

    assert (facts["verdict"], facts["outcome"], facts["reason"], facts["outcome_at"]) == (None, None, None, None)


ARMED = Armed("infra", "ada", NOON, after(hours=8), "release week")
BLOCKED = Verdicted(INFRA_42, "blocked", "acme/infra#7", NOON)


def test_status_for_people() -> None:
    full = status(
        armed=(ARMED,), enrolled=("infra", "web"), live=(a_run(reason=Reason.WORKING),), decisions=(BLOCKED,),
        ticks={"watch": TickRecord("watch", after(minutes=119), "1 waiting"), "poll": TickRecord("poll", after(minutes=118), "nothing to do")},
    )  # fmt: skip

    assert shown(tables.status_lines(full)) == [
        "AFK is on.",
        "",
        "REPOSITORY  ARMED  UNTIL (UTC)       BY   BECAUSE",
        "infra       yes    2026-11-01 20:00  ada  release week",
        "web         no",
        "",
        "ISSUE     ATTEMPT  STATE    SINCE (UTC)       TOOK  COMMIT  TITLE",
        "infra#42  1        working  2026-11-01 12:00  2 h           Rotate the logs",
        "",
        "ISSUE     CODE     WHY                             SINCE (UTC)",
        "infra#42  blocked  It is blocked by acme/infra#7.  2026-11-01 12:00",
        "",
        "Last poll: 2 min ago, nothing to do",
        "",
        "Last watch: 1 min ago, 1 waiting",
    ]


@pytest.mark.parametrize(
    ("about", "first", "last"),
    [
        pytest.param({"off": "killed by ada"}, "AFK is off: killed by ada.", "Nothing is running.", id="off"),
        pytest.param(
            {"ticks": {"poll": TickRecord("poll", NOON, "off: AFK_KILL_SWITCH is on")}},
            "AFK is off where the flows run: AFK_KILL_SWITCH is on.",
            "AFK_KILL_SWITCH is on",
            id="off elsewhere",
        ),
        pytest.param({"enrolled": ()}, "AFK is on.", "afk.example.toml)", id="nothing enrolled"),
    ],
)
def test_status_says_the_most_urgent_fact_first(about: dict[str, Any], first: str, last: str) -> None:
    lines = shown(tables.status_lines(status(**about)))

    assert lines[0] == first
    assert lines[-1].endswith(last)


def test_status_for_scripts() -> None:
    facts = tables.status_json(
        status(
            armed=(ARMED,), decisions=(BLOCKED,), ticks={"poll": TickRecord("poll", NOON, "1 done")}, live=(a_run(),)
        )
    )

    assert [run.pop("issue") for run in facts.pop("running")] == ["infra#42"]
    assert json.loads(json.dumps(facts)) == {
        "off": None,
        "enrolled": ["infra"],
        "armed": [
            {
                "repo": "infra",
                "by": "ada",
                "at": "2026-11-01T12:00:00+00:00",
                "until": "2026-11-01T20:00:00+00:00",
                "because": "release week",
            }
        ],
        "waiting": [
            {
                "issue": "infra#42",
                "code": "blocked",
                "detail": "acme/infra#7",
                "why": "It is blocked by acme/infra#7.",
                "since": "2026-11-01T12:00:00+00:00",
            }
        ],
        "ticks": {"poll": {"at": "2026-11-01T12:00:00+00:00", "summary": "1 done"}},
    }


def test_hostile_names_leave_the_terminal_alone() -> None:
    text = "\n".join(shown(tables.status_lines(status(armed=(Armed("infra", "a\x1b[2Jb", NOON, None, "c\nd"),)))))

    assert "a[2Jb  c d" in text
    assert "\x1b" not in text
