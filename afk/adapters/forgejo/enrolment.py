"""Survey one Forgejo repository before it is enrolled: what the checkup sees, its rules, its files; mend its labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from afk.adapters.forgejo.checkup import ADDRESS, REACH, SCOPES, UNSEEN, account, inspected
from afk.adapters.forgejo.client import PAGES_MAX, SYSTEM, Client, rows, understood
from afk.core.checkup import broken, doubtful, fine
from afk.core.enrolment import Surroundings, hindered, label_plans
from afk.core.text import plain
from afk.ports import PortError, Unreachable

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from afk.core.checkup import Finding
    from afk.core.model import Labels, Repo
    from afk.ports import Clock
    from afk.systems import Forgejo

TREE_PAGE = 1_000


def survey(
    settings: Forgejo, repo: Repo, labels: Labels, clock: Clock, *, fix: bool
) -> Generator[Finding, None, Surroundings | None]:
    """None where too little was seen to judge by."""
    client, subject = Client(settings, clock), str(repo.slug)
    try:
        if not (yield from account(client)):
            return None
        if fix:
            yield from _label(client, repo, labels)
        sight = inspected(client, repo, labels)
        yield from sight.findings
        if not sight.row or sight.row.get("empty"):
            return None
        with understood(subject):
            yield from _kind(subject, sight.row)
            branch = str(sight.row["default_branch"])
            row = client.json(repo.slug, "GET", f"/branches/{quote(branch)}", subject)
            if row["protected"]:
                yield from _protection(client, repo, branch, row)
            paths, is_cut = _paths(client, repo, row["commit"]["id"])
            return Surroundings(paths, is_cut, sight.has_ci)
    except Unreachable as error:
        yield broken(SYSTEM, "API", str(error), ADDRESS)
    except PortError as error:
        yield broken(SYSTEM, subject, str(error), REACH)
    finally:
        client.close()
    return None


def _label(client: Client, repo: Repo, labels: Labels) -> Iterator[Finding]:
    """An organisation's labels count too, where they may be read."""
    subject = str(repo.slug)
    try:
        with understood(subject):
            names = {row["name"] for page in client.pages(f"/repos/{repo.slug}/labels", subject) for row in page}
            path = f"/orgs/{quote(repo.slug.owner, safe='')}/labels"
            response = client.send("GET", path, subject, answers=UNSEEN, params={"limit": 50})
            names |= {row["name"] for row in rows(response, subject)} if response.is_success else set()
        for plan in label_plans(labels):
            if plan.name not in names:
                body = {"name": plan.name, "color": f"#{plan.colour}", "description": plan.purpose}
                client.below(repo.slug, "POST", "/labels", subject, body=body)
                yield fine(SYSTEM, subject, f"created the label {plan.name}")
    except PortError as error:
        yield broken(SYSTEM, subject, f"its labels cannot be mended ({error})", SCOPES)


def _kind(subject: str, row: Mapping[str, Any]) -> Iterator[Finding]:
    if row["fork"]:
        todo = "Enrol the repository that it was forked from, unless this one goes its own way"
        yield doubtful(SYSTEM, subject, "it is a fork", todo)
    if row["mirror"]:
        yield broken(SYSTEM, subject, "it is a mirror: nobody can push to it", "Enrol the original")


def _protection(client: Client, repo: Repo, branch: str, row: Mapping[str, Any]) -> Iterator[Finding]:
    subject = str(repo.slug)
    response = client.send("GET", f"/repos/{repo.slug}/branch_protections", subject, answers=UNSEEN)
    rules = {rule["rule_name"]: rule for rule in rows(response, subject)} if response.is_success else {}
    rule = rules.get(row.get("effective_branch_protection_name"))
    if rule is None:
        what = f"{plain(branch, 100)} is protected, and this token may not see by what"
        yield doubtful(SYSTEM, subject, what, "See that the account that the agent pushes as may push to it")
    else:
        yield from hindered(SYSTEM, subject, branch, list(_hindrances(rule)))


def _hindrances(rule: Mapping[str, Any]) -> Iterator[str]:
    if not rule["enable_push"]:
        yield "nobody may push"
    elif rule["enable_push_whitelist"]:
        people = [*(rule["push_whitelist_usernames"] or ()), *(rule["push_whitelist_teams"] or ())]
        yield f"only {', '.join(people) or 'deploy keys'} may push"
    if rule["require_signed_commits"]:
        yield "commits must be signed"
    if rule.get("protected_file_patterns"):
        yield f"nobody may change {rule['protected_file_patterns']}"


def _paths(client: Client, repo: Repo, sha: str) -> tuple[tuple[str, ...], bool]:
    """Every file, and whether the forge lists more than we read."""
    found: list[str] = []
    for page in range(1, PAGES_MAX + 1):
        params = {"recursive": "true", "page": page, "per_page": TREE_PAGE}
        tree = client.json(repo.slug, "GET", f"/git/trees/{sha}", str(repo.slug), params=params)
        found += [row["path"] for row in tree["tree"] or () if row["type"] == "blob"]
        if not tree["truncated"]:
            return tuple(found), False
    return tuple(found), True
