"""Keep what a cluster keeps of a deployment: what is wanted, what is there, and what the controller said."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(slots=True)
class Pod:
    name: str
    image: str
    ready: bool = False
    restarts: int = 0
    crashing: bool = False


@dataclass(slots=True)
class Revision:
    """One replica set: a template's image and the pods that were made from it."""

    number: int
    image: str
    pods: list[Pod] = field(default_factory=list)

    @property
    def hash(self) -> str:
        return hashlib.sha256(f"{self.number} {self.image}".encode()).hexdigest()[:10]

    @property
    def ready(self) -> int:
        return sum(pod.ready for pod in self.pods)


@dataclass(frozen=True, slots=True)
class Condition:
    type: str
    status: str
    reason: str
    message: str
    at: datetime


@dataclass(slots=True)
class Deployment:
    namespace: str
    name: str
    container: str
    image: str
    replicas: int
    created: datetime
    uid: str
    resource_version: int = 0
    generation: int = 1
    observed: int = 0
    observed_image: str = ""
    paused: bool = False
    revisions: list[Revision] = field(default_factory=list)
    conditions: dict[str, Condition] = field(default_factory=dict)

    @property
    def current(self) -> Revision | None:
        """The replica set of the template the controller saw last; the counters go on speaking of that one."""
        return next((one for one in self.revisions if one.image == self.observed_image), None)

    @property
    def older(self) -> list[Revision]:
        return [one for one in self.revisions if one is not self.current]

    @property
    def total(self) -> int:
        return sum(len(one.pods) for one in self.revisions)

    @property
    def updated(self) -> int:
        return len(self.current.pods) if self.current else 0

    @property
    def ready(self) -> int:
        return sum(one.ready for one in self.revisions)


@dataclass(frozen=True, slots=True)
class Rule:
    """What a role allows in one namespace."""

    namespace: str
    group: str
    resource: str
    verbs: frozenset[str]
    names: frozenset[str] = frozenset()  # without any, it is about all of them


@dataclass(slots=True)
class Account:
    namespace: str
    name: str
    rules: list[Rule] = field(default_factory=list)

    @property
    def user(self) -> str:
        return f"system:serviceaccount:{self.namespace}:{self.name}"

    def may(self, verb: str, group: str, resource: str, namespace: str, name: str) -> bool:
        """A rule with names does not cover a list, which names none."""
        return any(
            (rule.namespace, rule.group, rule.resource) == (namespace, group, resource)
            and verb in rule.verbs
            and (not rule.names or name in rule.names)
            for rule in self.rules
        )


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a watch."""

    version: int
    type: str
    namespace: str
    name: str
    object: dict[str, object]
