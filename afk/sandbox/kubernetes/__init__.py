"""Serve a Kubernetes API: deployments, their replica sets and pods, watches, tokens and RBAC."""

from afk.sandbox.kubernetes.server import ROUTES, KubernetesServer

__all__ = ["ROUTES", "KubernetesServer"]
