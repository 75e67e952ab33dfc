"""Compare what tracker, T3, Slack, Prefect and the ledger hold after the story with what they must hold."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import httpx

from afk import settings, wiring
from afk.demo.story import DATABASE, LATER, LOGS, MEMORY, STRANGE
from afk.sandbox.village import STRANGER, buttons

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afk.demo.installation import Installation
    from afk.sandbox.village import Village

READY, IN_PROGRESS, HUMAN = "ready-for-agent", "agent-in-progress", "ready-for-human"
ATTEMPTS = {LOGS: [1], MEMORY: [2], DATABASE: [2, 1], LATER: [1], STRANGE: []}  # what each thread was told, times
RINGS = {("Done", LOGS): 1, ("Done", MEMORY): 1, ("Frozen", DATABASE): 1, ("Done", DATABASE): 1, ("Done", LATER): 1}
AS_THEY_SHOULD = {"Quiet", "Waiting", "Moved", "Off", "Recorded"}
# On a busy machine a tick may find its predecessor at work, or take too long itself: the next one does its work.
BUSY = {"Cancelled", "Skipped", "Out of time"}
ENDED = {"type": {"any_": ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"]}}


def faults(installation: Installation) -> list[str]:
    """One line for each thing that is not as it must be."""
    village = installation.village
    return [
        *_tracker(village),
        *_t3(village),
        *_slack(village),
        *_links(village),
        *_prefect(installation),
        *_ledger(installation),
    ]


def _tracker(village: Village) -> Iterator[str]:
    for (repo, number), attempts in ATTEMPTS.items():
        ref, is_open = f"{repo}#{number}", village.is_open(repo, number)
        checklists = [login for login, text in village.comments(repo, number) if "<!-- afk:checklist:" in text]
        if (repo, number) == STRANGE:
            if not is_open or village.labels(repo, number) != {READY} or checklists:
                yield f"tracker: {ref} of {STRANGER} was touched: {village.labels(repo, number)}, {checklists}"
            continue
        if is_open:
            yield f"tracker: {ref} is still open"
        if left := village.labels(repo, number) & {IN_PROGRESS, HUMAN}:
            yield f"tracker: {ref} still carries {', '.join(sorted(left))}"
        if len(checklists) != len(attempts):
            yield f"tracker: {ref} has {len(checklists)} checklists, not {len(attempts)}"


def _t3(village: Village) -> Iterator[str]:
    for (repo, number), expected in ATTEMPTS.items():
        threads = village.threads_of(repo, number)
        told = [len(village.told(thread)) for thread in threads]
        if told != expected:
            yield f"T3: the threads of {repo}#{number} were told {told} times, not {expected}"
        if at_work := [thread for thread in threads if village.t3.threads[thread].open_turn is not None]:
            yield f"T3: an agent is still at work on {repo}#{number}: {at_work}"
    if strangers := len(village.t3.threads) - sum(map(len, ATTEMPTS.values())):
        yield f"T3: there are {strangers} threads too many"


def _slack(village: Village) -> Iterator[str]:
    texts = [bell["text"] for bell in village.bells()]
    rung = Counter(
        {
            (state, who): count
            for state in ("Done", "Frozen", "Needs you", "Question")
            for who in ATTEMPTS
            if (count := sum(f"{state}: {who[0]}#{who[1]} " in text for text in texts))
        }
    )
    if rung != Counter(RINGS) or len(texts) != sum(RINGS.values()):
        yield f"Slack: the doorbells are {texts}"
    frozen = next((text for text in texts if "Frozen" in text), "")
    if village.operator not in frozen:
        yield f"Slack: the frozen doorbell does not say who asked for the re-run: {frozen}"


def _links(village: Village) -> Iterator[str]:
    """Whoever follows a button of a doorbell gets to see what it names."""
    for bell in village.bells():
        for button in buttons(bell):
            if "url" in button and not httpx.get(button["url"], timeout=10).is_success:
                yield f"Slack: {button['text']['text']} leads nowhere in {bell['text']}: {button['url']}"


def _prefect(installation: Installation) -> Iterator[str]:
    runs = installation.runs(state=ENDED)
    by_flow: dict[str, set[str]] = {}
    for run in runs:
        flow = run["name"].split(" ")[0]
        by_flow.setdefault(flow, set()).add(run["state_name"])
        if run["state_name"] not in AS_THEY_SHOULD | BUSY:
            yield f"Prefect: the run {run['name']} ended as {run['state_name']}: {run['state']['message']}"
    for flow, states in (("poll", {"Moved", "Off"}), ("watch", {"Moved"}), ("redispatch", {"Recorded"})):
        if missing := states - by_flow.get(flow, set()):
            yield f"Prefect: no run of {flow} ended as {', '.join(sorted(missing))}: {by_flow}"
    keys = {each["key"] for each in _artifacts(installation)}
    pages = {f"issue-{repo}-{number}" for (repo, number), told in ATTEMPTS.items() if told}
    if missing := pages - keys:
        yield f"Prefect: there is no page {', '.join(sorted(missing))}"


def _artifacts(installation: Installation) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = installation.asks_prefect("artifacts/latest/filter", limit=200)
    return found


def _ledger(installation: Installation) -> Iterator[str]:
    with wiring.ledger(settings.ledger_url(installation.environment)) as ledger:
        if live := ledger.live():
            yield f"ledger: runs are left: {', '.join(str(run.ref) for run in live)}"
        ends = Counter(str(run.outcome) for run in ledger.history(None, 100))
        if ends != Counter({"done": 4, "frozen": 1}):
            yield f"ledger: the runs ended as {dict(ends)}"
