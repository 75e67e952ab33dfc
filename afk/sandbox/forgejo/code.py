"""List commits and branches, and compare two of them."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import TYPE_CHECKING

from afk.sandbox.forgejo.answers import answer, cut, not_found, page_of, paged, refuse
from afk.sandbox.forgejo.code_shapes import branch_json, commit_json, protection_json, tree_json
from afk.sandbox.forgejo.records import Access, Flavour

if TYPE_CHECKING:
    from aiohttp import web

    from afk.sandbox.forgejo.call import Call
    from afk.sandbox.forgejo.records import Commit

LARGEST_TREE = 1_000


def commits(call: Call) -> web.Response:
    """Newest first. There is no author filter, and only Gitea knows `since` and `until`."""
    repo = call.repository()
    if not repo.commits:
        refuse(call, HTTPStatus.CONFLICT, "Git Repository is empty.")
    sha = repo.resolve(call.query("sha") or repo.default_branch)
    if sha is None:
        not_found(call)
    excluded = repo.resolve(call.query("not")) if call.query("not") else None
    shas = repo.ancestry(sha) - (repo.ancestry(excluded) if excluded else set())
    found = _dated(call, repo.newest_first(shas))
    page, limit = page_of(call)
    rows = [commit_json(call, repo, commit) for commit in cut(found, page, limit)]
    response = paged(call, rows, len(found), page, limit)
    pages = math.ceil(len(found) / limit)
    response.headers.update(
        {
            "X-Page": str(page),
            "X-PerPage": str(limit),
            "X-Total": str(len(found)),
            "X-PageCount": str(pages),
            "X-HasMore": str(page < pages).lower(),
        }
    )
    return response


def commit(call: Call) -> web.Response:
    repo = call.repository()
    sha = repo.resolve(call.segment("sha"))
    if sha is None:
        not_found(call, call.segment("sha"))
    return answer(commit_json(call, repo, repo.commits[sha]))


def compare(call: Call) -> web.Response:
    """The commits of `head` that `base` lacks, newest first; histories with nothing in common have none."""
    repo = call.repository()
    base_name, dots, head_name = call.segment("basehead").partition("...")
    if not dots:
        base_name, dots, head_name = call.segment("basehead").partition("..")
    if not dots:
        base_name, head_name = repo.default_branch, base_name
    base, head = repo.resolve(base_name), repo.resolve(head_name)
    if base is None or head is None:
        not_found(call)
    known, wanted = repo.ancestry(base), repo.ancestry(head)
    found = repo.newest_first(wanted - known) if wanted & known else []
    return answer({"total_commits": len(found), "commits": [commit_json(call, repo, one) for one in found]})


def branches(call: Call) -> web.Response:
    repo = call.repository()
    page, limit = page_of(call)
    rows = [branch_json(call, repo, name) for name in sorted(repo.branches)]
    return paged(call, cut(rows, page, limit), len(rows), page, limit)


def branch(call: Call) -> web.Response:
    repo = call.repository()
    name = call.segment("branch")
    if name not in repo.branches:
        not_found(call)
    return answer(branch_json(call, repo, name))


def branch_protections(call: Call) -> web.Response:
    repo = call.repository(Access.ADMIN)
    return answer([protection_json(repo, name) for name in repo.protections])


def tree(call: Call) -> web.Response:
    """Its own level, or all below it, in pages of at most a thousand entries."""
    repo = call.repository()
    sha = repo.resolve(call.segment("sha"))
    if sha is None:
        refuse(call, HTTPStatus.BAD_REQUEST, f"object does not exist [id: {call.segment('sha')}, rel_path: ]")
    one = repo.commits[sha]
    folders = {"/".join(path.split("/")[:n]) for path in one.paths for n in range(1, path.count("/") + 1)}
    recursive = call.query("recursive").lower() in {"1", "t", "true"}
    paths = [path for path in sorted({*one.paths, *folders}) if recursive or "/" not in path]
    asked = call.whole_number("per_page")
    size = asked if 0 < asked <= LARGEST_TREE else LARGEST_TREE
    return answer(tree_json(call, repo, one, paths, max(call.whole_number("page"), 1), size))


def _dated(call: Call, found: list[Commit]) -> list[Commit]:
    match call.world.flavour:
        case Flavour.FORGEJO:
            return found
        case Flavour.GITEA:
            since, until = call.moment("since"), call.moment("until")
            return [one for one in found if (not since or one.date >= since) and (not until or one.date <= until)]
