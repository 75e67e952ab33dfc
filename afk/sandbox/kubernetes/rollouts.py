"""Move deployments as people and the deployment controller do: apply, observe, surge, become ready, fail."""

from __future__ import annotations

import itertools
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from afk.sandbox.kubernetes.records import Account, Change, Condition, Deployment, Pod, Revision, Rule
from afk.sandbox.kubernetes.shapes import deployment_json, typed
from afk.sandbox.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable

GROUPS = {"deployments": "apps", "replicasets": "apps", "pods": ""}
READING = ("get", "list", "watch")


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - a sandbox server is the outside world, which has its own clock


class Rollouts(Server):
    def __init__(self, port: int = 0, *, gone_as_status: bool = False, clock: Callable[[], datetime] = _now) -> None:
        super().__init__(port)
        self.gone_as_status = gone_as_status
        self.clock = clock
        self.accounts: dict[str, Account] = {}
        self.deployments: dict[tuple[str, str], Deployment] = {}
        self.digests: dict[str, str] = {}
        self.changes: list[Change] = []
        self.version = 1000
        self.forgotten = 1000
        self._serial = itertools.count(1)

    def add_service_account(self, name: str, *, namespace: str = "afk") -> str:
        """The answer is a token; without a role it opens nothing."""
        with self.lock:
            return self._token(Account(namespace, name))

    def allow(
        self,
        name: str,
        namespace: str,
        resource: str = "deployments",
        verbs: tuple[str, ...] = READING,
        names: tuple[str, ...] = (),
    ) -> None:
        with self.lock:
            rule = Rule(namespace, GROUPS[resource], resource, frozenset(verbs), frozenset(names))
            self._account(name).rules.append(rule)

    def take_rights(self, name: str) -> None:
        with self.lock:
            self._account(name).rules.clear()

    def rotate_token(self, name: str) -> str:
        """The old one is refused from now on."""
        with self.lock:
            account = self._account(name)
            self.accounts = {token: one for token, one in self.accounts.items() if one is not account}
            return self._token(account)

    def create_deployment(
        self, namespace: str, name: str, image: str, *, replicas: int = 2, container: str = "app"
    ) -> None:
        """It is running and complete."""
        with self.lock:
            uid = f"00000000-0000-4000-8000-{next(self._serial):012}"
            one = Deployment(namespace, name, container, image, replicas, self.clock(), uid)
            self.deployments[namespace, name] = one
            self._changed(one, "ADDED")
            self.complete(namespace, name)

    def delete_deployment(self, namespace: str, name: str) -> None:
        with self.lock:
            self._changed(self.deployments.pop((namespace, name)), "DELETED")

    def roll_out(self, namespace: str, name: str, image: str) -> None:
        """Apply a new image. Nothing has happened yet: the controller has not even seen it."""
        with self.lock:
            one = self.deployments[namespace, name]
            if one.image != image:
                one.image = image
                self._respecified(one)

    def scale(self, namespace: str, name: str, replicas: int) -> None:
        with self.lock:
            one = self.deployments[namespace, name]
            one.replicas = replicas
            self._respecified(one)

    def pause(self, namespace: str, name: str) -> None:
        with self.lock:
            one = self.deployments[namespace, name]
            one.paused = True
            self._respecified(one)

    def resume(self, namespace: str, name: str) -> None:
        with self.lock:
            one = self.deployments[namespace, name]
            one.paused = False
            self._respecified(one)

    def progress(self, namespace: str, name: str) -> str:
        """One step of the controller; the answer names it: observed, surged, ready, cleaned up, complete, paused."""
        with self.lock:
            one = self.deployments[namespace, name]
            step = self._step(one)
            self._changed(one)
            return step

    def complete(self, namespace: str, name: str) -> None:
        with self.lock:
            while self.progress(namespace, name) not in {"complete", "paused"}:
                pass

    def fail_deadline(self, namespace: str, name: str) -> None:
        """The new pods never became ready in time; the old ones stay."""
        with self.lock:
            one = self.deployments[namespace, name]
            if one.observed < one.generation:
                self._step(one)
            if one.updated < one.replicas:
                self._step(one)
            label = one.current.hash if one.current else ""
            message = f'ReplicaSet "{one.name}-{label}" has timed out progressing.'
            self._say(one, "Progressing", "False", "ProgressDeadlineExceeded", message)
            self._changed(one)

    def exceed_quota(self, namespace: str, name: str) -> None:
        """Pods cannot even be made."""
        with self.lock:
            one = self.deployments[namespace, name]
            if one.observed < one.generation:
                self._step(one)
            self._say(one, "ReplicaFailure", "True", "FailedCreate", "pods is forbidden: exceeded quota: compute")
            self._changed(one)

    def crash_loop(self, namespace: str, name: str, *, restarts: int = 4) -> None:
        """The pods of the newest replica set die again and again; Progressing keeps its last word."""
        with self.lock:
            one = self.deployments[namespace, name]
            for pod in one.current.pods if one.current else []:
                pod.ready, pod.crashing, pod.restarts = False, True, pod.restarts + restarts
            self._judge_availability(one)
            self._changed(one)

    def record_digest(self, image: str, digest: str) -> None:
        """What nodes pull under this name from now on."""
        with self.lock:
            self.digests[image] = digest

    def compact(self) -> None:
        """Forget every change so far: a watch from an older version is 410."""
        with self.lock:
            self.version += 1
            self.forgotten = self.version
            self.changes.clear()

    def _step(self, one: Deployment) -> str:
        if one.observed < one.generation:
            return self._observe(one)
        current = one.current
        if one.paused or current is None:
            return "paused"
        if len(current.pods) < one.replicas:
            missing = one.replicas - len(current.pods)
            current.pods += [self._pod(one, current) for _ in range(missing)]
            return "surged"
        if current.ready < one.replicas:
            for pod in current.pods:
                pod.ready, pod.crashing = True, False
            self._judge_availability(one)
            return "ready"
        if one.total > one.replicas:
            for old in one.older:
                old.pods.clear()
            del current.pods[one.replicas :]
            return "cleaned up"
        message = f'ReplicaSet "{one.name}-{current.hash}" has successfully progressed.'
        self._say(one, "Progressing", "True", "NewReplicaSetAvailable", message)
        self._judge_availability(one)
        return "complete"

    def _observe(self, one: Deployment) -> str:
        one.observed, one.observed_image = one.generation, one.image
        one.conditions.pop("ReplicaFailure", None)
        if one.paused:
            self._say(one, "Progressing", "Unknown", "DeploymentPaused", "Deployment is paused")
        elif one.current is None:
            number = max([revision.number for revision in one.revisions], default=0) + 1
            one.revisions.append(Revision(number, one.image))
            message = f'ReplicaSet "{one.name}-{one.revisions[-1].hash}" is progressing.'
            self._say(one, "Progressing", "True", "ReplicaSetUpdated", message)
        return "observed"

    def _judge_availability(self, one: Deployment) -> None:
        if one.ready >= one.replicas:
            words = ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
        else:
            words = ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
        self._say(one, "Available", *words)

    def _say(self, one: Deployment, kind: str, status: str, reason: str, message: str) -> None:
        one.conditions[kind] = Condition(kind, status, reason, message, self.clock())

    def _pod(self, one: Deployment, revision: Revision) -> Pod:
        return Pod(f"{one.name}-{revision.hash}-{next(self._serial):05}", revision.image)

    def _respecified(self, one: Deployment) -> None:
        one.generation += 1
        self._changed(one)

    def _changed(self, one: Deployment, kind: str = "MODIFIED") -> None:
        self.version += 1
        one.resource_version = self.version
        shape = typed("apps/v1", "Deployment", deployment_json(one))
        self.changes.append(Change(self.version, kind, one.namespace, one.name, shape))

    def _token(self, account: Account) -> str:
        token = f"sandbox.{secrets.token_urlsafe(24)}"
        self.accounts[token] = account
        return token

    def _account(self, name: str) -> Account:
        return next(one for one in self.accounts.values() if one.name == name)
