"""Simulate GitHub strictly: what it refuses is refused, what it does not send is not sent."""

from __future__ import annotations

from afk.sandbox.github.graphql.faults import GraphqlFault
from afk.sandbox.github.server import GithubServer

__all__ = ["GithubServer", "GraphqlFault"]
