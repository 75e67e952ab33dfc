"""Shape people, apps, repositories and commits as REST shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afk.sandbox.github import git
from afk.sandbox.github.checks import when
from afk.sandbox.github.records import Kind, Role

if TYPE_CHECKING:
    from afk.sandbox.github.forge import Forge
    from afk.sandbox.github.records import Account, App, Commit, Installation, Repository

Json = dict[str, Any]
USER_LINKS = (
    "followers", "following{/other_user}", "gists{/gist_id}", "starred{/owner}{/repo}", "subscriptions", "orgs",
    "repos", "events{/privacy}", "received_events",
)  # fmt: skip
REPO_LINKS = {
    "archive": "{archive_format}{/ref}", "assignees": "assignees{/user}", "blobs": "git/blobs{/sha}",
    "branches": "branches{/branch}", "collaborators": "collaborators{/collaborator}", "comments": "comments{/number}",
    "commits": "commits{/sha}", "compare": "compare/{base}...{head}", "contents": "contents/{+path}",
    "contributors": "contributors", "deployments": "deployments", "downloads": "downloads", "events": "events",
    "forks": "forks", "git_commits": "git/commits{/sha}", "git_refs": "git/refs{/sha}", "git_tags": "git/tags{/sha}",
    "hooks": "hooks", "issue_comment": "issues/comments{/number}", "issue_events": "issues/events{/number}",
    "issues": "issues{/number}", "keys": "keys{/key_id}", "labels": "labels{/name}", "languages": "languages",
    "merges": "merges", "milestones": "milestones{/number}", "notifications": "notifications{?since,all,participating}",
    "pulls": "pulls{/number}", "releases": "releases{/id}", "stargazers": "stargazers", "statuses": "statuses/{sha}",
    "subscribers": "subscribers", "subscription": "subscription", "tags": "tags", "teams": "teams",
    "trees": "git/trees{/sha}",
}  # fmt: skip


def user(forge: Forge, account: Account) -> Json:
    url = f"{forge.url}/users/{account.login}"
    path = f"apps/{account.bare_login}" if account.kind is Kind.BOT else account.login
    links = {f"{link.partition('{')[0]}_url": f"{url}/{link}" for link in USER_LINKS}
    links["organizations_url"] = links.pop("orgs_url")
    return {
        "login": account.login,
        "id": account.id,
        "node_id": account.node_id,
        "avatar_url": f"https://avatars.githubusercontent.com/u/{account.id}?v=4",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{forge.world.site}/{path}",
        **links,
        "type": account.kind.value,
        "user_view_type": "public",
        "site_admin": False,
    }


def maybe_user(forge: Forge, account: Account | None) -> Json | None:
    """An account that is gone shows as null."""
    return None if account is None or account.login.lower() not in forge.world.accounts else user(forge, account)


def profile(forge: Forge, account: Account) -> Json:
    empty = dict.fromkeys(("company", "location", "email", "hireable", "bio", "twitter_username"))
    counts = dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0)
    times = {"created_at": when(account.created_at), "updated_at": when(account.created_at)}
    return {**user(forge, account), "name": account.name, "blog": "", **empty, **counts, **times}


def app(forge: Forge, one: App) -> Json:
    return {
        "id": one.id,
        "client_id": one.client_id,
        "slug": one.slug,
        "node_id": one.node_id,
        "owner": user(forge, one.owner),
        "name": one.name,
        "description": "",
        "external_url": f"{forge.world.site}/apps/{one.slug}",
        "html_url": f"{forge.world.site}/apps/{one.slug}",
        "created_at": when(one.created_at),
        "updated_at": when(one.created_at),
        "permissions": one.permissions,
        "events": [],
    }


def maybe_app(forge: Forge, one: App | None) -> Json | None:
    return None if one is None else app(forge, one)


def installation(forge: Forge, one: Installation) -> Json:
    url = f"{forge.url}/app/installations/{one.id}/access_tokens"
    return {
        "id": one.id,
        "client_id": one.app.client_id,
        "account": user(forge, one.account),
        "repository_selection": "all" if one.repositories is None else "selected",
        "access_tokens_url": url,
        "repositories_url": f"{forge.url}/installation/repositories",
        "html_url": f"{forge.world.site}/settings/installations/{one.id}",
        "app_id": one.app.id,
        "app_slug": one.app.slug,
        "target_id": one.account.id,
        "target_type": one.account.kind.value,
        "permissions": one.permissions,
        "events": [],
        "created_at": when(one.created_at),
        "updated_at": when(one.created_at),
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": None,
        "suspended_at": None,
    }


def repository(forge: Forge, repo: Repository, role: Role | None = None) -> Json:
    url = f"{forge.url}/repos/{repo.full_name}"
    page = f"{forge.world.site}/{repo.full_name}"
    open_issues = sum(issue.state == "open" for issue in repo.issues.values())
    pushed = repo.pushes[-1].at if repo.pushes else repo.created_at
    switches = dict.fromkeys(("has_projects", "has_wiki", "has_downloads", "allow_forking"), True)
    switches |= dict.fromkeys(("disabled", "is_template", "has_pages", "has_discussions"), False)
    counts = dict.fromkeys(("forks_count", "stargazers_count", "watchers_count", "size", "forks", "watchers"), 0)
    shape: Json = {
        "id": repo.id,
        "node_id": repo.node_id,
        "name": repo.name,
        "full_name": repo.full_name,
        "private": repo.private,
        "owner": user(forge, repo.owner),
        "html_url": page,
        "description": None,
        "url": url,
        **{f"{name}_url": f"{url}/{tail}" for name, tail in REPO_LINKS.items()},
        "git_url": f"git://github.com/{repo.full_name}.git",
        "ssh_url": f"git@github.com:{repo.full_name}.git",
        "clone_url": f"{page}.git",
        "svn_url": page,
        "mirror_url": repo.mirror_url,
        "fork": repo.fork,
        "homepage": None,
        "language": None,
        "license": None,
        **switches,
        **counts,
        "has_issues": repo.has_issues,
        "archived": repo.archived,
        "topics": [],
        "visibility": "private" if repo.private else "public",
        "default_branch": repo.default_branch,
        "open_issues_count": open_issues,
        "open_issues": open_issues,
        "web_commit_signoff_required": False,
        "pushed_at": when(pushed),
        "created_at": when(repo.created_at),
        "updated_at": when(pushed),
    }
    return shape if role is None else {**shape, "permissions": permissions(role)}


def full_repository(forge: Forge, repo: Repository, role: Role) -> Json:
    return {**repository(forge, repo, role), "subscribers_count": 0, "network_count": 0, "temp_clone_token": None}


def permissions(role: Role) -> dict[str, bool]:
    steps = {"admin": Role.ADMIN, "maintain": Role.MAINTAIN, "push": Role.WRITE, "triage": Role.TRIAGE}
    return {**{name: role.reaches(least) for name, least in steps.items()}, "pull": role is not Role.NONE}


def commit(forge: Forge, one: Commit) -> Json:
    repo = one.repo
    url, page = f"{forge.url}/repos/{repo.full_name}", f"{forge.world.site}/{repo.full_name}"
    person = maybe_user(forge, one.author)
    links = [{"sha": p, "url": f"{url}/commits/{p}", "html_url": f"{page}/commit/{p}"} for p in one.parents]
    tree = tree_sha(one)
    return {
        "sha": one.sha,
        "node_id": one.node_id,
        "commit": {
            "author": {"name": one.author_name, "email": one.author_email, "date": when(one.authored_at)},
            "committer": {"name": one.author_name, "email": one.author_email, "date": when(one.committed_at)},
            "message": one.message,
            "tree": {"sha": tree, "url": f"{url}/git/trees/{tree}"},
            "url": f"{url}/git/commits/{one.sha}",
            "comment_count": 0,
            "verification": {
                "verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None,
            },
        },
        "url": f"{url}/commits/{one.sha}",
        "html_url": f"{page}/commit/{one.sha}",
        "comments_url": f"{url}/commits/{one.sha}/comments",
        "author": person,
        "committer": person,
        "parents": links,
    }  # fmt: skip


def tree_sha(one: Commit) -> str:
    return one.sha[::-1]


def changed_files(forge: Forge, before: Commit | None, after: Commit) -> list[Json]:
    """The rows of a diff, without its lines."""
    old = before.tree if before else {}
    paths = [path for path in sorted(old | after.tree) if old.get(path) != after.tree.get(path)]
    url, page = f"{forge.url}/repos/{after.repo.full_name}", f"{forge.world.site}/{after.repo.full_name}"
    return [
        {
            "sha": git.blob_sha(after.tree.get(path, "")),
            "filename": path,
            "status": "added" if path not in old else "modified" if path in after.tree else "removed",
            "additions": after.tree.get(path, "").count("\n"),
            "deletions": old.get(path, "").count("\n"),
            "changes": after.tree.get(path, "").count("\n") + old.get(path, "").count("\n"),
            "blob_url": f"{page}/blob/{after.sha}/{path}",
            "raw_url": f"{page}/raw/{after.sha}/{path}",
            "contents_url": f"{url}/contents/{path}?ref={after.sha}",
        }
        for path in paths
    ]


def simple_commit(one: Commit) -> Json:
    person = {"name": one.author_name, "email": one.author_email}
    return {
        "id": one.sha,
        "tree_id": tree_sha(one),
        "message": one.message,
        "timestamp": when(one.committed_at),
        "author": person,
        "committer": person,
    }
