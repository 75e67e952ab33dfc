"""Survey one GitHub repository before it is enrolled: what the checkup sees, its rules, its files; mend its labels."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from afk.adapters.github.answer import understood
from afk.adapters.github.app_login import SYSTEM
from afk.adapters.github.checkup import credential
from afk.adapters.github.client import ACCEPT, Client
from afk.adapters.github.repo_checkup import READ, UP, RepoCheckup, mend
from afk.adapters.http import Http, content
from afk.core.checkup import broken, doubtful, fine
from afk.core.enrolment import Surroundings, hindered, label_plans
from afk.core.text import plain
from afk.ports import Gone, PortError, Refused, Unexpected, Unreachable

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from afk.core.checkup import Finding
    from afk.core.model import Labels, Repo
    from afk.ports import Clock
    from afk.systems import Github

HARMLESS = frozenset({"creation", "deletion", "non_fast_forward", "branch_name_pattern"})  # for a push that only adds
PARTS = ("required_pull_request_reviews", "required_status_checks", "restrictions")
SWITCHES = ("lock_branch", "required_linear_history", "required_signatures")
HIDDEN = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})
WRITE = "Give the token or the App Issues read and write, and its account write access"


def survey(
    settings: Github, repo: Repo, labels: Labels, clock: Clock, *, fix: bool
) -> Generator[Finding, None, Surroundings | None]:
    """None where too little was seen to judge by."""
    client = Client(settings, [repo.slug], clock)
    http = Http(SYSTEM, settings.api_url, lambda: ACCEPT, patience=settings.patience)
    try:
        is_app = yield from credential(client, http, {repo.name: repo}, clock)
        if is_app is None:
            return None
        if fix:
            yield from _label(client, repo, labels)
        (sight,) = RepoCheckup(client, labels, is_app=is_app).sights({repo.name: repo})
        yield from sight.findings
        if not sight.head:
            return None
        yield from _kind(client, repo)
        yield from _rulesets(client, repo, sight.branch)
        yield from _protection(client, repo, sight.branch)
        tree = client.json(repo.slug, "GET", f"/git/trees/{sight.head}", sight.subject, params={"recursive": "1"})
        with understood(sight.subject):
            paths = tuple(row["path"] for row in tree["tree"] if row["type"] == "blob")
            return Surroundings(paths, bool(tree["truncated"]), sight.has_ci)
    except PortError as error:
        subject = "API" if isinstance(error, (Unreachable, Unexpected)) else str(repo.slug)
        yield broken(SYSTEM, subject, str(error), mend(error, f"{READ}. {UP}"))
        return None
    finally:
        http.close()
        client.close()


def _label(client: Client, repo: Repo, labels: Labels) -> Iterator[Finding]:
    subject = str(repo.slug)
    try:
        with understood(subject):
            names = {row["name"].casefold() for page in client.pages(repo.slug, "/labels", subject) for row in page}
        for plan in label_plans(labels):
            if plan.name.casefold() not in names:
                body = {"name": plan.name, "color": plan.colour, "description": plan.purpose}
                client.rest(repo.slug, "POST", "/labels", subject, body=body)
                yield fine(SYSTEM, subject, f"created the label {plan.name}")
    except PortError as error:
        yield broken(SYSTEM, subject, f"its labels cannot be mended ({error})", mend(error, WRITE))


def _kind(client: Client, repo: Repo) -> Iterator[Finding]:
    subject = str(repo.slug)
    row = client.json(repo.slug, "GET", "", subject)
    with understood(subject):
        if row["fork"]:
            todo = "Enrol the repository that it was forked from, unless this one goes its own way"
            yield doubtful(SYSTEM, subject, "it is a fork", todo)
        if row.get("mirror_url"):
            what = f"it is a mirror of {plain(str(row['mirror_url']), 200)}: what is pushed to it does not last"
            yield broken(SYSTEM, subject, what, "Enrol the original")


def _rulesets(client: Client, repo: Repo, branch: str) -> Iterator[Finding]:
    """A free plan has none for private repositories, and its answer to the question is a refusal."""
    subject, place = str(repo.slug), f"/rules/branches/{quote(branch)}"
    try:
        with understood(subject):
            rows = [row for page in client.pages(repo.slug, place, subject) for row in page]
            types = {str(row["type"]): str(row["ruleset_id"]) for row in rows}
    except (Refused, Gone):
        yield fine(SYSTEM, subject, f"GitHub shows no rulesets for {plain(branch, 100)}")
        return
    rules = [f"{name} of ruleset {number}" for name, number in sorted(types.items()) if name not in HARMLESS]
    yield from hindered(SYSTEM, subject, branch, rules)


def _protection(client: Client, repo: Repo, branch: str) -> Iterator[Finding]:
    """What a classic protection asks for is shown to administrators only."""
    subject, place = str(repo.slug), f"/branches/{quote(branch)}"
    row = client.json(repo.slug, "GET", place, subject)
    with understood(subject):
        if not row["protected"]:
            return
        response = client.rest(repo.slug, "GET", f"{place}/protection", subject, answers=HIDDEN)
        if not response.is_success:
            what = f"{plain(branch, 100)} is protected, and this token may not see by what"
            yield doubtful(SYSTEM, subject, what, "See that the account that the agent pushes as may push to it")
            return
        rules = content(SYSTEM, response, subject)
        on = [name for name in SWITCHES if rules.get(name, {}).get("enabled")]
        yield from hindered(SYSTEM, subject, branch, [name for name in PARTS if name in rules] + on)
