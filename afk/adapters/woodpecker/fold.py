"""Say what a pipeline's status means. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afk.core.model import StageKind, StageReading, StageState

if TYPE_CHECKING:
    from afk.adapters.woodpecker.search import Pipeline

FAILED = frozenset({"failure", "error", "killed"})


def reading(pipeline: Pipeline, url: str) -> StageReading:
    def told(state: StageState, detail: str = "") -> StageReading:
        return StageReading(StageKind.WOODPECKER, state, url, detail=detail)

    match pipeline.status:
        case "success":
            return told(StageState.SUCCESS)
        case "canceled" | "killed" if _is_superseded(pipeline):
            return told(StageState.SUPERSEDED, f"superseded by pipeline {pipeline.superseded_by}")
        case failed if failed in FAILED:
            return told(StageState.FAILURE, _by(pipeline))
        case "declined":
            return told(StageState.FAILURE, "a person declined it")
        case "blocked":
            return told(StageState.BLOCKED, "waits for an approval")
        case "pending" | "running" | "created":
            return told(StageState.PENDING)
        case "skipped":
            return told(StageState.ABSENT, "every workflow was skipped")
        case "canceled":
            return told(StageState.UNKNOWN, _by(pipeline) or "canceled")
        case word:
            return told(StageState.UNKNOWN, f"no verdict that is known: {word}")


def _is_superseded(pipeline: Pipeline) -> bool:
    """A restart inherits the reason that its predecessor was cancelled for: that one names an older pipeline."""
    return pipeline.superseded_by > pipeline.number


def _by(pipeline: Pipeline) -> str:
    is_stopped = pipeline.status in {"canceled", "killed"} and pipeline.canceled_by
    return f"canceled by {pipeline.canceled_by}" if is_stopped else ""
