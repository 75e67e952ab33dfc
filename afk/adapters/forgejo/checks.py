"""Answer as the stage that knows what was reported about commits on Forgejo: statuses, which every version has."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from afk.adapters.forgejo.client import SYSTEM, understood
from afk.adapters.forgejo.status_fold import Status, failed, newest, reading
from afk.adapters.http import content, together
from afk.core.ci_verdict import SPEAKS_NOT
from afk.core.model import StageKind, StageReading, StageState
from afk.ports import PortError, Unexpected

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from afk.adapters.forgejo.client import Client
    from afk.core.model import CommitAsk, Slug

ENDED_WELL = frozenset({"cancelled", "success", "skipped"})
LOOK_AHEAD = 8  # commits read side by side once ours turned out not to be the head of its push


class ForgejoChecks:
    def __init__(self, client: Client) -> None:
        self._client = client

    def read(self, asks: Sequence[CommitAsk]) -> Mapping[str, Mapping[str, StageReading] | PortError]:
        answers = together([partial(self._readings, ask) for ask in asks])
        return {ask.repo.name: answer for ask, answer in zip(asks, answers, strict=True)}

    def _readings(self, ask: CommitAsk) -> dict[str, StageReading]:
        """Up to the first commit that CI speaks about."""
        self._client.default_branch(ask.repo.slug)  # a commit that nobody knows has no statuses either
        found: dict[str, StageReading] = {}
        start, count = 0, 1
        while start < len(ask.commits):
            part = ask.commits[start : start + count]
            answers = together([partial(self._reading, ask, sha) for sha in part])
            for sha, answer in zip(part, answers, strict=True):
                if isinstance(answer, PortError):
                    if not found:
                        raise answer
                    return found | {sha: StageReading(StageKind.CHECKS, StageState.UNKNOWN, detail=str(answer))}
                found[sha] = answer
                if answer.state not in SPEAKS_NOT:
                    return found
            start, count = start + count, LOOK_AHEAD
        return found

    def _reading(self, ask: CommitAsk, sha: str) -> StageReading:
        slug = ask.repo.slug
        statuses = newest(self._statuses(slug, sha))
        bad = failed(statuses)
        superseded = bool(bad) and sha != ask.commits[-1] and self._were_cancelled(slug, sha, bad)
        return reading(statuses, self._client.url, superseded=superseded)

    def _statuses(self, slug: Slug, sha: str) -> list[Status]:
        """Every report ever made. The combined status is no use: it speaks of its own page only."""
        subject = f"{slug} {sha}"
        with understood(subject):
            return [
                Status(int(row["id"]), row["context"], row["status"], row["target_url"] or "", row["description"] or "")
                for page in self._client.pages(f"/repos/{slug}/commits/{sha}/statuses", subject)
                for row in page
            ]

    def _were_cancelled(self, slug: Slug, sha: str, bad: Sequence[Status]) -> bool:
        """A cancelled run of Actions leaves a failure behind: its own status, where it can be asked for, tells."""
        rest = [status for status in bad if not status.says_cancelled]
        if not rest:
            return True
        if not all(status.is_action for status in rest):
            return False
        try:
            words = self._run_words(slug, sha)
        except PortError:
            return False  # older versions have no such list: red it is
        return "cancelled" in words and words <= ENDED_WELL

    def _run_words(self, slug: Slug, sha: str) -> set[str]:
        """How the newest run of each workflow ended for this push. The two programs name the fields differently."""
        subject = f"runs of {slug} {sha}"
        found: dict[str, tuple[int, str]] = {}
        with understood(subject):
            for number in range(1, 3):
                asked = {"head_sha": sha, "event": "push", "page": number, "limit": 50}
                response = self._client.send("GET", f"/repos/{slug}/actions/runs", subject, params=asked)
                body = content(SYSTEM, response, subject)
                for row in body["workflow_runs"] or ():
                    if row.get("head_sha", row.get("commit_sha")) == sha and _event(row) == "push":
                        key, run = row["workflow_id"], (int(row["id"]), row.get("conclusion") or row["status"])
                        found[key] = max(found.get(key, run), run)
                if number * 50 >= int(body["total_count"]):
                    return {word for _, word in found.values()}
        raise Unexpected(f"{SYSTEM}: {subject}: more than two pages")


def _event(row: Mapping[str, Any]) -> str:
    return str(row.get("trigger_event") or row["event"])
