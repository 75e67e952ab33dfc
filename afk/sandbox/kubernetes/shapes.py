"""Render deployments, replica sets, pods and refusals as API objects; a counter that is 0 is left out."""

from __future__ import annotations

import hashlib
from datetime import UTC
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from afk.sandbox.kubernetes.records import Condition, Deployment, Pod, Revision


def deployment_json(one: Deployment) -> dict[str, Any]:
    status = _present(
        observedGeneration=one.observed,
        replicas=one.total,
        updatedReplicas=one.updated,
        readyReplicas=one.ready,
        availableReplicas=one.ready,
        unavailableReplicas=one.total - one.ready,
    )
    if one.conditions:
        status["conditions"] = [_condition(condition) for condition in one.conditions.values()]
    spec: dict[str, Any] = {
        "replicas": one.replicas,
        "selector": {"matchLabels": _labels(one)},
        "template": {
            "metadata": {"creationTimestamp": None, "labels": _labels(one)},
            "spec": _pod_spec(one, one.image),
        },
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}},
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
    }
    if one.paused:
        spec["paused"] = True
    revision = str(one.current.number if one.current else max([part.number for part in one.revisions], default=0))
    return {
        "metadata": {
            "name": one.name,
            "namespace": one.namespace,
            "uid": one.uid,
            "resourceVersion": str(one.resource_version),
            "generation": one.generation,
            "creationTimestamp": stamp(one.created),
            "labels": _labels(one),
            "annotations": {"deployment.kubernetes.io/revision": revision},
        },
        "spec": spec,
        "status": status,
    }


def replica_set_json(one: Deployment, revision: Revision) -> dict[str, Any]:
    labels = _labels(one) | {"pod-template-hash": revision.hash}
    wanted = one.replicas if revision is one.current else len(revision.pods)
    counted = len(revision.pods)
    return {
        "metadata": {
            "name": f"{one.name}-{revision.hash}",
            "namespace": one.namespace,
            "uid": f"{one.uid}-{revision.hash}",
            "resourceVersion": str(one.resource_version),
            "generation": 1,
            "creationTimestamp": stamp(one.created),
            "labels": labels,
            "annotations": {"deployment.kubernetes.io/revision": str(revision.number)},
            "ownerReferences": [_owner("apps/v1", "Deployment", one.name, one.uid)],
        },
        "spec": {
            "replicas": wanted,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"creationTimestamp": None, "labels": labels},
                "spec": _pod_spec(one, revision.image),
            },
        },
        "status": {"replicas": counted}
        | _present(
            fullyLabeledReplicas=counted,
            readyReplicas=revision.ready,
            availableReplicas=revision.ready,
            observedGeneration=1,
        ),
    }


def pod_json(one: Deployment, revision: Revision, pod: Pod, image_id: str) -> dict[str, Any]:
    replica_set = f"{one.name}-{revision.hash}"
    waiting = {"reason": "CrashLoopBackOff", "message": f"back-off restarting failed container={one.container}"}
    state = {"waiting": waiting} if pod.crashing else {"running": {"startedAt": stamp(one.created)}}
    ready = "True" if pod.ready else "False"
    return {
        "metadata": {
            "name": pod.name,
            "generateName": f"{replica_set}-",
            "namespace": one.namespace,
            "uid": f"{one.uid}-{pod.name}",
            "resourceVersion": str(one.resource_version),
            "creationTimestamp": stamp(one.created),
            "labels": _labels(one) | {"pod-template-hash": revision.hash},
            "ownerReferences": [_owner("apps/v1", "ReplicaSet", replica_set, f"{one.uid}-{revision.hash}")],
        },
        "spec": _pod_spec(one, pod.image) | {"nodeName": "node-1"},
        "status": {
            "phase": "Running",
            "conditions": [{"type": kind, "status": ready} for kind in ("Ready", "ContainersReady")],
            "containerStatuses": [
                {
                    "name": one.container,
                    "state": state,
                    "lastState": {},
                    "ready": pod.ready,
                    "restartCount": pod.restarts,
                    "image": pod.image,
                    "imageID": image_id,
                    "containerID": f"containerd://{hashlib.sha256(pod.name.encode()).hexdigest()}",
                    "started": not pod.crashing,
                }
            ],
        },
    }


def digest_of(image: str, override: str | None = None) -> str:
    """What the node recorded: the repository and the digest, whatever the tag was called."""
    name, at, digest = image.partition("@")
    repository, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        repository = name
    if override is not None or not at:
        digest = override or f"sha256:{hashlib.sha256(image.encode()).hexdigest()}"
    return f"{repository}@{digest}"


def typed(version: str, kind: str, shape: dict[str, Any]) -> dict[str, Any]:
    """Objects of a list do not name their kind; a single one does."""
    return {"kind": kind, "apiVersion": version, **shape}


def listed(version: str, kind: str, at: int, items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return typed(version, f"{kind}List", {"metadata": {"resourceVersion": str(at)}, "items": list(items)})


def status_json(code: int, reason: str, message: str, details: dict[str, Any] | None = None) -> dict[str, Any]:
    shape = typed(
        "v1", "Status", {"metadata": {}, "status": "Failure", "message": message, "reason": reason, "code": code}
    )
    return shape | ({"details": details} if details else {})


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _condition(condition: Condition) -> dict[str, str]:
    return {
        "type": condition.type,
        "status": condition.status,
        "lastUpdateTime": stamp(condition.at),
        "lastTransitionTime": stamp(condition.at),
        "reason": condition.reason,
        "message": condition.message,
    }


def _labels(one: Deployment) -> dict[str, str]:
    return {"app": one.name}


def _pod_spec(one: Deployment, image: str) -> dict[str, Any]:
    container = {
        "name": one.container,
        "image": image,
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
    }
    return {
        "containers": [container],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "securityContext": {},
        "schedulerName": "default-scheduler",
    }


def _owner(version: str, kind: str, name: str, uid: str) -> dict[str, Any]:
    return {
        "apiVersion": version,
        "kind": kind,
        "name": name,
        "uid": uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _present(**counters: int) -> dict[str, Any]:
    return {name: value for name, value in counters.items() if value}
