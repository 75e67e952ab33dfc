"""Judge how far a deployment's rollout is: the rules of `kubectl rollout status`, and stricter ones of ours. Pure.

A counter that is 0 is left out of the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from afk.core.model import StageKind, StageReading, StageState
from afk.core.text import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

LINE_LIMIT = 300
LIVE = "NewReplicaSetAvailable"


@dataclass(frozen=True, slots=True)
class Condition:
    status: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Rollout:
    image: str
    generation: int
    observed: int
    wanted: int
    total: int
    updated: int
    available: int
    is_paused: bool
    conditions: Mapping[str, Condition]


def rollout(deployment: Mapping[str, Any], container: str) -> Rollout | None:
    """None if no container is called so."""
    spec, status = deployment["spec"], deployment.get("status") or {}
    images = [one["image"] for one in spec["template"]["spec"]["containers"] if one["name"] == container]
    if not images:
        return None
    replicas = spec.get("replicas")
    return Rollout(
        images[0],
        int(deployment["metadata"]["generation"]),
        int(status.get("observedGeneration", 0)),
        1 if replicas is None else int(replicas),
        int(status.get("replicas", 0)),
        int(status.get("updatedReplicas", 0)),
        int(status.get("availableReplicas", 0)),
        bool(spec.get("paused", False)),
        {
            one["type"]: Condition(one["status"], one.get("reason") or "", one.get("message") or "")
            for one in status.get("conditions") or ()
        },
    )


def reading(seen: Rollout, job: str) -> StageReading:
    """Of a deployment whose template has the image of the commit in question."""

    def waits(why: str) -> StageReading:
        return StageReading(StageKind.KUBERNETES, StageState.PENDING, detail=f"{seen.image}: {why}")

    if seen.wanted == 0:
        return _held(seen, "scaled to zero")
    if seen.is_paused:
        return _held(seen, "the deployment is paused")
    if seen.generation > seen.observed:
        return waits("the controller has not seen it yet")
    progressing, refused = seen.conditions.get("Progressing"), seen.conditions.get("ReplicaFailure")
    if refused is not None and refused.status == "True":
        return _failed(seen, job, refused)
    if progressing is not None and progressing.reason == "ProgressDeadlineExceeded":
        return _failed(seen, job, progressing)
    if seen.updated < seen.wanted:
        return waits(f"{seen.updated} of {seen.wanted} new pods are made")
    if seen.total > seen.updated:
        return waits(f"{seen.total - seen.updated} old pods are still there")
    if seen.available < seen.updated:
        return waits(f"{seen.available} of {seen.updated} new pods are available")
    if progressing is not None and (progressing.status, progressing.reason) != ("True", LIVE):
        return waits(f"not complete yet ({progressing.reason})")
    return StageReading(StageKind.KUBERNETES, StageState.SUCCESS, detail=seen.image)


def _held(seen: Rollout, why: str) -> StageReading:
    """Only a person lets it go on."""
    return StageReading(StageKind.KUBERNETES, StageState.BLOCKED, detail=f"{seen.image}: {why}")


def _failed(seen: Rollout, job: str, why: Condition) -> StageReading:
    said = plain(f"{why.reason}: {why.message}", LINE_LIMIT)
    return StageReading(
        StageKind.KUBERNETES, StageState.FAILURE, job=job, step="rollout", errors=(said,), detail=seen.image
    )
