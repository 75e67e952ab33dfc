"""Answer commits, comparisons, files, trees and the log of pushes."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from afk.sandbox.github import git
from afk.sandbox.github.access import Refusal, not_found
from afk.sandbox.github.checks import when
from afk.sandbox.github.rest import shapes
from afk.sandbox.github.rest.call import REPO, Answer, Endpoint, invalid
from afk.sandbox.github.rest.issues import moment
from afk.sandbox.github.rest.paging import link, page, per_page

if TYPE_CHECKING:
    from afk.sandbox.github.records import Commit, Push
    from afk.sandbox.github.rest.call import Call

ACTIVITY_TYPES = ("push", "force_push", "branch_creation", "branch_deletion", "pr_merge", "merge_queue_merge")
PERIODS = {"day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}
MOST_COMPARED = 250


def list_commits(call: Call) -> Answer:
    repo, query = call.repo, call.query
    if not repo.commits:
        raise Refusal(409, "Git Repository is empty.")
    start = git.resolve(repo, query.get("sha", "HEAD"))
    if start is None:
        raise not_found()
    since, until = moment(query.get("since")), moment(query.get("until"))
    rows = [
        one
        for one in git.history(repo, start)
        if (since is None or one.committed_at >= since)
        and (until is None or one.committed_at <= until)
        and _written_by(one, query.get("author"))
    ]
    cut, headers = page(call, rows)
    return Answer([shapes.commit(call.forge, one) for one in cut], headers=headers)


def _written_by(commit: Commit, author: str | None) -> bool:
    """A login or an e-mail; a commit whose e-mail belongs to nobody has no login."""
    if author is None:
        return True
    return author == commit.author_email or (commit.author is not None and commit.author.login == author)


def get_commit(call: Call) -> Answer:
    commit = call.commit()
    parent = call.repo.commits[commit.parents[0]] if commit.parents else None
    files = shapes.changed_files(call.forge, parent, commit)
    stats = {name: sum(row[name] for row in files) for name in ("additions", "deletions")}
    total = stats["additions"] + stats["deletions"]
    return Answer({**shapes.commit(call.forge, commit), "stats": {"total": total, **stats}, "files": files})


def compare(call: Call) -> Answer:
    """`ahead` or `identical` say that head contains base."""
    base_ref, dots, head_ref = call.params["basehead"].partition("...")
    base, head = git.resolve(call.repo, base_ref), git.resolve(call.repo, head_ref)
    if not dots or base is None or head is None:
        raise not_found()
    found = git.compare(call.repo, base, head)
    if found is None:
        raise Refusal(404, f"No common ancestor between {base_ref} and {head_ref}.")
    size = per_page(call.query) if {"page", "per_page"} & set(call.query) else MOST_COMPARED
    paged, headers = page(call, found.ahead) if size != MOST_COMPARED else (found.ahead[-MOST_COMPARED:], {})
    url = f"{call.url}/repos/{call.repo.full_name}/compare/{call.params['basehead']}"
    html = f"{call.forge.world.site}/{call.repo.full_name}/compare/{call.params['basehead']}"
    changed = shapes.changed_files(call.forge, found.merge_base, head) if found.ahead else []
    shape = {
        "url": url,
        "html_url": html,
        "permalink_url": html,
        "diff_url": f"{html}.diff",
        "patch_url": f"{html}.patch",
        "base_commit": shapes.commit(call.forge, base),
        "merge_base_commit": shapes.commit(call.forge, found.merge_base),
        "status": found.status,
        "ahead_by": len(found.ahead),
        "behind_by": len(found.behind),
        "total_commits": len(found.ahead),
        "commits": [shapes.commit(call.forge, one) for one in paged],
        "files": changed,
    }
    return Answer(shape, headers=headers)


def activity(call: Call) -> Answer:
    """Newest first, paged by cursor."""
    query, kind = call.query, call.query.get("activity_type")
    if kind not in {None, *ACTIVITY_TYPES} or query.get("time_period") not in {None, *PERIODS}:
        raise invalid("", {"resource": "RepositoryActivity", "field": "activity_type", "code": "invalid"})
    ref, actor = query.get("ref"), query.get("actor")
    full = ref if ref is None or ref.startswith("refs/") else f"refs/heads/{ref}"
    rows = [
        one
        for one in call.repo.pushes
        if full in {None, one.ref}
        and kind in {None, one.kind}
        and (actor is None or one.actor.login.lower() == actor.lower())
        and _recent(call, one)
    ]
    if query.get("direction", "desc") == "desc":
        rows.reverse()
    return _cursor_page(call, rows)


def _recent(call: Call, push: Push) -> bool:
    period = call.query.get("time_period")
    return period is None or push.at >= call.forge.world.now() - timedelta(days=PERIODS[period])


def _cursor_page(call: Call, rows: list[Push]) -> Answer:
    size, ids = per_page(call.query), [str(one.id) for one in rows]
    after, before = call.query.get("after"), call.query.get("before")
    start = ids.index(after) + 1 if after in ids else 0
    if before in ids:
        start = max(0, ids.index(before) - size)
    cut = rows[start : start + size]
    places: list[tuple[str, dict[str, str]]] = []
    if cut and start + size < len(rows):
        places.append(("next", {"after": str(cut[-1].id)}))
    if cut and start > 0:
        places.append(("prev", {"before": str(cut[0].id)}))
    return Answer([_push(call, one) for one in cut], headers=link(call, places))


def _push(call: Call, one: Push) -> dict[str, Any]:
    return {
        "id": one.id,
        "node_id": one.node_id,
        "before": one.before,
        "after": one.after,
        "ref": one.ref,
        "timestamp": when(one.at),
        "activity_type": one.kind,
        "actor": shapes.maybe_user(call.forge, one.actor),
    }


def get_content(call: Call) -> Answer:
    repo, path = call.repo, call.params["path"].strip("/")
    commit = git.resolve(repo, call.query.get("ref", "HEAD"))
    if commit is None:
        raise Refusal(404, f"No commit found for the ref {call.query.get('ref', 'HEAD')}")
    if path in commit.tree:
        return Answer(_file(call, commit, path, full=True))
    prefix = f"{path}/" if path else ""
    inside = [name for name in sorted(commit.tree) if name.startswith(prefix)]
    if not inside:
        raise not_found()
    names = dict.fromkeys(name[len(prefix) :].partition("/")[0] for name in inside)
    return Answer([_file(call, commit, f"{prefix}{name}", full=False) for name in names])


def _file(call: Call, commit: Commit, path: str, *, full: bool) -> dict[str, Any]:
    name, is_file = call.repo.full_name, path in commit.tree
    text = commit.tree.get(path, "")
    sha, query = git.blob_sha(text or path), f"?ref={call.query.get('ref', call.repo.default_branch)}"
    links = {
        "self": f"{call.url}/repos/{name}/contents/{path}{query}",
        "git": f"{call.url}/repos/{name}/git/{'blobs' if is_file else 'trees'}/{sha}",
        "html": f"{call.forge.world.site}/{name}/{'blob' if is_file else 'tree'}/{commit.sha}/{path}",
    }
    raw = f"https://raw.githubusercontent.com/{name}/{commit.sha}/{path}"
    shape = {
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": sha,
        "size": len(text.encode()),
        "url": links["self"],
        "html_url": links["html"],
        "git_url": links["git"],
        "download_url": raw if is_file else None,
        "type": "file" if is_file else "dir",
        "_links": links,
    }
    if not full:
        return shape
    return {**shape, "content": base64.encodebytes(text.encode()).decode(), "encoding": "base64"}


def get_tree(call: Call) -> Answer:
    """Its own level, or all below it. Too many entries are cut, and said to be cut."""
    repo, ref = call.repo, call.params["tree"]
    if not repo.commits:
        raise Refusal(409, "Git Repository is empty.")
    commit = git.resolve(repo, ref) or next((one for one in repo.commits.values() if shapes.tree_sha(one) == ref), None)
    if commit is None:
        raise not_found()
    url, recursive = f"{call.url}/repos/{repo.full_name}/git", "recursive" in call.query  # whatever its value
    folders = {"/".join(path.split("/")[:n]) for path in commit.tree for n in range(1, path.count("/") + 1)}
    paths = [path for path in sorted({*commit.tree, *folders}) if recursive or "/" not in path]
    shown = paths[: call.forge.largest_tree]
    rows = [_entry(url, commit, path) for path in shown]
    sha = shapes.tree_sha(commit)
    return Answer({"sha": sha, "url": f"{url}/trees/{sha}", "tree": rows, "truncated": len(shown) < len(paths)})


def _entry(url: str, commit: Commit, path: str) -> dict[str, Any]:
    is_file = path in commit.tree
    sha = git.blob_sha(commit.tree[path] if is_file else path)
    kind, mode = ("blob", "100644") if is_file else ("tree", "040000")
    shape = {"path": path, "mode": mode, "type": kind, "sha": sha, "url": f"{url}/{kind}s/{sha}"}
    return {**shape, "size": len(commit.tree[path].encode())} if is_file else shape


READ = ("contents", "read")
ENDPOINTS = (
    Endpoint("GET", f"{REPO}/commits", "commits/commits#list-commits", list_commits, READ),
    Endpoint("GET", f"{REPO}/commits/{{ref:.+}}", "commits/commits#get-a-commit", get_commit, READ),
    Endpoint("GET", f"{REPO}/compare/{{basehead:.+}}", "commits/commits#compare-two-commits", compare, READ),
    Endpoint("GET", f"{REPO}/activity", "repos/repos#list-repository-activities", activity, READ),
    Endpoint("GET", f"{REPO}/git/trees/{{tree:.+}}", "git/trees#get-a-tree", get_tree, READ),
    Endpoint("GET", f"{REPO}/contents/{{path:.*}}", "repos/contents#get-repository-content", get_content, READ),
)  # fmt: skip
