"""Kubernetes: rights, the life of a rollout as `kubectl rollout status` reads it, and watches."""

from __future__ import annotations

import json
import threading
from typing import Any

import httpx
import pytest

from afk.sandbox.kubernetes import ROUTES, KubernetesServer

OLD = "registry.test/viktor/api:0a1b2c3d4e5f"
NEW = "registry.test/viktor/api:5f2c1e9a7b3d"
DEPLOYMENTS = "/apis/apps/v1/namespaces/prod/deployments"
REPLICA_SETS = "/apis/apps/v1/namespaces/prod/replicasets"
PODS = "/api/v1/namespaces/prod/pods"

REFERENCE = {
    "/apis/apps/v1/namespaces/{namespace}/deployments/{name}": "9, get",
    "/apis/apps/v1/namespaces/{namespace}/deployments": "9, list and watch",
    "/apis/apps/v1/namespaces/{namespace}/replicasets": "9, RBAC, optional",
    "/api/v1/namespaces/{namespace}/pods": "9, imageID and restartCount",
}


class Cluster:
    def __init__(self, server: KubernetesServer, http: httpx.Client) -> None:
        self.server = server
        self.http = http
        self.token = server.add_service_account("afk")
        server.allow("afk", "prod")
        server.create_deployment("prod", "api", OLD)

    def get(self, path: str, token: str | None = None, **query: object) -> httpx.Response:
        token = self.token if token is None else token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        params = {name: str(value) for name, value in query.items()}
        return self.http.get(self.server.url + path, headers=headers, params=params, timeout=5)

    def deployment(self) -> dict[str, Any]:
        return self.get(f"{DEPLOYMENTS}/api").json()

    def status(self) -> dict[str, Any]:
        return self.deployment()["status"]

    def condition(self, kind: str) -> tuple[str, str]:
        found = {one["type"]: (one["status"], one["reason"]) for one in self.status()["conditions"]}
        return found[kind]

    def step(self) -> str:
        return self.server.progress("prod", "api")

    def watch(self, **query: object) -> list[dict[str, Any]]:
        answer = self.get(DEPLOYMENTS, watch=1, **{"timeoutSeconds": 0.2, **query})
        assert answer.status_code == 200
        return [json.loads(line) for line in answer.text.splitlines()]


@pytest.fixture
def cluster():
    with KubernetesServer() as server, httpx.Client() as http:
        yield Cluster(server, http)


def kubectl(deployment: dict[str, Any]) -> str:
    """`kubectl rollout status`, from the rules of the reference."""
    spec, status = deployment["spec"], deployment["status"]
    conditions = {one["type"]: one["reason"] for one in status.get("conditions", [])}
    updated = status.get("updatedReplicas", 0)
    if deployment["metadata"]["generation"] > status.get("observedGeneration", 0):
        return "not observed"
    if conditions.get("Progressing") == "ProgressDeadlineExceeded":
        return "failed"
    if updated < spec.get("replicas", 1):
        return "updating"
    if status.get("replicas", 0) > updated:
        return "old ones terminating"
    return "waiting for available" if status.get("availableReplicas", 0) < updated else "done"


def test_every_route_served_stands_in_the_reference():
    assert {route.path for route in ROUTES} == set(REFERENCE)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.resource)
def test_a_wrong_token_is_unauthorized(cluster, route):
    answer = cluster.get(route.path.format(namespace="prod", name="api"), "wrong")

    assert answer.status_code == 401
    assert answer.json() == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "Unauthorized",
        "reason": "Unauthorized",
        "code": 401,
    }


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.resource)
def test_without_a_token_one_is_anonymous_and_forbidden(cluster, route):
    answer = cluster.get(route.path.format(namespace="prod", name="api"), "")

    assert (answer.status_code, answer.json()["reason"]) == (403, "Forbidden")
    assert 'User "system:anonymous" cannot' in answer.json()["message"]


def test_a_refusal_names_user_verb_resource_and_namespace(cluster):
    answer = cluster.get("/apis/apps/v1/namespaces/other/deployments/api").json()

    assert answer["message"] == (
        'deployments.apps "api" is forbidden: User "system:serviceaccount:afk:afk" cannot get resource '
        '"deployments" in API group "apps" in the namespace "other"'
    )
    assert answer["details"] == {"name": "api", "group": "apps", "kind": "deployments"}


def test_a_refusal_of_a_list_in_the_core_group_is_worded_without_a_group(cluster):
    message = cluster.get(PODS).json()["message"]

    assert message.startswith("pods is forbidden: User")
    assert 'cannot list resource "pods" in API group "" in the namespace "prod"' in message


def test_who_may_not_look_is_not_told_what_is_missing(cluster):
    cluster.server.take_rights("afk")

    assert cluster.get(f"{DEPLOYMENTS}/nothing").status_code == 403


def test_each_verb_is_a_right_of_its_own(cluster):
    cluster.server.take_rights("afk")
    cluster.server.allow("afk", "prod", verbs=("get",))
    statuses = [cluster.get(f"{DEPLOYMENTS}/api"), cluster.get(DEPLOYMENTS), cluster.get(DEPLOYMENTS, watch=1)]

    assert [answer.status_code for answer in statuses] == [200, 403, 403]
    assert "cannot watch resource" in statuses[2].json()["message"]


def test_a_right_may_be_about_named_deployments_alone(cluster):
    cluster.server.take_rights("afk")
    cluster.server.allow("afk", "prod", names=("api",))
    statuses = [cluster.get(f"{DEPLOYMENTS}/api"), cluster.get(f"{DEPLOYMENTS}/other"), cluster.get(DEPLOYMENTS)]

    assert [answer.status_code for answer in statuses] == [200, 403, 403]


def test_a_rotated_token_replaces_the_old_one(cluster):
    fresh = cluster.server.rotate_token("afk")

    assert cluster.get(f"{DEPLOYMENTS}/api").status_code == 401
    assert cluster.get(f"{DEPLOYMENTS}/api", fresh).status_code == 200


def test_a_missing_deployment_is_a_status_object(cluster):
    answer = cluster.get(f"{DEPLOYMENTS}/web")

    assert answer.status_code == 404
    assert (answer.json()["kind"], answer.json()["reason"]) == ("Status", "NotFound")
    assert answer.json()["message"] == 'deployments.apps "web" not found'


def test_a_deleted_deployment_is_missing(cluster):
    cluster.server.delete_deployment("prod", "api")

    assert cluster.get(f"{DEPLOYMENTS}/api").status_code == 404


def test_a_complete_deployment(cluster):
    one = cluster.deployment()

    assert (one["kind"], one["apiVersion"]) == ("Deployment", "apps/v1")
    assert one["spec"]["template"]["spec"]["containers"][0]["image"] == OLD
    assert (one["spec"]["replicas"], one["spec"]["progressDeadlineSeconds"]) == (2, 600)
    assert one["metadata"]["generation"] == one["status"]["observedGeneration"] == 1
    assert one["status"] == one["status"] | {
        "replicas": 2,
        "updatedReplicas": 2,
        "readyReplicas": 2,
        "availableReplicas": 2,
    }
    assert cluster.condition("Progressing") == ("True", "NewReplicaSetAvailable")
    assert kubectl(one) == "done"


def test_a_counter_that_is_zero_is_absent(cluster):
    cluster.server.scale("prod", "api", 0)
    cluster.server.complete("prod", "api")
    one = cluster.deployment()

    assert one["spec"]["replicas"] == 0
    assert set(one["status"]) == {"observedGeneration", "conditions"}


def test_before_the_controller_sees_the_new_image_the_counters_still_speak_of_the_old_one(cluster):
    """The trap: the image is new, every counter looks complete, and nothing has happened."""
    before = cluster.status()
    cluster.server.roll_out("prod", "api", NEW)
    one = cluster.deployment()

    assert one["spec"]["template"]["spec"]["containers"][0]["image"] == NEW
    assert one["status"] == before
    assert (one["metadata"]["generation"], one["status"]["observedGeneration"]) == (2, 1)
    assert kubectl(one) == "not observed"


def test_a_rollout_passes_through_every_stage(cluster):
    cluster.server.roll_out("prod", "api", NEW)
    told = [kubectl(cluster.deployment())]
    while (step := cluster.step()) != "complete":
        told.append(f"{step}: {kubectl(cluster.deployment())}")

    assert told == [
        "not observed",
        "observed: updating",
        "surged: old ones terminating",
        "ready: old ones terminating",
        "cleaned up: done",
    ]
    assert cluster.condition("Progressing") == ("True", "NewReplicaSetAvailable")


def test_old_pods_count_as_available_while_the_new_ones_start(cluster):
    cluster.server.roll_out("prod", "api", NEW)
    cluster.step()
    cluster.step()
    status = cluster.status()

    assert (status["replicas"], status["updatedReplicas"], status["availableReplicas"]) == (4, 2, 2)
    assert status["unavailableReplicas"] == 2
    assert cluster.condition("Progressing") == ("True", "ReplicaSetUpdated")


def test_applying_the_same_image_changes_nothing(cluster):
    cluster.server.roll_out("prod", "api", OLD)

    assert cluster.deployment()["metadata"]["generation"] == 1


def test_a_rollback_uses_the_old_replica_set_again(cluster):
    cluster.server.allow("afk", "prod", "replicasets", ("list",))
    for image in (NEW, OLD):
        cluster.server.roll_out("prod", "api", image)
        cluster.server.complete("prod", "api")
    sets = cluster.get(REPLICA_SETS).json()["items"]

    assert {one["metadata"]["annotations"]["deployment.kubernetes.io/revision"] for one in sets} == {"1", "2"}
    assert [one["status"]["replicas"] for one in sets] == [2, 0]
    assert kubectl(cluster.deployment()) == "done"


def test_a_missed_deadline_is_a_failure_with_the_old_pods_alive(cluster):
    cluster.server.roll_out("prod", "api", NEW)
    cluster.server.fail_deadline("prod", "api")
    one = cluster.deployment()

    assert cluster.condition("Progressing") == ("False", "ProgressDeadlineExceeded")
    assert one["status"]["availableReplicas"] == 2
    assert kubectl(one) == "failed"


def test_a_new_image_after_a_missed_deadline_starts_afresh(cluster):
    cluster.server.roll_out("prod", "api", NEW)
    cluster.server.fail_deadline("prod", "api")
    cluster.server.roll_out("prod", "api", f"{NEW}-fixed")
    cluster.server.complete("prod", "api")

    assert kubectl(cluster.deployment()) == "done"


def test_a_paused_deployment_says_so_and_stays_where_it_is(cluster):
    cluster.server.pause("prod", "api")
    cluster.server.roll_out("prod", "api", NEW)
    steps = [cluster.step(), cluster.step()]
    one = cluster.deployment()

    assert (steps, one["spec"]["paused"]) == (["observed", "paused"], True)
    assert cluster.condition("Progressing") == ("Unknown", "DeploymentPaused")
    assert "updatedReplicas" not in one["status"]
    cluster.server.resume("prod", "api")
    cluster.server.complete("prod", "api")
    assert "paused" not in cluster.deployment()["spec"]
    assert kubectl(cluster.deployment()) == "done"


def test_an_exceeded_quota_is_a_replica_failure(cluster):
    cluster.server.roll_out("prod", "api", NEW)
    cluster.server.exceed_quota("prod", "api")

    assert cluster.condition("ReplicaFailure") == ("True", "FailedCreate")
    assert kubectl(cluster.deployment()) == "updating"


def test_scaling_is_observed_before_it_happens(cluster):
    cluster.server.scale("prod", "api", 3)
    before = kubectl(cluster.deployment())
    cluster.step()

    assert (before, kubectl(cluster.deployment())) == ("not observed", "updating")
    cluster.server.complete("prod", "api")
    assert cluster.status()["availableReplicas"] == 3


def test_a_crash_loop_after_success_leaves_progressing_as_it_was(cluster):
    cluster.server.allow("afk", "prod", "pods", ("get", "list"))
    cluster.server.roll_out("prod", "api", NEW)
    cluster.server.complete("prod", "api")
    cluster.server.crash_loop("prod", "api")
    container = cluster.get(PODS).json()["items"][0]["status"]["containerStatuses"][0]

    assert cluster.condition("Progressing") == ("True", "NewReplicaSetAvailable")
    assert cluster.condition("Available") == ("False", "MinimumReplicasUnavailable")
    assert "availableReplicas" not in cluster.status()
    assert (container["restartCount"], container["ready"]) == (4, False)
    assert container["state"]["waiting"]["reason"] == "CrashLoopBackOff"


def test_pods_carry_the_digest_their_image_had(cluster):
    cluster.server.allow("afk", "prod", "pods", ("list",))
    cluster.server.record_digest("registry.test:5000/api:latest", "sha256:" + "ab" * 32)
    for image in ("registry.test:5000/api:latest", "registry.test:5000/api@sha256:" + "cd" * 32):
        cluster.server.roll_out("prod", "api", image)
        cluster.server.complete("prod", "api")
        pods = cluster.get(PODS, labelSelector="app=api").json()["items"]
        digests = {pod["status"]["containerStatuses"][0]["imageID"] for pod in pods}

        assert digests == {"registry.test:5000/api@sha256:" + ("ab" if "latest" in image else "cd") * 32}
        assert len(pods) == 2


def test_lists_choose_by_name_and_label_and_leave_out_the_kind_of_their_items(cluster):
    cluster.server.create_deployment("prod", "web", OLD)
    cluster.server.create_deployment("other", "api", OLD)
    everything = cluster.get(DEPLOYMENTS).json()
    by_name = cluster.get(DEPLOYMENTS, fieldSelector="metadata.name=web").json()["items"]
    by_label = cluster.get(DEPLOYMENTS, labelSelector="app=api").json()["items"]

    assert (everything["kind"], everything["apiVersion"]) == ("DeploymentList", "apps/v1")
    assert [one["metadata"]["name"] for one in everything["items"]] == ["api", "web"]
    assert "kind" not in everything["items"][0]
    assert [one["metadata"]["name"] for one in (*by_name, *by_label)] == ["web", "api"]


@pytest.mark.parametrize(
    "query",
    [{"fieldSelector": "status.phase=Running"}, {"labelSelector": "app!=api"}, {"labelSelector": "app"}],
    ids=["unknown-field", "unequal", "existence"],
)
def test_a_selector_that_is_not_understood_is_refused(cluster, query):
    assert cluster.get(DEPLOYMENTS, **query).status_code == 400


def test_a_watch_from_a_list_tells_what_came_after(cluster):
    version = cluster.get(DEPLOYMENTS).json()["metadata"]["resourceVersion"]
    cluster.server.create_deployment("prod", "web", OLD)
    cluster.server.roll_out("prod", "api", NEW)
    lines = cluster.watch(fieldSelector="metadata.name=api", resourceVersion=version)

    assert [line["type"] for line in lines] == ["MODIFIED"]
    assert (lines[0]["object"]["kind"], lines[0]["object"]["metadata"]["generation"]) == ("Deployment", 2)
    assert int(lines[0]["object"]["metadata"]["resourceVersion"]) > int(version)


def test_a_watch_without_a_version_begins_with_what_is_there(cluster):
    assert [line["type"] for line in cluster.watch()] == ["ADDED"]


def test_a_watch_tells_while_it_lasts(cluster):
    version = cluster.get(DEPLOYMENTS).json()["metadata"]["resourceVersion"]
    timer = threading.Timer(0.1, cluster.server.delete_deployment, ("prod", "api"))
    timer.start()
    lines = cluster.watch(resourceVersion=version, timeoutSeconds=0.6)
    timer.join()

    assert [line["type"] for line in lines] == ["DELETED"]


def test_a_watch_from_a_forgotten_version_is_gone_inside_the_stream(cluster):
    version = cluster.get(DEPLOYMENTS).json()["metadata"]["resourceVersion"]
    cluster.server.compact()
    lines = cluster.watch(resourceVersion=version, timeoutSeconds=30)

    assert [(line["type"], line["object"]["code"], line["object"]["reason"]) for line in lines] == [
        ("ERROR", 410, "Expired")
    ]
    assert cluster.watch(resourceVersion=cluster.get(DEPLOYMENTS).json()["metadata"]["resourceVersion"]) == []


def test_a_forgotten_version_can_also_be_gone_at_once():
    with KubernetesServer(gone_as_status=True) as server, httpx.Client() as http:
        cluster = Cluster(server, http)
        version = cluster.get(DEPLOYMENTS).json()["metadata"]["resourceVersion"]
        server.compact()
        answer = cluster.get(DEPLOYMENTS, watch=1, resourceVersion=version)

    assert (answer.status_code, answer.json()["reason"]) == (410, "Expired")


def test_a_version_that_is_no_number_is_refused(cluster):
    assert cluster.get(DEPLOYMENTS, watch=1, resourceVersion="newest").status_code == 400
