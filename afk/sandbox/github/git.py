"""Walk the commit graph of one repository and read commit messages."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afk.sandbox.github.records import Commit, Repository

ZERO = "0" * 40
SHORTEST_SHA = 7
# https://docs.github.com/en/issues/tracking-your-work-with-issues/using-issues/linking-a-pull-request-to-an-issue
PLACE = r"[\w.-]+/[\w.-]+"
REFERENCE = re.compile(
    rf"https://github\.com/(?P<there>{PLACE})/(?:issues|pull)/(?P<nth>\d+)\b"
    rf"|(?:(?<![\w/.-])(?P<place>{PLACE})|(?<![\w&/.-]))#(?P<number>\d+)\b"
)
CLOSING = re.compile(r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+(?=\S)", re.IGNORECASE)
SKIP = re.compile(
    r"\[(?:skip ci|ci skip|no ci|skip actions|actions skip)\]|^skip-checks:\s*true\s*$", re.IGNORECASE | re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Where `head` stands as seen from `base`."""

    status: str
    ahead: list[Commit]
    behind: list[Commit]
    base: Commit
    merge_base: Commit


def resolve(repo: Repository, ref: str) -> Commit | None:
    """A branch, a full sha, an unambiguous short one, or `HEAD`."""
    if ref == "HEAD":
        ref = repo.default_branch
    name = ref.removeprefix("refs/heads/").removeprefix("heads/")
    if name in repo.branches:
        return repo.commits[repo.branches[name]]
    if ref in repo.commits:
        return repo.commits[ref]
    if len(ref) < SHORTEST_SHA or not re.fullmatch(r"[0-9a-f]+", ref):
        return None
    found = [commit for sha, commit in repo.commits.items() if sha.startswith(ref)]
    return found[0] if len(found) == 1 else None


def history(repo: Repository, start: Commit) -> Iterator[Commit]:
    """The start and its ancestors, newest first."""
    waiting, seen = [start], {start.sha}
    while waiting:
        commit = max(waiting, key=lambda one: one.committed_at)
        waiting.remove(commit)
        yield commit
        for sha in commit.parents:
            if sha not in seen:
                seen.add(sha)
                waiting.append(repo.commits[sha])


def compare(repo: Repository, base: Commit, head: Commit) -> Comparison | None:
    """None if the two have no ancestor in common."""
    of_base, of_head = list(history(repo, base)), list(history(repo, head))
    base_shas, head_shas = {c.sha for c in of_base}, {c.sha for c in of_head}
    common = next((c for c in of_head if c.sha in base_shas), None)
    if common is None:
        return None
    ahead = [c for c in reversed(of_head) if c.sha not in base_shas]
    behind = [c for c in of_base if c.sha not in head_shas]
    words = {(False, False): "identical", (True, False): "ahead", (False, True): "behind", (True, True): "diverged"}
    return Comparison(words[bool(ahead), bool(behind)], ahead, behind, base, common)


def references(text: str, repo: Repository) -> list[tuple[str, int]]:
    """(full name in lower case, number) of every issue the text mentions."""
    return list(dict.fromkeys(_target(found, repo) for found in REFERENCE.finditer(text)))


def closings(text: str, repo: Repository) -> list[tuple[str, int]]:
    """Those of the references that follow a closing keyword."""
    starts = [REFERENCE.match(text, keyword.end()) for keyword in CLOSING.finditer(text)]
    return [_target(found, repo) for found in starts if found]


def _target(found: re.Match[str], repo: Repository) -> tuple[str, int]:
    place = found["there"] or found["place"] or repo.full_name
    return place.lower(), int(found["nth"] or found["number"])


def skips_ci(message: str) -> bool:
    return SKIP.search(message) is not None


def headline(message: str) -> str:
    return message.split("\n", 1)[0]


def body_of(message: str) -> str:
    return message.partition("\n")[2].strip()


def blob_sha(text: str) -> str:
    data = text.encode()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
