"""Render what kustomize makes of our manifests, and find things in it."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.deploy.recipe import ROOT

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = ROOT / "deploy/kubernetes"
WHOLE = ("overlays/one-cluster", "overlays/scale-out")
PARTS = ("base", "t3", "t3-ingress", "watched", *WHOLE)
Thing = dict[str, Any]


@cache
def rendered(part: str, folder: Path = FOLDER) -> tuple[Thing, ...]:
    """As `kubectl apply --kustomize` would send it."""
    if shutil.which("kubectl") is None:
        if os.environ.get("AFK_TEST_KUBECTL") == "required":
            pytest.fail("kubectl is not installed")
        pytest.skip("kubectl is not installed, and kustomize is a part of it")
    done = subprocess.run(
        ["kubectl", "kustomize", str(folder / part)], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return tuple(yaml.safe_load_all(done.stdout))


def of_kind(part: str, *kinds: str, folder: Path = FOLDER) -> list[Thing]:
    return [thing for thing in rendered(part, folder) if thing["kind"] in kinds]


def named(part: str, kind: str, name: str, folder: Path = FOLDER) -> Thing:
    (found,) = (thing for thing in of_kind(part, kind, folder=folder) if thing["metadata"]["name"] == name)
    return found


def pods(part: str, folder: Path = FOLDER) -> dict[str, Thing]:
    """The template of each workload's pods, by the workload's name."""
    found = {}
    for thing in of_kind(part, "Deployment", "StatefulSet", "Job", "CronJob", folder=folder):
        spec = thing["spec"]["jobTemplate"]["spec"] if thing["kind"] == "CronJob" else thing["spec"]
        found[thing["metadata"]["name"]] = spec["template"]
    return found


def containers(pod: Thing) -> list[Thing]:
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]


def matches(selector: Thing, labels: dict[str, str]) -> bool:
    for each in selector.get("matchExpressions", []):
        assert each["operator"] == "In"
        if labels.get(each["key"]) not in each["values"]:
            return False
    return selector.get("matchLabels", {}).items() <= labels.items()


def environment(part: str, container: Thing, folder: Path = FOLDER) -> dict[str, str]:
    """What the container is told in plain words; a value from a Secret is its reference."""
    found: dict[str, str] = {}
    for source in container.get("envFrom", []):
        found |= named(part, "ConfigMap", source["configMapRef"]["name"], folder)["data"]
    for each in container.get("env", []):
        found[each["name"]] = each.get("value") or each["valueFrom"]["secretKeyRef"]["key"]
    return found
