"""Write the artifacts: the fleet, why not the rest, and a page for each run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from afk.core import wording
from afk.core.checklist import checklist
from afk.core.known_links import markdown_link
from afk.core.text import markdown_escaped, plain
from flows.timeline import picture

if TYPE_CHECKING:
    from collections.abc import Collection

    from afk.core.records import Command, Verdicted
    from afk.core.run import Run
    from flows.snapshot import Snapshot

_MARKER = re.compile(r"\A<!--.*?-->\n")
_NOT_IN_KEYS = re.compile(r"[^a-z0-9]+")


def fleet(snapshot: Snapshot, hosts: Collection[str]) -> list[dict[str, Any]]:
    """No ages in it: a table that says the same needs not be written again."""
    return [
        {
            "issue": _link(str(run.ref), run.url, hosts),
            "attempt": run.attempt,
            "waits for": _cell(_standing(run)),
            "since": f"{run.claimed_at:%Y-%m-%d %H:%M}",
            "commit": run.commit[:12],
            "CI": run.verdict.value if run.commit else "",
            "USD": round(run.cost_usd, 2),
            "thread": _link("open", run.thread_url, hosts),
        }
        for run in sorted(snapshot.fleet, key=lambda run: run.ref)
    ]


def _standing(run: Run) -> str:
    return f"{run.outcome.value}: {run.detail}" if run.outcome else wording.waits_for(run.reason) or "its start"


def why_not(snapshot: Snapshot) -> list[dict[str, Any]]:
    return [_why_not(decision) for decision in sorted(snapshot.decisions, key=lambda each: each.ref)]


def _why_not(decision: Verdicted) -> dict[str, Any]:
    return {
        "issue": str(decision.ref),
        "code": decision.code,
        "why": _cell(wording.why_not(decision)),
        "since": f"{decision.at:%Y-%m-%d %H:%M}",
    }


def key_of(run: Run) -> str:
    """Prefect takes small letters, digits and dashes; the same key over attempts makes one timeline of the issue."""
    return _NOT_IN_KEYS.sub("-", f"issue-{run.ref.repo.lower()}-{run.ref.number}").strip("-")


def page(run: Run, hosts: Collection[str], wish: Command | None = None) -> str:
    """Everything that a person who opens the flow run wants to know, and where to go from there: to `hosts` alone."""
    parts = [
        f"# {run.ref} {markdown_escaped(plain(run.title, 200))}",
        _links(run, hosts),
        picture(run),
        _boxes(_MARKER.sub("", checklist(run, hosts))),
        _facts(run, wish),
    ]
    if run.failure is not None:
        place = " / ".join(plain(part, 120) for part in (run.failure.stage, run.failure.job, run.failure.step) if part)
        parts.append(f"**Red:** {markdown_escaped(place)} {_link('log', run.failure.url, hosts)}".strip())
    return "\n\n".join(parts) + "\n"


def _boxes(text: str) -> str:
    """Prefect shows what stands beside a checkbox as it is, escapes and all: signs take the place of the boxes."""
    return re.sub(r"^- \[x\] ", "- ✅ ", re.sub(r"^- \[ \] ", "- ⬜ ", text, flags=re.MULTILINE), flags=re.MULTILINE)


def _links(run: Run, hosts: Collection[str]) -> str:
    places = (("issue", run.url), ("T3 thread", run.thread_url), ("CI", _ci_url(run)))
    return " · ".join(_link(name, url, hosts) for name, url in places if url)


def _ci_url(run: Run) -> str:
    if run.failure is not None:
        return run.failure.url
    return next((each.url for each in run.evidence if each.phase.value == "ci"), "")


def _facts(run: Run, wish: Command | None) -> str:
    door = f" through {wish.via.value} at {wish.at:%Y-%m-%d %H:%M} UTC" if wish is not None else ""
    asked = f"{markdown_escaped(plain(run.requested_by, 80))}{door}" if run.requested_by else "the ready label"
    rows = [
        ("asked for by", asked),
        ("attempt", f"{run.attempt}, run `{run.id}`"),
        ("claimed", f"{run.claimed_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("turns", ", ".join(f"{turn.number} {turn.kind.value}" for turn in run.turns)),
        ("commit", f"`{run.commit}`" if run.commit else "none yet"),
        ("about", f"{run.cost_usd:.2f} USD"),
        ("outcome", run.outcome.value if run.outcome else "in flight"),
    ]
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


def _cell(text: str) -> str:
    """Cells show links but know no escapes: what trackers and agents wrote in it must not become one."""
    return plain(text, 400).replace("](", "] (").replace("<", "< ")


def _link(text: str, url: str, hosts: Collection[str]) -> str:
    """Links come from trackers and CI: where nobody vouches for one, its words stay."""
    return markdown_link(text, url, hosts) or (text if url else "")
