"""Read the checks of many commits in one GraphQL query: check runs, workflow runs and statuses.

Only runs of a push to the default branch count. A suite without a workflow shows by its runs alone: GitHub opens one
for every App that may write checks, and without runs it stays queued for ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afk.adapters.github.answer import understood
from afk.adapters.github.cards import hidden, quoted, repository
from afk.adapters.github.check_fold import Check, mark, outcome, status_mark
from afk.ports import PortError, Unexpected

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from afk.adapters.github.answer import Answer
    from afk.adapters.github.client import Client
    from afk.core.model import Repo

PAGES_MAX = 20
PUSH = "push"
CONTEXTS = """
fragment Contexts on StatusCheckRollupContextConnection {
  pageInfo { hasNextPage endCursor }
  nodes {
    __typename
    ... on CheckRun {
      databaseId name status conclusion detailsUrl title
      checkSuite { branch { name } workflowRun { event workflow { name } } }
    }
    ... on StatusContext { context state targetUrl description }
  }
}
"""
SUITES = """
fragment Suites on CheckSuiteConnection {
  pageInfo { hasNextPage endCursor }
  nodes { status conclusion branch { name } workflowRun { databaseId event url workflow { name } } }
}
"""
LISTS = {
    "contexts": "statusCheckRollup {{ contexts(first: 100{after}) {{ ...Contexts }} }}",
    "suites": "checkSuites(first: 100{after}) {{ ...Suites }}",
}
FRAGMENTS = {"contexts": CONTEXTS, "suites": SUITES}

Checked = list[Check] | PortError


class CommitChecks:
    def __init__(self, client: Client) -> None:
        self._client = client

    def read(self, scope: str, wanted: Sequence[tuple[Repo, str]]) -> dict[tuple[str, str], Checked]:
        """By repository name and commit. `Refused` where the token may not see them this way."""
        repos = {repo.name: repo for repo, _ in wanted}
        places = {name: f"r{n}" for n, name in enumerate(repos)}
        both = " ".join(field.format(after="") for field in LISTS.values())
        fields = "\n".join(
            f"{places[name]}: {repository(repo.slug)} {{ defaultBranchRef {{ name }} "
            + " ".join(_commit(f"c{n}", sha, both) for n, (each, sha) in enumerate(wanted) if each.name == name)
            + " }"
            for name, repo in repos.items()
        )
        answer = self._client.query(scope, "AfkChecks", f"query AfkChecks {{\n{fields}\n}}{CONTEXTS}{SUITES}")
        return {
            (repo.name, sha): self._one(scope, answer, places[repo.name], f"c{n}", repo, sha)
            for n, (repo, sha) in enumerate(wanted)
        }

    def _one(self, scope: str, answer: Answer, place: str, alias: str, repo: Repo, sha: str) -> Checked:
        try:
            hidden(answer, place, repo.slug)
            branch = answer.at(place, "defaultBranchRef", "name")
            commit = answer.at(place, alias)
            if not commit:
                return Unexpected(f"GitHub: {repo.slug} does not know the commit {sha}")
            with understood(f"checks of {repo.slug} {sha}"):
                found: list[Check] = []
                for name in LISTS:
                    for node in self._nodes(scope, repo, sha, name, commit):
                        check = _context(node, branch) if name == "contexts" else _suite(node, branch)
                        found += [check] if check else []
                return found
        except PortError as error:
            return error

    def _nodes(self, scope: str, repo: Repo, sha: str, name: str, commit: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        nodes: list[Mapping[str, Any]] = []
        for _ in range(PAGES_MAX):
            page = _page(commit, name)
            if page is None:
                return nodes
            nodes += page["nodes"]
            if not page["pageInfo"]["hasNextPage"]:
                return nodes
            field = LISTS[name].format(after=f", after: {quoted(page['pageInfo']['endCursor'])}")
            fields = f"r: {repository(repo.slug)} {{ {_commit('c', sha, field)} }}"
            text = f"query AfkMoreChecks {{ {fields} }}{FRAGMENTS[name]}"
            commit = self._client.query(scope, "AfkMoreChecks", text).at("r", "c")
        raise Unexpected(f"GitHub: checks of {repo.slug} {sha}: more than {PAGES_MAX} pages")


def _commit(alias: str, sha: str, fields: str) -> str:
    return f"{alias}: object(oid: {quoted(sha)}) {{ ... on Commit {{ {fields} }} }}"


def _page(commit: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    """Nothing reported at all has no rollup."""
    if name == "suites":
        suites: Mapping[str, Any] | None = commit["checkSuites"]
        return suites
    rollup = commit["statusCheckRollup"]
    return rollup["contexts"] if rollup is not None else None


def _context(node: Mapping[str, Any], branch: str) -> Check | None:
    match node["__typename"]:
        case "CheckRun":
            suite = node["checkSuite"]
            run = suite["workflowRun"]
            if run is not None and not _counts(suite, branch):
                return None
            name = f"{run['workflow']['name']} / {node['name']}" if run is not None else node["name"]
            job = node["databaseId"] if run is not None else None
            return Check(
                name, mark(node["status"], node["conclusion"]), node["detailsUrl"] or "", node["title"] or "", job
            )
        case "StatusContext":
            says = node["description"] or ""
            return Check(node["context"], status_mark(node["state"]), node["targetUrl"] or "", says)
        case other:
            raise ValueError(f"a context of the kind {other}")


def _suite(node: Mapping[str, Any], branch: str) -> Check | None:
    """A workflow's run as a whole: it shows before its first job does, and where it has none."""
    run = node["workflowRun"]
    if run is None or not _counts(node, branch):
        return None
    return Check(
        run["workflow"]["name"],
        mark(node["status"], node["conclusion"]),
        run["url"],
        outcome(node["conclusion"]),
        run=run["databaseId"],
    )


def _counts(suite: Mapping[str, Any], branch: str) -> bool:
    """Whether a suite of a workflow belongs to a push to the default branch. A deleted branch has no name any more."""
    where = suite["branch"]
    return suite["workflowRun"]["event"] == PUSH and (where is None or where["name"] == branch)
