"""Answer branches, and what keeps people from pushing to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afk.sandbox.github.access import Refusal, not_found
from afk.sandbox.github.records import Role
from afk.sandbox.github.rest import shapes
from afk.sandbox.github.rest.call import REPO, Answer, Endpoint
from afk.sandbox.github.rest.paging import page

if TYPE_CHECKING:
    from afk.sandbox.github.records import Repository
    from afk.sandbox.github.rest.call import Call

SWITCHES = frozenset({
    "enforce_admins", "required_linear_history", "allow_force_pushes", "allow_deletions", "block_creations",
    "required_conversation_resolution", "lock_branch", "allow_fork_syncing", "required_signatures",
})  # fmt: skip
# Absent unless asked for.
PARTS = frozenset({"required_status_checks", "required_pull_request_reviews", "restrictions"})
PROTECTIONS = SWITCHES | PARTS
RULES = frozenset({
    "creation", "update", "deletion", "required_linear_history", "merge_queue", "required_deployments",
    "required_signatures", "pull_request", "required_status_checks", "non_fast_forward", "commit_message_pattern",
    "commit_author_email_pattern", "committer_email_pattern", "branch_name_pattern", "workflows", "code_scanning",
    "file_path_restriction", "max_file_path_length", "file_extension_restriction", "max_file_size",
})  # fmt: skip


def get_branch(call: Call) -> Answer:
    repo, name = call.repo, call.params["branch"]
    if name not in repo.branches:
        raise Refusal(404, "Branch not found")
    url = f"{call.url}/repos/{repo.full_name}/branches/{name}"
    protected = name in repo.protected and not _beyond_the_plan(repo)
    checks = {"enforcement_level": "off", "contexts": [], "checks": []}
    shape = {
        "name": name,
        "commit": shapes.commit(call.forge, repo.commits[repo.branches[name]]),
        "_links": {"self": url, "html": f"{call.forge.world.site}/{repo.full_name}/tree/{name}"},
        "protected": protected,
        "protection": {"enabled": protected, "required_status_checks": checks},
        "protection_url": f"{url}/protection",
    }
    return Answer(shape)


def get_branch_protection(call: Call) -> Answer:
    """For administrators; a branch without rules is a 404 with a text of its own."""
    repo, name = call.repo, call.params["branch"]
    if call.token.installation is None and not call.forge.access.role(call.token, repo).reaches(Role.ADMIN):
        raise not_found()
    _require_a_plan(repo)
    if name not in repo.branches:
        raise Refusal(404, "Branch not found")
    if name not in repo.protected:
        raise Refusal(404, "Branch not protected")
    url, on = f"{call.url}/repos/{repo.full_name}/branches/{name}/protection", repo.protected[name]
    shape: dict[str, Any] = {"url": url, **{each: {"enabled": each in on} for each in sorted(SWITCHES)}}
    for each in ("enforce_admins", "required_signatures"):
        shape[each]["url"] = f"{url}/{each}"
    return Answer({**shape, **{each: {"url": f"{url}/{each}"} for each in sorted(PARTS & on)}})


def get_branch_rules(call: Call) -> Answer:
    """The rules of active rulesets, for whoever may look at the repository, whether or not they may pass them by."""
    _require_a_plan(call.repo)
    name = call.repo.full_name
    rows = [
        {"type": one.type, "ruleset_source_type": "Repository", "ruleset_source": name, "ruleset_id": one.ruleset}
        for one in call.repo.rules
        if one.branch == call.params["branch"]
    ]
    cut, headers = page(call, rows)
    return Answer(list(cut), headers=headers)


def _require_a_plan(repo: Repository) -> None:
    if _beyond_the_plan(repo):
        raise Refusal(403, "Upgrade to GitHub Pro or make this repository public to enable this feature.")


def _beyond_the_plan(repo: Repository) -> bool:
    return repo.private and not repo.owner.pays


BRANCH = f"{REPO}/branches/{{branch:.+}}"
ENDPOINTS = (
    Endpoint("GET", f"{BRANCH}/protection", "branches/branch-protection#get-branch-protection", get_branch_protection, ("administration", "read")),  # noqa: E501 - one row of a table
    Endpoint("GET", BRANCH, "branches/branches#get-a-branch", get_branch, ("contents", "read")),
    Endpoint("GET", f"{REPO}/rules/branches/{{branch:.+}}", "repos/rules#get-rules-for-a-branch", get_branch_rules, ("metadata", "read")),  # noqa: E501 - one row of a table
)  # fmt: skip
