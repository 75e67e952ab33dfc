"""Show what CI reported about a commit: statuses, their combination, and Actions runs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from afk.sandbox.forgejo.answers import answer, cut, not_found, page_of, paged
from afk.sandbox.forgejo.code_shapes import combined_json, run_json, status_json
from afk.sandbox.forgejo.records import Flavour

if TYPE_CHECKING:
    from aiohttp import web

    from afk.sandbox.forgejo.call import Call
    from afk.sandbox.forgejo.records import Repository, Run, Status


def combined_status(call: Call) -> web.Response:
    """The newest status of each context, one page of them."""
    repo = call.repository()
    sha = _sha(call, repo, call.segment("ref"))
    newest: dict[str, Status] = {}
    for status in _reported(repo, sha):
        newest[status.context] = status
    contexts = sorted(newest.values(), key=lambda status: -status.id)
    page, limit = page_of(call)
    return answer(
        combined_json(call, repo, sha, cut(contexts, page, limit)), headers={"X-Total-Count": str(len(contexts))}
    )


def statuses(call: Call) -> web.Response:
    """Every report ever made. The default order knows whole seconds only: within one, the oldest comes first."""
    repo = call.repository()
    sha = _sha(call, repo, call.request.match_info.get("ref") or call.segment("sha"))
    state = call.query("state")
    found = [status for status in _reported(repo, sha) if not state or status.state == state]
    found.sort(key=lambda status: status.id)
    if call.query("sort") == "highestindex":
        found.reverse()
    elif call.query("sort") not in {"leastindex", "oldest", "leastupdate"}:
        found.sort(key=lambda status: status.at, reverse=True)
    page, limit = page_of(call)
    rows = [status_json(call.world, repo, status) for status in cut(found, page, limit)]
    return paged(call, rows, len(found), page, limit)


def runs(call: Call) -> web.Response:
    repo = call.repository()
    found = [run for run in reversed(repo.runs) if _asked_for(call, run)]
    page, limit = page_of(call)
    rows = [run_json(call.world, repo, run) for run in cut(found, page, limit)]
    return answer({"workflow_runs": rows, "total_count": len(found)}, headers={"X-Total-Count": str(len(found))})


def _asked_for(call: Call, run: Run) -> bool:
    wanted = {"head_sha": run.sha, "event": run.event}
    match call.world.flavour:
        case Flavour.FORGEJO:
            wanted["status"] = run.status
        case Flavour.GITEA:
            wanted["branch"] = run.branch
            shape = run_json(call.world, call.repository(), run)
            wanted["status"] = shape["conclusion"] or shape["status"]
    asked = {name: call.request.query.getall(name, []) for name in wanted}
    return all(not values or wanted[name] in values for name, values in asked.items())


def _reported(repo: Repository, sha: str) -> list[Status]:
    return [status for status in repo.statuses if status.sha == sha]


def _sha(call: Call, repo: Repository, ref: str) -> str:
    """A full sha is taken as it is, even one that no commit has."""
    found = repo.resolve(ref)
    if found is None and re.fullmatch(r"[0-9a-f]{40}", ref):
        return ref
    if found is None:
        not_found(call)
    return found
