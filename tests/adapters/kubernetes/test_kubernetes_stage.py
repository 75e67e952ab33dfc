"""A rollout counts once it is complete, and only for the commit whose image it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import respx

from afk.adapters.kubernetes import KubernetesStage
from afk.core.model import CommitAsk, ForgeKind, KubernetesTarget, Repo, Slug, StageKind, StageReading, StageState
from afk.ports import PortError, Refused, Unexpected, Unreachable
from afk.systems import Kubernetes
from tests.contract.ci_worlds import TARGET, KubernetesCi, a_repo, image_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SHA = "5f2c1e9a7b3d4f60812a9c3e5d7b1f2a4c6e8091"
NEXT = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"
API = "https://cluster.test"
PATH = "/apis/apps/v1/namespaces/prod/deployments/api"
COMPLETE = {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable", "message": "done"}
LATE = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "timed out"}
REFUSED = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"}
DONE = {"observedGeneration": 4, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2, "conditions": [COMPLETE]}


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[KubernetesCi]:
    made = KubernetesCi(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def wire() -> Iterator[respx.MockRouter]:
    with respx.mock(base_url=API) as router:
        yield router


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text("not-a-real-token\n")
    return path


@pytest.fixture
def stage(token_file: Path) -> Iterator[KubernetesStage]:
    made = KubernetesStage(Kubernetes(API, token_file, None))
    yield made
    made.close()


def asked(stage: Any, *commits: str, repo: Repo | None = None) -> Mapping[str, StageReading] | PortError:
    repo = repo or a_repo(StageKind.KUBERNETES)
    found: Mapping[str, StageReading] | PortError = stage.read([CommitAsk(repo, commits or (SHA,))])[repo.name]
    return found


def said(stage: Any, *commits: str) -> Mapping[str, StageReading]:
    found = asked(stage, *commits)
    assert not isinstance(found, PortError), found
    return found


def deployment(image: str = image_of(SHA), spec: Mapping[str, Any] | None = None, **status: Any) -> dict[str, Any]:
    containers = [{"name": "proxy", "image": "proxy:1"}, {"name": "app", "image": image}]
    return {
        "metadata": {"generation": 4},
        "spec": {"replicas": 2, "template": {"spec": {"containers": containers}}} | dict(spec or {}),
        "status": {name: value for name, value in (DONE | status).items() if value is not None},
    }


# the wire


def test_the_request_carries_the_token_of_the_moment(
    wire: respx.MockRouter, stage: KubernetesStage, token_file: Path
) -> None:
    route = wire.get(PATH).respond(200, json=deployment())
    said(stage)
    token_file.write_text("rotated")
    said(stage)

    assert [call.request.headers["authorization"] for call in route.calls] == [
        "Bearer not-a-real-token",
        "Bearer rotated",
    ]


def test_without_a_token_file_no_token_is_sent(wire: respx.MockRouter) -> None:
    route = wire.get(PATH).respond(200, json=deployment())
    stage = KubernetesStage(Kubernetes(API, None, None))
    said(stage)
    stage.close()

    assert "authorization" not in route.calls.last.request.headers


@pytest.mark.parametrize("content", [None, b"\xff"], ids=["missing", "no text"])
def test_a_token_file_that_cannot_be_read_decides_nothing(
    token_file: Path, stage: KubernetesStage, content: Any
) -> None:
    token_file.unlink()
    if content is not None:
        token_file.write_bytes(content)
    found = said(stage)[SHA]

    assert found.state is StageState.UNKNOWN
    assert "token file" in found.detail


@pytest.mark.parametrize("content", [None, "no certificate"], ids=["missing", "nonsense"])
def test_a_ca_file_that_cannot_be_used_is_refused_with_a_word(tmp_path: Path, content: str | None) -> None:
    ca_file = tmp_path / "ca.crt"
    if content is not None:
        ca_file.write_text(content)

    with pytest.raises(Refused, match="CA file"):
        KubernetesStage(Kubernetes(API, None, ca_file)).read([CommitAsk(a_repo(StageKind.KUBERNETES), (SHA,))])


@pytest.mark.parametrize(
    ("status", "spec", "state"),
    [
        pytest.param({}, {}, StageState.SUCCESS, id="complete"),
        pytest.param({"conditions": None}, {}, StageState.SUCCESS, id="no deadline, so no condition"),
        pytest.param({"observedGeneration": 3}, {}, StageState.PENDING, id="not observed"),
        pytest.param({"observedGeneration": None}, {}, StageState.PENDING, id="never observed"),
        pytest.param(
            {"observedGeneration": 3, "conditions": [LATE]},
            {},
            StageState.PENDING,
            id="the deadline of the spec before",
        ),
        pytest.param({"conditions": [LATE]}, {}, StageState.FAILURE, id="deadline exceeded"),
        pytest.param(
            {"conditions": [LATE], "updatedReplicas": 1}, {}, StageState.FAILURE, id="deadline exceeded half way"
        ),
        pytest.param({"conditions": [COMPLETE, REFUSED]}, {}, StageState.FAILURE, id="pods cannot be made"),
        pytest.param(
            {"conditions": [COMPLETE, REFUSED | {"status": "False"}]},
            {},
            StageState.SUCCESS,
            id="pods could not be made once",
        ),
        pytest.param({"updatedReplicas": 1}, {}, StageState.PENDING, id="one new pod of two"),
        pytest.param(
            {"updatedReplicas": None, "availableReplicas": None}, {}, StageState.PENDING, id="an absent counter is zero"
        ),
        pytest.param({"replicas": 3}, {}, StageState.PENDING, id="an old pod terminates"),
        pytest.param({"availableReplicas": 1}, {}, StageState.PENDING, id="a new pod is not available"),
        pytest.param(
            {"conditions": [COMPLETE | {"reason": "ReplicaSetUpdated"}]}, {}, StageState.PENDING, id="still progressing"
        ),
        pytest.param(
            {"conditions": [COMPLETE | {"status": "Unknown"}]},
            {},
            StageState.PENDING,
            id="nobody knows whether it progresses",
        ),
        pytest.param(
            {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1},
            {"replicas": None},
            StageState.SUCCESS,
            id="one replica by default",
        ),
        pytest.param(
            {"replicas": None, "updatedReplicas": None, "availableReplicas": None},
            {"replicas": None},
            StageState.PENDING,
            id="none of the default one",
        ),
        pytest.param(
            {"replicas": None, "updatedReplicas": None, "availableReplicas": None},
            {"replicas": 0},
            StageState.BLOCKED,
            id="scaled to zero",
        ),
        pytest.param({}, {"paused": True}, StageState.BLOCKED, id="paused"),
        pytest.param({}, {"paused": False}, StageState.SUCCESS, id="not paused"),
    ],
)
def test_a_rollout_folds(
    wire: respx.MockRouter, stage: KubernetesStage, status: dict[str, Any], spec: dict[str, Any], state: StageState
) -> None:
    wire.get(PATH).respond(200, json=deployment(spec=spec, **status))

    assert said(stage)[SHA].state is state


def test_success_tells_the_image(wire: respx.MockRouter, stage: KubernetesStage) -> None:
    wire.get(PATH).respond(200, json=deployment())

    assert said(stage) == {SHA: StageReading(StageKind.KUBERNETES, StageState.SUCCESS, detail=image_of(SHA))}


def test_failure_tells_what_the_controller_says(wire: respx.MockRouter, stage: KubernetesStage) -> None:
    wire.get(PATH).respond(200, json=deployment(conditions=[LATE, REFUSED]))
    found = said(stage)[SHA]

    assert (found.job, found.step, found.detail) == ("prod/api", "rollout", image_of(SHA))
    assert found.errors == ("FailedCreate: exceeded quota",)


@pytest.mark.parametrize(
    ("image", "commit", "state"),
    [
        pytest.param(image_of(SHA), SHA, StageState.SUCCESS, id="ours"),
        pytest.param(image_of(NEXT), NEXT, StageState.SUCCESS, id="a later one of the push"),
        pytest.param(image_of(NEXT[:12]), NEXT, StageState.SUCCESS, id="a later one, shortened"),
        pytest.param(f"{image_of(SHA)}@sha256:{'ab' * 32}", SHA, StageState.SUCCESS, id="tag and digest"),
        pytest.param(image_of("f" * 40), SHA, StageState.PENDING, id="a commit before ours, or a newer one"),
        pytest.param(image_of(SHA[:8]), SHA, StageState.UNKNOWN, id="shortened too far"),
        pytest.param(image_of("latest"), SHA, StageState.UNKNOWN, id="a tag that moves"),
        pytest.param(f"registry.test/api@sha256:{'ab' * 32}", SHA, StageState.UNKNOWN, id="a digest alone"),
        pytest.param("api", SHA, StageState.UNKNOWN, id="no tag"),
    ],
)
def test_the_image_says_which_commit_the_answer_is_about(
    wire: respx.MockRouter, stage: KubernetesStage, image: str, commit: str, state: StageState
) -> None:
    wire.get(PATH).respond(200, json=deployment(image))

    assert {sha: each.state for sha, each in said(stage, SHA, NEXT).items()} == {commit: state}


@pytest.mark.parametrize("status", [401, 403, 404])
def test_who_may_not_look_knows_nothing(wire: respx.MockRouter, stage: KubernetesStage, status: int) -> None:
    body = {"kind": "Status", "message": "no", "reason": "Forbidden", "code": status}
    wire.get(PATH).respond(status, json=body)
    found = said(stage)[SHA]

    assert (found.state, found.detail) == (StageState.UNKNOWN, f"Kubernetes: GET {PATH} (prod/api): {status}, no")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param({"status_code": 503, "json": {}}, Unreachable, id="down"),
        pytest.param({"status_code": 429, "json": {}}, Unreachable, id="too often"),
        pytest.param({"status_code": 200, "text": "<html>"}, Unexpected, id="a proxy's page"),
        pytest.param({"status_code": 200, "json": {"kind": "Deployment"}}, Unexpected, id="another shape"),
        pytest.param({"status_code": 200, "json": []}, Unexpected, id="a list"),
    ],
)
def test_no_answer_is_an_error(
    wire: respx.MockRouter, stage: KubernetesStage, answer: dict[str, Any], error: type[PortError]
) -> None:
    wire.get(PATH).respond(**answer)

    assert isinstance(asked(stage), error)


def test_a_container_that_is_not_there_decides_nothing(wire: respx.MockRouter, stage: KubernetesStage) -> None:
    wire.get(PATH).respond(200, json=deployment() | {"spec": {"template": {"spec": {"containers": []}}}})

    assert said(stage)[SHA] == StageReading(
        StageKind.KUBERNETES, StageState.UNKNOWN, detail="prod/api: no container app"
    )


def test_a_repository_without_a_deployment_is_refused_and_spoils_no_other(cluster: KubernetesCi) -> None:
    cluster.goes_green(SHA)
    bare = Repo("bare", ForgeKind.GITHUB, Slug("acme", "bare"), (StageKind.KUBERNETES,))
    found = cluster.stage.read([CommitAsk(bare, (SHA,)), CommitAsk(cluster.repo, (SHA,))])

    assert isinstance(found["bare"], Refused)
    assert said(cluster.stage)[SHA].state is StageState.SUCCESS


# the life of a rollout


def test_every_step_of_the_controller_is_pending_until_the_last(cluster: KubernetesCi) -> None:
    cluster.server.roll_out("prod", "api", image_of(SHA))
    seen = [said(cluster.stage)[SHA].state]
    while cluster.server.progress("prod", "api") != "complete":
        seen.append(said(cluster.stage)[SHA].state)
    seen.append(said(cluster.stage)[SHA].state)

    assert set(seen[:-1]) == {StageState.PENDING}
    assert len(seen) > 4
    assert seen[-1] is StageState.SUCCESS


@pytest.mark.parametrize(
    ("happens", "state"),
    [
        pytest.param(lambda server: server.crash_loop("prod", "api"), StageState.PENDING, id="a crash loop afterwards"),
        pytest.param(lambda server: server.scale("prod", "api", 0), StageState.BLOCKED, id="scaled to zero afterwards"),
        pytest.param(lambda server: server.pause("prod", "api"), StageState.BLOCKED, id="paused afterwards"),
        pytest.param(lambda server: server.exceed_quota("prod", "api"), StageState.FAILURE, id="a quota"),
        pytest.param(
            lambda server: server.roll_out("prod", "api", image_of("0" * 40)), StageState.PENDING, id="rolled back"
        ),
        pytest.param(lambda server: server.take_rights("afk"), StageState.UNKNOWN, id="rights taken"),
        pytest.param(lambda server: server.rotate_token("afk"), StageState.UNKNOWN, id="token rotated, file not yet"),
        pytest.param(lambda server: server.delete_deployment("prod", "api"), StageState.UNKNOWN, id="deleted"),
    ],
)
def test_what_happens_after_success_takes_it_back(cluster: KubernetesCi, happens: Any, state: StageState) -> None:
    cluster.goes_green(SHA)
    assert said(cluster.stage)[SHA].state is StageState.SUCCESS
    happens(cluster.server)

    assert said(cluster.stage)[SHA].state is state


def test_a_rotated_token_is_used_as_soon_as_it_is_there(cluster: KubernetesCi) -> None:
    cluster.goes_green(SHA)
    said(cluster.stage)
    cluster.token_file.write_text(cluster.server.rotate_token("afk"))

    assert said(cluster.stage)[SHA].state is StageState.SUCCESS


def test_only_the_deployment_is_asked_for(cluster: KubernetesCi) -> None:
    cluster.goes_green(SHA)
    said(cluster.stage)

    assert [one.line for one in cluster.server.exchanges] == [f"GET {PATH}"]
    assert KubernetesTarget("prod", "api", "app") == TARGET
