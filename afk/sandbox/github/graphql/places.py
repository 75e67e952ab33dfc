"""Resolve the fields of queries, accounts, repositories and branches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afk.sandbox.github import ci_records, git, records
from afk.sandbox.github.access import TokenKind
from afk.sandbox.github.graphql.connection import connection
from afk.sandbox.github.graphql.context import FieldRefused, asking, require
from afk.sandbox.github.graphql.fields import constant, home_of, rule
from afk.sandbox.github.records import Kind, Role

if TYPE_CHECKING:
    from afk.sandbox.github.graphql.context import Info
    from afk.sandbox.github.records import Account, Commit, Label, Repository

Json = dict[str, Any]
ISSUE_RECORDS = (records.Issue, records.Comment, records.Event, records.Label)
CI_RECORDS = {ci_records.CheckRun: "checks", ci_records.CheckSuite: "checks", ci_records.WorkflowRun: "actions"}


@rule("Query.repository")
def repository(_: object, info: Info, owner: str, name: str, *, followRenames: bool = True) -> Repository:  # noqa: N803 - the schema's name
    who = asking(info)
    asked = f"{owner}/{name}"
    repo = who.forge.world.repositories.get(who.forge.world.names.get(asked.lower(), 0))
    renamed = repo is not None and repo.full_name.lower() != asked.lower()
    if repo is None or not who.forge.access.sees(who.token, repo) or (renamed and not followRenames):
        raise FieldRefused("NOT_FOUND", f"Could not resolve to a Repository with the name '{asked}'.")
    return repo


@rule("Query.node")
def node(_: object, info: Info, id: str) -> Any:  # noqa: A002 - the schema's name
    return find(info, id)


@rule("Query.nodes")
def nodes(_: object, info: Info, ids: list[str]) -> list[Any]:
    """One error for each id that leads nowhere, at its own place in the list."""
    return [_or_error(info, number) for number in ids]


def _or_error(info: Info, number: str) -> Any:
    try:
        return find(info, number)
    except FieldRefused as refused:
        return refused


def find(info: Info, number: str) -> Any:
    who = asking(info)
    found = who.forge.world.nodes.get(number)
    home = home_of(found)
    if found is None or (home is not None and not who.forge.access.sees(who.token, home)):
        raise FieldRefused("NOT_FOUND", f"Could not resolve to a node with the global id of '{number}'")
    if home is not None:
        resource = "issues" if isinstance(found, ISSUE_RECORDS) else CI_RECORDS.get(type(found), "metadata")
        require(info, home, "contents" if isinstance(found, records.Commit) else resource)
    return found


@rule("Query.viewer")
def viewer(_: object, info: Info) -> Account:
    """For an installation this is its bot, here with the `[bot]` that its comments' authors lack."""
    return asking(info).token.actor


@rule("Query.user")
def user(_: object, info: Info, login: str) -> Account:
    found = asking(info).forge.world.accounts.get(login.lower())
    if found is None or found.kind is not Kind.USER:
        raise FieldRefused("NOT_FOUND", f"Could not resolve to a User with the login of '{login}'.")
    return found


@rule("Query.rateLimit")
def rate_limit(_: object, info: Info) -> Json:
    who = asking(info)
    budget = who.forge.limits.budget(who.token, "graphql")
    counts = {"cost": who.cost.points, "nodeCount": who.cost.nodes}
    state = {"limit": budget.limit, "remaining": budget.remaining, "used": budget.used, "resetAt": budget.resets_at}
    return {**counts, **state}


def present(info: Info, account: Account | None) -> Account | None:
    """An account that is gone is null."""
    known = asking(info).forge.world.accounts
    return account if account is not None and account.login.lower() in known else None


@rule("Bot.login")
def bot_login(account: Account, _: Info) -> str:
    return account.bare_login


@rule("User.url", "Bot.url", "Organization.url", "Mannequin.url")
def account_url(account: Account, info: Info) -> str:
    return f"{asking(info).forge.world.site}{account_path(account, info)}"


@rule("User.resourcePath", "Bot.resourcePath", "Organization.resourcePath", "Mannequin.resourcePath")
def account_path(account: Account, _: Info) -> str:
    return f"/apps/{account.bare_login}" if account.kind is Kind.BOT else f"/{account.login}"


@rule("User.avatarUrl", "Bot.avatarUrl", "Organization.avatarUrl", "Mannequin.avatarUrl")
def avatar(account: Account, _: Info) -> str:
    return f"https://avatars.githubusercontent.com/u/{account.id}?v=4"


@rule("User.isViewer")
def is_viewer(account: Account, info: Info) -> bool:
    return account is asking(info).token.actor


@rule("User.email")
def email(_: Account, __: Info) -> str:
    return ""  # the public one, which few people set


FALSE_OF_REPOSITORY = ("isFork", "isDisabled")
for _name in FALSE_OF_REPOSITORY:
    rule(f"Repository.{_name}")(lambda _repo, _info: False)


@rule("Repository.isArchived")
def is_archived(repo: Repository, _: Info) -> bool:
    return repo.archived


@rule("Repository.isPrivate")
def is_private(repo: Repository, _: Info) -> bool:
    return repo.private


@rule("Repository.isEmpty")
def is_empty(repo: Repository, _: Info) -> bool:
    return not repo.commits


@rule("Repository.isInOrganization")
def is_in_organization(repo: Repository, _: Info) -> bool:
    return repo.owner.kind is Kind.ORGANIZATION


@rule("Repository.hasIssuesEnabled")
def has_issues(repo: Repository, _: Info) -> bool:
    return repo.has_issues


@rule("Repository.visibility")
def visibility(repo: Repository, _: Info) -> str:
    return "PRIVATE" if repo.private else "PUBLIC"


@rule("Repository.pushedAt")
def pushed_at(repo: Repository, _: Info) -> Any:
    return repo.pushes[-1].at if repo.pushes else None


@rule("Repository.url")
def repository_url(repo: Repository, info: Info) -> str:
    return f"{asking(info).forge.world.site}/{repo.full_name}"


@rule("Repository.resourcePath")
def repository_path(repo: Repository, _: Info) -> str:
    return f"/{repo.full_name}"


@rule("Repository.viewerPermission")
def viewer_permission(repo: Repository, info: Info) -> str | None:
    who = asking(info)
    if who.token.kind is TokenKind.INSTALLATION:
        return None
    role = who.forge.access.role(who.token, repo)
    return None if role is Role.NONE else constant(role.value)


@rule("Repository.label")
def label(repo: Repository, info: Info, name: str) -> Label | None:
    require(info, repo, "issues")
    return repo.labels.get(name.lower())


@rule("Repository.labels")
def labels(repo: Repository, info: Info, query: str = "", **arguments: Any) -> Json:
    require(info, repo, "issues")
    found = [one for one in repo.labels.values() if query.lower() in one.name.lower()]
    return connection(sort_labels(found, arguments["orderBy"]), arguments)


def sort_labels(found: list[Label], order: Json) -> list[Label]:
    by_name = order["field"] == "NAME"
    down = order["direction"] == "DESC"
    return sorted(found, key=lambda one: one.name.lower() if by_name else f"{one.id:020}", reverse=down)


@rule("Label.isDefault")
def is_default(one: Label, _: Info) -> bool:
    return one.name in {"bug", "documentation", "duplicate", "enhancement", "question", "invalid"}


@rule("Label.updatedAt")
def label_updated(one: Label, _: Info) -> Any:
    return one.created_at


@rule("Label.resourcePath")
def label_path(one: Label, _: Info) -> str:
    return f"/{one.repo.full_name}/labels/{one.name}"


@rule("Label.url")
def label_url(one: Label, info: Info) -> str:
    return f"{asking(info).forge.world.site}{label_path(one, info)}"


@rule("Label.repository", "Commit.repository", "CheckSuite.repository", "CheckRun.repository")
@rule("Issue.repository", "IssueComment.repository", "PullRequest.repository")
def repository_of(record: Any, _: Info) -> Repository | None:
    return home_of(record)


@rule("Repository.collaborators")
def collaborators(
    repo: Repository, info: Info, login: str | None = None, query: str = "", affiliation: str = "ALL", **arguments: Any
) -> Json:
    who = asking(info)
    if who.token.kind is not TokenKind.INSTALLATION and not who.forge.access.pushes(who.token, repo):
        raise FieldRefused("FORBIDDEN", "Must have push access to view repository collaborators.")
    inside = {*repo.owner.owners, *repo.owner.members}
    wanted = {"ALL": {*repo.roles, *inside, repo.owner.id}, "DIRECT": {*repo.roles}, "OUTSIDE": {*repo.roles} - inside}
    rows = [
        one
        for one in who.forge.world.accounts.values()
        if one.kind is Kind.USER
        and one.id in wanted[affiliation]
        and login in {None, one.login}
        and query.lower() in f"{one.login} {one.name}".lower()
    ]
    world = who.forge.world

    def edge(one: Account) -> Json:
        return {
            "permission": constant(world.role_of(one, repo).value),
            "permissionSources": _sources(repo, one),
        }

    return connection(sorted(rows, key=lambda one: one.id), arguments, edge)


def _sources(repo: Repository, account: Account) -> list[Json] | None:
    """Where a permission comes from; repositories of a person have no organisation to name."""
    owner = repo.owner
    if owner.kind is not Kind.ORGANIZATION:
        return None
    found: list[tuple[Role, str, Any]] = []
    if account.id in owner.owners:
        found.append((Role.ADMIN, "admin", owner))
    if account.id in owner.members:
        found.append((owner.base_role, owner.base_role.value, owner))
    if account.id in repo.roles:
        role = repo.roles[account.id]
        found.append((role, repo.role_names.get(account.id, role.value), repo))
    return [
        {"organization": owner, "permission": constant(role.folded), "roleName": name, "source": source}
        for role, name, source in found
    ]


@rule("Repository.object")
def git_object(repo: Repository, info: Info, expression: str | None = None, oid: str | None = None) -> Commit | None:
    require(info, repo, "contents")
    return git.resolve(repo, oid or expression or "")


@rule("Repository.defaultBranchRef")
def default_branch(repo: Repository, _: Info) -> Json | None:
    return _ref(repo, repo.default_branch)


@rule("Repository.ref")
def ref(repo: Repository, info: Info, qualifiedName: str) -> Json | None:  # noqa: N803 - the schema's name
    require(info, repo, "contents")
    return _ref(repo, qualifiedName.removeprefix("refs/heads/"))


@rule("CheckSuite.branch")
def suite_branch(suite: ci_records.CheckSuite, _: Info) -> Json | None:
    return _ref(suite.repo, suite.head_branch)


def _ref(repo: Repository, name: str) -> Json | None:
    if name not in repo.branches:
        return None
    made = f"REF_kw{repo.id}:refs/heads/{name}"
    return {"id": made, "name": name, "prefix": "refs/heads/", "repository": repo}


@rule("Ref.target")
def target(ref: Json, info: Info) -> Commit:
    repo: Repository = ref["repository"]
    require(info, repo, "contents")
    return repo.commits[repo.branches[ref["name"]]]
