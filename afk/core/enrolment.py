"""Judge by a repository's files whether agents can work in it, and write its table for the rules file."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from afk.core.checkup import doubtful, fine
from afk.core.config import DEFAULT_STAGES
from afk.core.model import ForgeKind, Repo, StageKind
from afk.core.rules import NO_CI
from afk.core.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from afk.core.checkup import Finding
    from afk.core.model import Labels

GUIDES = ("CONTEXT.md", "AGENTS.md", "CLAUDE.md")
COLOURS = {"ready": "0e8a16", "in_progress": "fbca04", "human": "d93f0b"}
PURPOSES = {
    "ready": "Release this issue to a coding agent. Whoever puts it on must be allowed to write here",
    "in_progress": "A coding agent works on this issue. Take it off to stop the agent",
    "human": "A coding agent handed this issue back: a person must look",
}
UNSEEN = f'If pushes to it really start no CI at all, write stages = ["{NO_CI}"]: then a push alone closes an issue'
BYPASS = "Let the account that the agent pushes as pass it by, or take it off"

_WORKFLOWS = {
    ForgeKind.GITHUB: (".github/workflows/",),
    ForgeKind.FORGEJO: (".forgejo/workflows/", ".gitea/workflows/", ".github/workflows/"),
}
_WOODPECKER = re.compile(r"\.woodpecker(\.ya?ml|/.+\.ya?ml)")
_TEST = re.compile(
    r"(.*/)?(tests?|specs?|__tests__|e2e|testing)/.+"
    r"|(.*/)?(test_[^/]+|[^/]+[._-](test|tests|spec))\.[A-Za-z0-9]+"
    r"|(.*/)?[^/]*[a-z0-9](Test|Tests|Spec)\.[A-Za-z0-9]+"
)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an agent will find on the default branch. `is_cut`: there are more files than the forge lists."""

    paths: tuple[str, ...]
    is_cut: bool
    has_ci: bool  # on its head


@dataclass(frozen=True, slots=True)
class LabelPlan:
    name: str
    colour: str
    purpose: str


def label_plans(labels: Labels) -> tuple[LabelPlan, ...]:
    return tuple(LabelPlan(getattr(labels, kind), COLOURS[kind], PURPOSES[kind]) for kind in COLOURS)


def judged(system: str, repo: Repo, found: Surroundings, *, is_enrolled: bool) -> Iterator[Finding]:
    subject = str(repo.slug)
    yield _tests(system, subject, found)
    yield _guide(system, subject, found)
    seen = _seen(repo.forge, found)
    shown = _listed(seen or DEFAULT_STAGES)
    if not is_enrolled and seen:
        yield fine(system, subject, f"by its files and its head, stages = {shown} fits")
    elif not is_enrolled:
        more = " among the files that the forge lists" if found.is_cut else ""
        what = f"no sign of CI{more}; the table says stages = {shown} all the same"
        yield doubtful(system, subject, what, UNSEEN)
    elif not repo.stages and seen:
        what = f"the rules say that it has no CI, but its files and its head speak for stages = {shown}"
        yield doubtful(system, subject, what, "Correct its stages, or runs are closed before CI has spoken")


def stages(forge: ForgeKind, found: Surroundings) -> tuple[StageKind, ...]:
    """As far as files can tell: who deploys is for the operator to say, and so is that there is no CI at all."""
    return _seen(forge, found) or DEFAULT_STAGES


def _seen(forge: ForgeKind, found: Surroundings) -> tuple[StageKind, ...]:
    has_workflows = any(path.startswith(_WORKFLOWS[forge]) for path in found.paths)
    has_woodpecker = any(_WOODPECKER.fullmatch(path) for path in found.paths)
    kinds = {
        StageKind.CHECKS: has_workflows or (found.has_ci and not has_woodpecker),
        StageKind.WOODPECKER: has_woodpecker,
    }
    return tuple(kind for kind, is_there in kinds.items() if is_there)


def table(repo: Repo) -> str:
    """TOML that the rules file takes as it is."""
    name = repo.name if re.fullmatch(r"[A-Za-z0-9_-]+", repo.name) else json.dumps(repo.name)
    return f'[repos.{name}]\nforge = "{repo.forge}"\nslug = "{repo.slug}"\nstages = {_listed(repo.stages)}\n'


def steps(repo: Repo, others: Sequence[Repo], place: str, *, has_rules: bool, allowlisted: bool) -> str:
    """What enrols it, beside what enrols the others. An allowlist alone names repositories, and nothing else."""
    if has_rules or not allowlisted:
        also = f", and {repo.slug} to AFK_ALLOWLIST" if allowlisted else ""
        return f"To enrol it, add this to {place}{also}:\n\n{table(repo)}"
    if repo == Repo(repo.slug.name, ForgeKind.GITHUB, repo.slug, DEFAULT_STAGES):
        return f"To enrol it, set AFK_ALLOWLIST={','.join(str(each.slug) for each in (*others, repo))}\n"
    tables = "\n".join(table(each) for each in (*others, repo))
    return f"To enrol it, unset AFK_ALLOWLIST, which cannot say this, and put this into {place}:\n\n{tables}"


def unlabelled(system: str, repo: Repo, missing: Sequence[str]) -> Finding:
    forge = "" if repo.forge is ForgeKind.GITHUB else f" --forge {repo.forge}"
    todo = f"Create {'it' if len(missing) == 1 else 'them'} with `afk enroll {repo.slug}{forge} --fix`"
    return doubtful(system, str(repo.slug), f"it has no label {', '.join(missing)}", todo)


def hindered(system: str, subject: str, branch: str, rules: list[str]) -> Iterator[Finding]:
    """Nothing here shows as whom the agent pushes, so a rule may or may not hold it."""
    if rules:
        what = f"{plain(branch, 100)} is protected, so that an agent may be refused: {plain(', '.join(rules), 300)}"
        yield doubtful(system, subject, what, BYPASS)


def _tests(system: str, subject: str, found: Surroundings) -> Finding:
    tests = [path for path in found.paths if _TEST.fullmatch(path)]
    if tests:
        return fine(system, subject, f"{len(tests)} files look like tests, by their names")
    more = ", among those that the forge lists" if found.is_cut else ""
    todo = "Write a first one, for agents work test-first; terraform, configuration and documents need none"
    return doubtful(system, subject, f"no file looks like a test, by its name{more}", todo)


def _guide(system: str, subject: str, found: Surroundings) -> Finding:
    guide = next((name for name in GUIDES if name in found.paths), None)
    if guide:
        return fine(system, subject, f"{guide} tells an agent about it")
    todo = "Write down what somebody new must know: how to build and test, what not to touch"
    return doubtful(system, subject, f"it has no {', '.join(GUIDES[:-1])} or {GUIDES[-1]}", todo)


def _listed(kinds: tuple[StageKind, ...]) -> str:
    return json.dumps([str(kind) for kind in kinds])
