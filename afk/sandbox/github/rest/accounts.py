"""Answer who the caller is, who somebody else is, and what they may do in a repository."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afk.sandbox.github.access import Refusal, TokenKind, not_found
from afk.sandbox.github.app_login import installation_with, mint
from afk.sandbox.github.checks import when
from afk.sandbox.github.records import Kind, Role
from afk.sandbox.github.rest import shapes
from afk.sandbox.github.rest.call import REPO, Answer, Endpoint
from afk.sandbox.github.rest.paging import page

if TYPE_CHECKING:
    from afk.sandbox.github.records import Account
    from afk.sandbox.github.rest.call import Call

OTHER_LIMITS = {"search": 30, "code_search": 10, "integration_manifest": 5000, "source_import": 100, "scim": 15000}


def get_user(call: Call) -> Answer:
    if call.token.kind is TokenKind.INSTALLATION and not call.forge.installations_read_user:
        raise Refusal(403, call.token.denial)
    return Answer(shapes.profile(call.forge, call.token.actor))


def get_user_by_login(call: Call) -> Answer:
    found = call.forge.world.accounts.get(call.params["login"].lower())
    if found is None:
        raise not_found()
    return Answer(shapes.profile(call.forge, found))


def get_app(call: Call) -> Answer:
    count = sum(one.app is call.app for one in call.forge.world.installations.values())
    return Answer({**shapes.app(call.forge, call.app), "installations_count": count})


def get_installation(call: Call) -> Answer:
    world = call.forge.world
    name = f"{call.params['owner']}/{call.params['repo']}".lower()
    repo = world.repositories.get(world.names.get(name, 0))
    found = world.installation_of(call.app, repo) if repo else None
    if found is None:
        raise not_found()
    return Answer(shapes.installation(call.forge, found))


def create_access_token(call: Call) -> Answer:
    world = call.forge.world
    found = installation_with(world, call.app, call.number("installation_id"))
    wish = call.body if isinstance(call.body, dict) else {}
    token = mint(world, call.forge.access, found, wish)
    chosen = token.repositories
    shape: dict[str, Any] = {
        "token": token.value,
        "expires_at": when(token.expires_at),
        "permissions": token.permissions,
        "repository_selection": "all" if chosen is None else "selected",
    }
    if chosen is not None:
        shape["repositories"] = [shapes.repository(call.forge, world.repositories[number]) for number in sorted(chosen)]
    return Answer(shape, 201)


def installation_repositories(call: Call) -> Answer:
    if call.token.kind is not TokenKind.INSTALLATION:
        raise Refusal(403, "You must authenticate with an installation access token.")
    access, world = call.forge.access, call.forge.world
    mine = [r for r in world.repositories.values() if access.reaches(call.token, r)]
    rows, headers = page(call, mine)
    selection = "all" if call.token.repositories is None else "selected"
    shown = [shapes.repository(call.forge, repo) for repo in rows]
    return Answer({"total_count": len(mine), "repository_selection": selection, "repositories": shown}, headers=headers)


def rate_limit(call: Call) -> Answer:
    """Free of charge."""
    budgets = {name: call.forge.limits.budget(call.token, name) for name in ("core", "graphql")}
    reset = int(budgets["core"].resets_at.timestamp())
    resources = {
        name: {"limit": b.limit, "used": b.used, "remaining": b.remaining, "reset": int(b.resets_at.timestamp())}
        for name, b in budgets.items()
    }
    for name, limit in OTHER_LIMITS.items():
        resources[name] = {"limit": limit, "used": 0, "remaining": limit, "reset": reset}
    return Answer({"resources": resources, "rate": resources["core"]})


def get_repository(call: Call) -> Answer:
    token, repo = call.token, call.repo
    installed = token.kind is TokenKind.INSTALLATION
    role = Role.READ if installed else call.forge.access.role(token, repo)
    return Answer(shapes.full_repository(call.forge, repo, role))


def permission(call: Call) -> Answer:
    """Folded to admin, write, read, none; `role_name` is the real role."""
    world, login = call.forge.world, call.params["username"]
    if call.token.kind is not TokenKind.INSTALLATION and not call.forge.access.pushes(call.token, call.repo):
        raise Refusal(403, "Must have push access to view collaborator permission.")
    found = world.accounts.get(login.lower())
    if found is None:
        raise not_found()
    if found.kind is not Kind.USER:
        raise Refusal(404, f"{login} is not a user")
    role = world.role_of(found, call.repo)
    if role is Role.NONE and call.forge.private_strangers_are_404:
        raise not_found()
    return Answer({"permission": role.folded, "user": _collaborator(call, found), "role_name": _role_name(call, found)})


def _role_name(call: Call, account: Account) -> str:
    role = call.forge.world.role_of(account, call.repo)
    return call.repo.role_names.get(account.id, role.value)


def _collaborator(call: Call, account: Account) -> dict[str, Any]:
    role = call.forge.world.role_of(account, call.repo)
    shape = shapes.user(call.forge, account)
    return {**shape, "permissions": shapes.permissions(role), "role_name": _role_name(call, account)}


def _members(call: Call) -> list[Account]:
    """Everybody with a grant; reading a public repository is none."""
    repo = call.repo
    ids = {*repo.roles, *repo.owner.owners, *repo.owner.members, repo.owner.id}
    everybody = sorted(call.forge.world.accounts.values(), key=lambda account: account.id)
    return [one for one in everybody if one.id in ids and one.kind is Kind.USER]


def list_collaborators(call: Call) -> Answer:
    if not call.forge.access.pushes(call.token, call.repo) and call.token.kind is not TokenKind.INSTALLATION:
        raise Refusal(403, "Must have push access to view repository collaborators.")
    asked = call.query.get("permission")
    rows = [_collaborator(call, one) for one in _members(call)]
    if asked:
        rows = [row for row in rows if row["permissions"].get(asked)]
    cut, headers = page(call, rows)
    return Answer(cut, headers=headers)


def check_collaborator(call: Call) -> Answer:
    if not call.forge.access.pushes(call.token, call.repo) and call.token.kind is not TokenKind.INSTALLATION:
        raise Refusal(403, "Must have push access to view repository collaborators.")
    if any(one.login.lower() == call.params["username"].lower() for one in _members(call)):
        return Answer(status=204)
    raise not_found()


METADATA = ("metadata", "read")
ENDPOINTS = (
    Endpoint("GET", "/user", "users/users#get-the-authenticated-user", get_user),
    Endpoint("GET", "/users/{login}", "users/users#get-a-user", get_user_by_login),
    Endpoint("GET", "/rate_limit", "rate-limit/rate-limit", rate_limit),
    Endpoint("GET", "/app", "apps/apps#get-the-authenticated-app", get_app, by_app=True),
    Endpoint("GET", "/repos/{owner}/{repo}/installation", "apps/apps#get-a-repository-installation-for-the-authenticated-app", get_installation, by_app=True),  # noqa: E501 - one row of a table
    Endpoint("POST", "/app/installations/{installation_id}/access_tokens", "apps/apps#create-an-installation-access-token-for-an-app", create_access_token, by_app=True),  # noqa: E501 - one row of a table
    Endpoint("GET", "/installation/repositories", "apps/installations#list-repositories-accessible-to-the-app-installation", installation_repositories),  # noqa: E501 - one row of a table
    Endpoint("GET", REPO, "repos/repos#get-a-repository", get_repository, METADATA),
    Endpoint("GET", f"{REPO}/collaborators", "collaborators/collaborators#list-repository-collaborators", list_collaborators, METADATA),  # noqa: E501 - one row of a table
    Endpoint("GET", f"{REPO}/collaborators/{{username}}", "collaborators/collaborators#check-if-a-user-is-a-repository-collaborator", check_collaborator, METADATA),  # noqa: E501 - one row of a table
    Endpoint("GET", f"{REPO}/collaborators/{{username}}/permission", "collaborators/collaborators#get-repository-permissions-for-a-user", permission, METADATA),  # noqa: E501 - one row of a table
)  # fmt: skip
