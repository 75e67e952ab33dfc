"""Which issues start: the truth table of the gates, and the order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from afk.core.dispatch_policy import Candidate, Code, Gates, Selection, select
from afk.core.model import Blocker, BlockerState, Issue, IssueRef, Labels, Trust, Vetting
from afk.core.records import Command, Verb, Via
from afk.core.run import Outcome, Run

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
LABELS = Labels()
REF = IssueRef("infra", 42)
OPEN_BLOCKER = Blocker("acme/infra#7", BlockerState.OPEN)
GATES = Gates(enrolled=frozenset({"infra", "web"}), armed=frozenset({"infra", "web"}), budget_usd=100)
TRUSTED = Vetting(Trust.TRUSTED, "ada", NOW)


def issue(number: int = 42, *labels: str, repo: str = "infra", is_open: bool = True) -> Issue:
    return Issue(IssueRef(repo, number), f"key-{number}", "A title", "", is_open, frozenset({LABELS.ready, *labels}))


def rerun(number: int = 42, at: datetime = NOW) -> Command:
    return Command(f"k{number}", Verb.REDISPATCH, IssueRef("infra", number), "ada", Via.SLACK, at)


def ended(outcome: Outcome, at: datetime = NOW) -> Run:
    return Run(
        id="r", ref=REF, attempt=1, issue_key="", title="", url="", claimed_at=at, outcome=outcome, outcome_at=at
    )


def ruled(candidate: Candidate, vetting: Vetting = TRUSTED, gates: Gates = GATES) -> tuple[Code, str]:
    (ruling,) = select([candidate], {candidate.issue.ref: vetting}, gates, LABELS).rulings
    return ruling.code, ruling.detail


@pytest.mark.parametrize(("trusted", "enrolled", "unblocked", "free", "on"), list(product((True, False), repeat=5)))
def test_issue_starts_only_if_all_gates_pass(
    *, trusted: bool, enrolled: bool, unblocked: bool, free: bool, on: bool
) -> None:
    gates = Gates(
        killed="" if on else "AFK_KILL_SWITCH is on",
        enrolled=frozenset({"infra"} if enrolled else ()),
        armed=frozenset({"infra"}),
        busy={} if free else {"infra": IssueRef("infra", 41)},
        budget_usd=100,
    )
    blockers = () if unblocked else (OPEN_BLOCKER,)
    vetting = Vetting(Trust.TRUSTED if trusted else Trust.UNTRUSTED, "ada", NOW, blockers)

    code, _ = ruled(Candidate(issue()), vetting, gates)

    expected = next(
        (
            code
            for passes, code in (
                (on, Code.KILL_SWITCH),
                (enrolled, Code.NOT_ENROLLED),
                (free, Code.BUSY),
                (trusted, Code.UNTRUSTED),
                (unblocked, Code.BLOCKED),
            )
            if not passes
        ),
        Code.STARTS,
    )
    assert code is expected


SKIPS = [
    ("not armed", Candidate(issue()), TRUSTED, Gates(enrolled=frozenset({"infra"}), budget_usd=100), Code.NOT_ARMED),
    ("closed", Candidate(issue(is_open=False)), TRUSTED, GATES, Code.CLOSED),
    ("human label", Candidate(issue(42, LABELS.human)), TRUSTED, GATES, Code.HUMAN_LABEL),
    ("ready label in another case", Candidate(Issue(REF, "", "", "", is_open=True, labels=frozenset({"Ready-For-Agent"}))), TRUSTED, GATES, Code.STARTS),
    ("human label in another case", Candidate(issue(42, "READY-FOR-HUMAN")), TRUSTED, GATES, Code.HUMAN_LABEL),
    ("no ready label", Candidate(Issue(REF, "", "", "", is_open=True, labels=frozenset())), TRUSTED, GATES, Code.NOT_READY),
    ("money spent", Candidate(issue(), spent_usd=100.0), TRUSTED, GATES, Code.BUDGET_SPENT),
    ("could not ask for trust", Candidate(issue()), Vetting(Trust.UNKNOWN), GATES, Code.COULD_NOT_ASK),
    ("could not ask for blockers", Candidate(issue()), Vetting(Trust.TRUSTED, "ada", NOW, None), GATES, Code.COULD_NOT_ASK),
    ("edited", Candidate(issue()), Vetting(Trust.EDITED), GATES, Code.EDITED),
    ("blocker unreadable", Candidate(issue()), Vetting(Trust.TRUSTED, "ada", NOW, (Blocker("x/y#1", BlockerState.UNREADABLE),)), GATES, Code.BLOCKED),
    ("blocker closed", Candidate(issue()), Vetting(Trust.TRUSTED, "ada", NOW, (Blocker("x/y#1", BlockerState.CLOSED),)), GATES, Code.STARTS),
    ("ended as frozen", Candidate(issue(), ended=ended(Outcome.FROZEN)), TRUSTED, GATES, Code.ENDED_BEFORE),
    ("ended as done", Candidate(issue(), ended=ended(Outcome.DONE)), TRUSTED, GATES, Code.ENDED_BEFORE),
    ("released anew", Candidate(issue(), ended=ended(Outcome.FROZEN)), Vetting(Trust.TRUSTED, "ada", NOW + timedelta(seconds=1)), GATES, Code.STARTS),
    ("re-run ignores labels", Candidate(issue(42, LABELS.human), rerun=rerun(), ended=ended(Outcome.FROZEN)), TRUSTED, GATES, Code.STARTS),
    ("re-run vouches for the label", Candidate(issue(), rerun=rerun()), Vetting(Trust.UNTRUSTED), GATES, Code.STARTS),
    ("re-run does not vouch for edits", Candidate(issue(), rerun=rerun()), Vetting(Trust.EDITED), GATES, Code.EDITED),
    ("re-run waits for blockers", Candidate(issue(), rerun=rerun()), Vetting(Trust.TRUSTED, blockers=(OPEN_BLOCKER,)), GATES, Code.BLOCKED),
]  # fmt: skip


@pytest.mark.parametrize(
    ("candidate", "vetting", "gates", "code"), [row[1:] for row in SKIPS], ids=[row[0] for row in SKIPS]
)
def test_gate(candidate: Candidate, vetting: Vetting, gates: Gates, code: Code) -> None:
    assert ruled(candidate, vetting, gates)[0] is code


def chosen(*candidates: Candidate) -> Selection:
    return select(candidates, {each.issue.ref: TRUSTED for each in candidates}, GATES, LABELS)


ORDERS = [
    ("lowest number", [issue(9), issue(7), issue(8)], 7),
    ("lowest priority value first", [issue(1, "P2"), issue(2, "priority:1")], 2),
    ("zero before one", [issue(1, "P1"), issue(2, "P0")], 2),
    ("defect 22: no priority sorts last", [issue(1), issue(2, "priority:9")], 2),
    ("ties by number", [issue(5, "P1"), issue(3, "p1")], 3),
    ("unreadable priority counts as none", [issue(1, "priority:high"), issue(2, "P3")], 2),
]


@pytest.mark.parametrize(("issues", "first"), [row[1:] for row in ORDERS], ids=[row[0] for row in ORDERS])
def test_order(issues: list[Issue], first: int) -> None:
    selection = chosen(*(Candidate(each) for each in issues))

    assert [each.issue.ref.number for each in selection.starts] == [first]
    rest = {ruling.code for ruling in selection.rulings if ruling.code is not Code.STARTS}
    assert rest == {Code.AFTER_OTHER}


def test_what_a_person_asked_for_goes_first() -> None:
    later = Candidate(issue(3), rerun=rerun(3, NOW))
    sooner = Candidate(issue(9), rerun=rerun(9, NOW - timedelta(minutes=1)))

    assert chosen(Candidate(issue(1, "P0")), later, sooner).starts == (sooner,)


def test_each_repository_has_a_slot_of_its_own() -> None:
    selection = chosen(Candidate(issue(1)), Candidate(issue(2)), Candidate(issue(1, repo="web")))

    assert [str(each.issue.ref) for each in selection.starts] == ["infra#1", "web#1"]


def test_most_urgent_eligible_issue_takes_the_slot() -> None:
    """One that is blocked does not keep the next from starting."""
    blocked, free = Candidate(issue(1, "P0")), Candidate(issue(2))
    vettings = {blocked.issue.ref: Vetting(Trust.TRUSTED, "ada", NOW, (OPEN_BLOCKER,)), free.issue.ref: TRUSTED}

    assert select([blocked, free], vettings, GATES, LABELS).starts == (free,)


def test_costly_gates_are_asked_only_of_what_the_cheap_ones_leave() -> None:
    """Defect 34."""
    candidates = [Candidate(issue(1)), Candidate(issue(2, LABELS.human)), Candidate(issue(3, is_open=False))]

    selection = select(candidates, {}, GATES, LABELS)

    assert [each.issue.ref.number for each in selection.unvetted["infra"]] == [1]


def test_every_candidate_gets_a_ruling_or_waits_for_its_vetting() -> None:
    candidates = [Candidate(issue(number)) for number in range(1, 6)]

    selection = select(candidates, {REF: TRUSTED, candidates[0].issue.ref: Vetting(Trust.UNTRUSTED)}, GATES, LABELS)

    ruled_on = {ruling.candidate.issue.ref.number for ruling in selection.rulings}
    waiting = {each.issue.ref.number for each in selection.unvetted["infra"]}
    assert ruled_on == {1}
    assert waiting == {2, 3, 4, 5}


@pytest.mark.parametrize("blocker", ["acme/infra#42", "acme/infra#43"], ids=["itself", "in a circle"])
def test_circular_blockers_block(blocker: str) -> None:
    """An open blocker blocks whoever it is; a person sees the code and cuts the circle."""
    vetting = Vetting(Trust.TRUSTED, "ada", NOW, (Blocker(blocker, BlockerState.OPEN),))

    assert ruled(Candidate(issue()), vetting) == (Code.BLOCKED, blocker)
