"""Kubernetes as the stage that says whether a commit's image is rolled out."""

from afk.adapters.kubernetes.stage import KubernetesStage

__all__ = ["KubernetesStage"]
