"""Break every call over the wire once, in every way, and go on: all ends as if nothing had happened.

`make soak` tries every fault on every kind of call, and on each repetition of one that writes. The suite tries one fault
on each kind of call, every fault in its turn.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from afk.sandbox.faults import Fault, Trouble
from tests.town import Town

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FULL = bool(os.environ.get("AFK_SOAK"))
HTML = {"Content-Type": "text/html"}
GRAPHQL_ERROR = '{"data": null, "errors": [{"type": "INTERNAL", "message": "Something went wrong"}]}'
FAILURE = '{"_tag": "OrchestrationV2DispatchCommandError", "message": "The database is locked"}'
FAULTS = {
    "connection cut": Fault(Trouble.DROP_BEFORE),
    "reply lost": Fault(Trouble.DROP_AFTER),
    "429": Fault(Trouble.STATUS, status=429, headers={"Retry-After": "0"}, body='{"message": "slow down"}'),
    "500": Fault(Trouble.STATUS, status=500, body='{"message": "boom"}'),
    "502 with HTML": Fault(Trouble.STATUS, status=502, headers=HTML, body="<html>Bad gateway</html>"),
    "502 after the effect": Fault(Trouble.STATUS_AFTER, status=502, headers=HTML, body="<html>Bad gateway</html>"),
    "200 with HTML": Fault(Trouble.STATUS, status=200, headers=HTML, body="<html>Sign in</html>"),
    "invalid JSON": Fault(Trouble.INVALID_JSON),
    "truncated": Fault(Trouble.TRUNCATED),
    "errors in a 200": Fault(Trouble.STATUS, status=200, body=GRAPHQL_ERROR),
    "timeout": Fault(Trouble.TIMEOUT),
    "timeout after the effect": Fault(Trouble.TIMEOUT_AFTER),
    "refused from then on": Fault(Trouble.LEAVES),
}
# Frames on a socket: the server does not leave between two of them, and a failure may be typed.
FRAMES = {name: fault for name, fault in FAULTS.items() if fault.trouble is not Trouble.LEAVES} | {
    "typed failure": Fault(Trouble.STATUS, body=FAILURE)
}
SLOW = {Trouble.TIMEOUT, Trouble.TIMEOUT_AFTER}
WRITES = re.compile(r"POST (?!/graphql|/api/auth/)|PATCH|DELETE|RPC orchestration\.dispatchCommand")
STORIES = {"corrected": Town.corrected, "handed back": Town.handed_back}
ENDS = {"corrected": ["done"], "handed back": ["stopped", "frozen"]}
TOWNS = {
    "github": ("github", 1, ""),
    "forgejo": ("forgejo", 2, ""),
    "t3 protocol 1": ("github", 1, ""),
    "t3 protocol 2": ("forgejo", 2, ""),
    "woodpecker": ("forgejo", 1, "pipelines"),
    "kubernetes": ("forgejo", 1, "pipelines"),
    "slack": ("github", 1, "bells"),
    "ntfy": ("github", 1, "bells"),
}
RINGS = {"slack": "POST /api/chat.postMessage", "ntfy": "POST /afk"}


@dataclass(frozen=True)
class Theatre:
    """One system's town, built anew for every telling of a story."""

    system: str
    homes: Callable[[str], Path]

    def tells(self, story: str, *planted: Fault) -> tuple[dict[str, Any], list[tuple[str, int]]]:
        with Town.at(self.homes("town"), *TOWNS[self.system]) as town:
            for fault in planted:
                town.servers[self.system].faults.add(fault)
            if any(fault.trouble in SLOW for fault in planted):
                town.street.environment["AFK_REQUEST_SECONDS"] = "1"
            STORIES[story](town)
            return town.picture(), town.calls(self.system)

    def scenes(self) -> Iterator[tuple[str, tuple[Fault, ...]]]:
        """Stories, and what goes wrong in them first: a channel looks for its message only after a lost answer."""
        yield "corrected", ()
        if self.system in RINGS:
            yield "corrected", (_on(RINGS[self.system], FAULTS["reply lost"]),)
        if "pipelines" not in TOWNS[self.system]:
            yield "handed back", ()


def _on(line: str, fault: Fault, skip: int = 0) -> Fault:
    return replace(fault, match="^" + re.escape(line).replace("…", "[^/]+") + "$", skip=skip)


@pytest.mark.parametrize("system", TOWNS)
def test_every_call_survives_every_fault(
    system: str, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    theatre = Theatre(system, tmp_path_factory.mktemp)
    tried, broken, seen = Counter[str](), dict[str, Any](), set[str]()
    pictures: dict[str, dict[str, Any]] = {}
    for story, before in theatre.scenes():
        picture, calls = theatre.tells(story, *before)
        assert picture == pictures.setdefault(story, picture)
        assert [state for state, *_ in picture["runs"]] == ENDS[story]
        for line, often in calls:
            times = often if FULL and WRITES.match(line) else int(line not in seen)
            for skip in range(times):
                for kind, fault in _chosen(line, len(seen) + 5 * list(TOWNS).index(system)):
                    tried[kind] += 1
                    try:
                        picture, _ = theatre.tells(story, *before, _on(line, fault, skip))
                    except AssertionError as error:
                        broken[f"{story}, {line} ({skip + 1}): {kind}"] = str(error)[:300]
                        continue
                    if picture != pictures[story]:
                        changed = {key: picture[key] for key in picture if picture[key] != pictures[story][key]}
                        broken[f"{story}, {line} ({skip + 1}): {kind}"] = changed
            seen.add(line)

    failed = Counter(each.rpartition(": ")[2] for each in broken)
    with capsys.disabled():
        print(f"\n{system}: {len(seen)} kinds of call, {tried.total()} faults, {len(broken)} broken")
        for kind, count in tried.items() if FULL else ():
            print(f"  {kind:26}{count:4} cases{count - failed[kind]:4} converged{failed[kind]:3} broken")
    assert broken == {}


def _chosen(line: str, place: int) -> list[tuple[str, Fault]]:
    every = list((FRAMES if line.startswith("RPC ") else FAULTS).items())
    return every if FULL else [every[place % len(every)]]
