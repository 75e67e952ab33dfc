"""Say which resource a run claims, for a service that shows who works where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from afk.core.run import Run

HOLDER = "afk"
TTL_SECONDS = 90  # three heartbeats: one that is lost is no release


@dataclass(frozen=True, slots=True)
class Claim:
    """One run's. The same claim twice is one, kept for longer."""

    id: str
    resource: str
    purpose: str
    since: str
    url: str

    def as_json(self) -> dict[str, Any]:
        return {
            "action": "claim",
            "id": self.id,
            "holder": HOLDER,
            "resource": self.resource,
            "purpose": self.purpose,
            "since": self.since,
            "url": self.url,
            "ttl_seconds": TTL_SECONDS,
        }

    def release_json(self) -> dict[str, Any]:
        return {"action": "release", "id": self.id, "holder": HOLDER, "resource": self.resource}


def claim_of(run: Run) -> Claim:
    ref = run.ref
    return Claim(run.id, f"repo:{ref.repo}", f"AFK #{ref.number}", run.claimed_at.isoformat(), run.url)
