"""The one comment that shows how far a run is, in full for each state."""

from __future__ import annotations

import pytest

from afk.core.checklist import checklist
from afk.core.run import Evidence, Outcome, Phase, Run, TurnKind
from tests.house import HOSTS
from tests.runs import NOON, SHA, a_run, a_turn

MARKER = "<!-- afk:checklist:infra-42-1-0a1b2c3d -->"
FOOTER = "<sub>Attempt 1 · run infra-42-1-0a1b2c3d · [conversation](https://t3.example/env/t)</sub>"
NOTHING = """\
- [ ] Worktree
- [ ] Tests red
- [ ] Tests green
- [ ] Pushed
- [ ] CI
- [ ] Deployed
- [ ] Done"""


def seen(phase: Phase, detail: str = "", url: str = "") -> Evidence:
    return Evidence(phase, NOON, seen=True, detail=detail, url=url)


def reported(phase: Phase, detail: str = "") -> Evidence:
    return Evidence(phase, NOON, seen=False, detail=detail)


def shown(heading: str, phases: str, *remarks: str) -> str:
    return "\n".join([MARKER, f"### {heading}", "", phases, "", *remarks, FOOTER]) + "\n"


PUSHED = seen(Phase.PUSHED, SHA)
ALL = (
    reported(Phase.WORKTREE, "../wt"),
    reported(Phase.TESTS_RED, "tests/test_x.py::test_y"),
    PUSHED,
    seen(Phase.CI, url="https://ci.example/1"),
    seen(Phase.DEPLOYED, "app:5f5f", "https://ci.example/2"),
    seen(Phase.DONE),
)
ALL_SHOWN = """\
- [x] Worktree (reported): \\../wt
- [x] Tests red (reported): tests/test\\_x.py::test\\_y
- [ ] Tests green
- [x] Pushed: 5f5f5f5f5f5f
- [x] CI: [log](https://ci.example/1)
- [x] Deployed: [app:5f5f](https://ci.example/2)
- [x] Done"""
NO_DEPLOY = tuple(each for each in ALL if each.phase is not Phase.DEPLOYED)
NO_DEPLOY_SHOWN = ALL_SHOWN.replace(
    "- [x] Deployed: [app:5f5f](https://ci.example/2)", "- [ ] Deployed: nothing is configured to be"
)
ONLY_PUSHED = NOTHING.replace("- [ ] Pushed", "- [x] Pushed: 5f5f5f5f5f5f")
CORRECTION = a_turn(2, TurnKind.FIX_FORWARD)
WORKING = "AFK is working on this"

STATES = [
    ("defect 28: nothing is ticked before it was seen", a_run(), shown(WORKING, NOTHING)),
    ("pushed", a_run(evidence=(PUSHED,)), shown(WORKING, ONLY_PUSHED)),
    ("one correction", a_run(a_turn(), CORRECTION), shown(WORKING, NOTHING, "CI was red: 1 correction so far.", "")),
    ("two corrections", a_run(a_turn(), CORRECTION, CORRECTION), shown(WORKING, NOTHING, "CI was red: 2 corrections so far.", "")),
    ("asking", a_run(question="q", question_text="Which\nregion?"), shown(WORKING, NOTHING, "Waiting for an answer: Which region?", "")),
    ("done", a_run(evidence=ALL, outcome=Outcome.DONE, detail="CI is green."), shown("AFK is done with this", ALL_SHOWN)),
    ("done where nothing is deployed", a_run(evidence=NO_DEPLOY, outcome=Outcome.DONE, detail="CI is green."), shown("AFK is done with this", NO_DEPLOY_SHOWN)),
    ("defect 28: frozen looks frozen", a_run(evidence=(PUSHED,), outcome=Outcome.FROZEN, detail="CI is still red."), shown("AFK froze this run", ONLY_PUSHED, "**CI is still red.**", "")),
    ("handed back", a_run(outcome=Outcome.NEEDS_HUMAN, detail="The agent failed: *oom*"), shown("AFK handed this to a person", NOTHING, "**The agent failed: \\*oom\\***", "")),
    ("stopped", a_run(outcome=Outcome.STOPPED, detail="A person closed the issue."), shown("AFK was stopped", NOTHING, "**A person closed the issue.**", "")),
]  # fmt: skip


@pytest.mark.parametrize(("run", "text"), [row[1:] for row in STATES], ids=[row[0] for row in STATES])
def test_checklist(run: Run, text: str) -> None:
    assert checklist(run, HOSTS) == text


def test_run_without_a_thread_has_no_link() -> None:
    assert checklist(a_run(thread_url=""), HOSTS).endswith("<sub>Attempt 1 · run infra-42-1-0a1b2c3d</sub>\n")


@pytest.mark.parametrize(
    ("detail", "line"),
    [
        pytest.param("@ada #7", "@<!-- -->ada #<!-- -->7", id="mentions and references"),
        pytest.param("<!-- afk:checklist:other -->", "&lt;!-- afk:<!-- -->checklist:other --&gt;", id="a marker"),
        pytest.param("a](https://evil.example) b\n- [x] Done", "a\\](https:<!-- -->//evil.example) b - \\[x\\] Done", id="links and lines"),
    ],
)  # fmt: skip
def test_what_the_agent_reports_is_shown_as_it_was_written(detail: str, line: str) -> None:
    text = checklist(a_run(evidence=(reported(Phase.WORKTREE, detail),)), HOSTS)

    assert f"- [x] Worktree (reported): {line}\n" in text
    assert text.count("<!-- afk:") == 1


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://evil.example/1", "http://ci.example/1"])
def test_link_that_nobody_vouches_for_is_left_out(url: str) -> None:
    assert "- [x] CI: green\n" in checklist(a_run(evidence=(seen(Phase.CI, "green", url),)), HOSTS)
    assert "- [x] CI\n" in checklist(a_run(evidence=(seen(Phase.CI, url=url),)), HOSTS)


def test_address_cannot_end_its_link_early() -> None:
    url = "https://ci.example/1) [Approve](https://evil.example"

    assert "- [x] CI\n" in checklist(a_run(evidence=(seen(Phase.CI, url=url),)), HOSTS)
    assert "- [x] CI: [log](https://ci.example/1%29%20@ada)\n" in checklist(
        a_run(evidence=(seen(Phase.CI, url="https://ci.example/1)%20@ada"),)), HOSTS
    )


def test_conversation_that_nobody_vouches_for_is_no_link() -> None:
    text = checklist(a_run(thread_url="https://evil.example/t"), HOSTS)

    assert "evil" not in text


def test_long_detail_is_cut() -> None:
    line = checklist(a_run(evidence=(reported(Phase.WORKTREE, "x" * 5_000),)), HOSTS).splitlines()[3]

    assert line == "- [x] Worktree (reported): " + "x" * 159 + "…"


def test_same_run_has_the_same_checklist() -> None:
    assert checklist(a_run(evidence=ALL), HOSTS) == checklist(a_run(evidence=tuple(reversed(ALL))), HOSTS)
