"""The manifests: legal by Kubernetes' own schemas, sound in what they refer to, closed where they can be."""

from __future__ import annotations

import copy
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import kubernetes_validate
import pytest
import typer
import yaml
from prefect.settings import Settings
from prefect.settings.legacy import _get_valid_setting_names

from afk import settings
from afk.adapters.kubernetes import KubernetesStage
from afk.cli import app
from afk.core.model import CommitAsk, ForgeKind, KubernetesTarget, Repo, Slug, StageKind, StageState
from afk.prefect_server import QUIET
from afk.sandbox.kubernetes import KubernetesServer
from afk.systems import Kubernetes
from afk.variables import BY_NAME
from tests.deploy.manifests import (
    FOLDER,
    PARTS,
    WHOLE,
    containers,
    environment,
    matches,
    named,
    of_kind,
    pods,
    rendered,
)
from tests.deploy.recipe import ROOT, read

if TYPE_CHECKING:
    from tests.deploy.manifests import Thing

VERSION = "1.33"
README = (ROOT / "deploy/README.md").read_text()
OURS = ("flows", "bot", "prefect", "prefect-services", "deployments", "t3", "tidy-worktrees")
NOT_AFKS = {"ANTHROPIC_API_KEY"} | {
    f"GIT_{who}_{what}" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
}
OF_POSTGRES = {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD_FILE", "PGDATA"}
LEASES = "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE"
OF_REDIS = {"PREFECT_REDIS_MESSAGING_URL"}  # of the package prefect-redis


def refusal(thing: Thing) -> str:
    try:
        kubernetes_validate.validate(thing, VERSION, strict=True)
    except kubernetes_validate.ValidationError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("part", PARTS)
def test_everything_is_legal_by_the_schemas(part: str) -> None:
    assert {
        f"{thing['kind']} {thing['metadata']['name']}": refusal(thing) for thing in rendered(part)
    } == dict.fromkeys([f"{thing['kind']} {thing['metadata']['name']}" for thing in rendered(part)], "")


def test_schemas_find_mistakes() -> None:
    mistyped, wrong = (copy.deepcopy(named("base", "Deployment", "bot")) for _ in range(2))
    mistyped["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}
    wrong["spec"]["replicas"] = "one"

    assert "livenesProbe" in refusal(mistyped)
    assert "one" in refusal(wrong)


@pytest.mark.parametrize("part", WHOLE)
def test_every_selector_finds_its_pods(part: str) -> None:
    """A Service, a budget or a policy that selects nobody does nothing, and says so nowhere."""
    labels = {name: pod["metadata"]["labels"] for name, pod in pods(part).items()}
    for thing in of_kind(part, "Deployment", "StatefulSet"):
        assert matches(thing["spec"]["selector"], labels[thing["metadata"]["name"]])
    selectors = [{"matchLabels": each["spec"]["selector"]} for each in of_kind(part, "Service")]
    selectors += [each["spec"]["selector"] for each in of_kind(part, "PodDisruptionBudget")]
    policies = of_kind(part, "NetworkPolicy")
    selectors += [each["spec"]["podSelector"] for each in policies]
    for policy in policies:
        spec = policy["spec"]
        peers = [rule.get("from", []) for rule in spec.get("ingress", [])] + [
            rule.get("to", []) for rule in spec.get("egress", [])
        ]
        selectors += [peer["podSelector"] for some in peers for peer in some if "namespaceSelector" not in peer]
    elsewhere = {"app.kubernetes.io/name": "t3"}  # it may be outside of the cluster
    for selector in selectors:
        assert any(matches(selector, each) for each in (*labels.values(), elsewhere)), selector


@pytest.mark.parametrize("part", WHOLE)
def test_no_two_workloads_share_their_pods(part: str) -> None:
    for thing in of_kind(part, "Deployment", "StatefulSet"):
        found = [
            name for name, pod in pods(part).items() if matches(thing["spec"]["selector"], pod["metadata"]["labels"])
        ]
        assert found == [thing["metadata"]["name"]]


@pytest.mark.parametrize("part", WHOLE)
def test_every_port_that_is_named_is_open(part: str) -> None:
    for service in of_kind(part, "Service"):
        selector = {"matchLabels": service["spec"]["selector"]}
        for pod in pods(part).values():
            if matches(selector, pod["metadata"]["labels"]):
                opened = {
                    port["name"]: port["containerPort"] for one in containers(pod) for port in one.get("ports", [])
                }
                for port in service["spec"]["ports"]:
                    assert opened[port.get("targetPort", port["name"])] == port["port"]
    for pod in pods(part).values():
        for one in containers(pod):
            names = {port["name"] for port in one.get("ports", [])}
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                if "httpGet" in one.get(probe, {}):
                    assert one[probe]["httpGet"]["port"] in names


@pytest.mark.parametrize("part", WHOLE)
def test_policies_let_through_what_the_settings_say(part: str) -> None:
    """Who is told an address in the cluster may go there, and is let in there."""
    labels = {name: pod["metadata"]["labels"] for name, pod in pods(part).items()}
    for name, pod in pods(part).items():
        words = " ".join(value for one in containers(pod) for value in environment(part, one).values())
        for host, port in re.findall(r"//(postgres|prefect|redis|t3):(\d+)", words):
            if host in labels and (name, host) != ("bot", "t3"):  # which makes links of it
                assert passes(part, labels[name], labels[host], int(port)), f"{name} to {host}"
    for name in ("flows", "bot", "prefect"):
        assert passes(part, labels[name], labels["postgres"], 5432)
    assert not passes(part, labels["bot"], labels["prefect"], 4200)
    assert not passes(part, labels["bot"], labels.get("t3", {}), 3773)


def test_nobody_is_let_in_from_anywhere() -> None:
    """Names of repositories and switches stand on the pages: only Prometheus reads them. The kubelet needs no rule."""
    for part in PARTS:
        rules = [rule for each in of_kind(part, "NetworkPolicy") for rule in each["spec"].get("ingress", [])]
        assert all(rule.get("from") for rule in rules)
        for rule in rules:
            if {"port": 8080} in rule["ports"]:
                (peer,) = rule["from"]
                assert peer == {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    assert "`monitoring`" in README


def test_people_reach_t3_where_its_links_lead() -> None:
    ingress, policy = named("t3-ingress", "Ingress", "t3"), named("t3-ingress", "NetworkPolicy", "t3-ingress")
    (rule,) = ingress["spec"]["rules"]
    (path,) = rule["http"]["paths"]
    service = named("t3", "Service", path["backend"]["service"]["name"])
    (port,) = (each for each in service["spec"]["ports"] if each["name"] == path["backend"]["service"]["port"]["name"])
    told = next(each["data"] for each in of_kind("base", "ConfigMap") if "AFK_T3_PUBLIC_URL" in each.get("data", {}))

    assert told["AFK_T3_PUBLIC_URL"] == f"https://{rule['host']}"
    assert ingress["spec"]["tls"][0]["hosts"] == [rule["host"]]
    assert matches(policy["spec"]["podSelector"], pods("t3")["t3"]["metadata"]["labels"])
    assert policy["spec"]["ingress"][0]["ports"] == [{"port": port["port"]}]
    assert "deploy/kubernetes/t3-ingress" in README


def passes(part: str, here: dict[str, str], there: dict[str, str], port: int) -> bool:
    return all(
        any(
            port in [each["port"] for each in rule.get("ports", [])]
            and any(
                matches(peer["podSelector"], whom) for peer in rule.get(side, []) if "namespaceSelector" not in peer
            )
            for policy in of_kind(part, "NetworkPolicy")
            if matches(policy["spec"]["podSelector"], who)
            for rule in policy["spec"].get(way, [])
        )
        for way, side, who, whom in (("egress", "to", here, there), ("ingress", "from", there, here))
    )


def given_secrets() -> dict[str, set[str]]:
    """Those that the README makes, with their keys."""
    found: dict[str, set[str]] = {}
    for name, rest in re.findall(r"^kubectl .* create secret generic (\S+) (.*)$", README, re.MULTILINE):
        found[name] = set(re.findall(r"--from-file=([\w-]+)=", rest))
        for folder in re.findall(r"--from-file=deploy/secrets/(\w+)$", rest):  # with the files that are pasted there
            found[name] |= set(re.findall(rf"^cat > {folder}/([\w-]+)", README, re.MULTILINE))
    return found


@pytest.mark.parametrize("part", WHOLE)
def test_every_config_map_secret_claim_and_account_exists(part: str) -> None:
    secrets = given_secrets()
    maps = {each["metadata"]["name"]: each for each in of_kind(part, "ConfigMap")}
    claims = {each["metadata"]["name"] for each in of_kind(part, "PersistentVolumeClaim")}
    accounts = {each["metadata"]["name"] for each in of_kind(part, "ServiceAccount")}
    for pod in pods(part).values():
        assert {pod["spec"].get("serviceAccountName", "afk")} <= accounts
        volumes = {each["name"]: each for each in pod["spec"].get("volumes", [])}
        for volume in volumes.values():
            if "secret" in volume:
                asked = {item["key"] for item in volume["secret"].get("items", [])}
                assert asked <= secrets[volume["secret"]["secretName"]]
            for source in volume.get("projected", {}).get("sources", []):
                assert source["secret"]["name"] in secrets
            if "configMap" in volume:
                assert volume["configMap"]["name"] in maps
            if "persistentVolumeClaim" in volume:
                assert volume["persistentVolumeClaim"]["claimName"] in claims
        owner = next(each for each in rendered(part) if each["kind"] != "Namespace" and _template(each) == pod)
        own = {each["metadata"]["name"] for each in owner["spec"].get("volumeClaimTemplates", [])}
        for one in containers(pod):
            assert {mount["name"] for mount in one.get("volumeMounts", [])} <= set(volumes) | own
            for each in one.get("env", []):
                if "valueFrom" in each:
                    reference = each["valueFrom"]["secretKeyRef"]
                    assert reference["key"] in secrets[reference["name"]]
            for name, value in environment(part, one).items():
                key = value.removeprefix("/run/secrets/afk/")
                assert key == value or key in keys_at(pod, secrets), f"{name} names no file"


def _template(thing: Thing) -> object:
    spec = thing.get("spec", {})
    return spec.get("jobTemplate", {}).get("spec", spec).get("template")


def keys_at(pod: Thing, secrets: dict[str, set[str]]) -> set[str]:
    """The files below /run/secrets/afk."""
    (volume,) = (each["projected"] for each in pod["spec"]["volumes"] if each["name"] == "secrets")
    return set().union(*(secrets[source["secret"]["name"]] for source in volume["sources"]))


@pytest.mark.parametrize("part", WHOLE)
def test_every_variable_is_a_setting_of_whoever_reads_it(part: str) -> None:
    known = {*BY_NAME, *_get_valid_setting_names(Settings), *NOT_AFKS, *OF_REDIS}
    for name, pod in pods(part).items():
        for one in containers(pod):
            assert set(environment(part, one)) <= (OF_POSTGRES if name == "postgres" else known), name


@pytest.mark.parametrize("name", ["flows", "bot"])
def test_processes_find_whole_settings_and_the_switch_on(name: str, tmp_path: Path) -> None:
    found = settings_of(name, tmp_path)

    assert (found.config.kill_switch, list(found.config.repos)) == (True, ["infra"])
    assert (found.slack is not None, found.github is not None) == (name == "bot", name == "flows")


def test_bot_is_given_no_credential_but_its_own() -> None:
    given = given_secrets()

    assert keys_at(pods("base")["bot"], given) == {"database-url", "slack-bot-token", "slack-app-token"}
    assert keys_at(pods("base")["flows"], given) == {"database-url", "github-token", "t3-token"}


def test_lines_that_wait_in_the_kustomization_are_settings_that_work(tmp_path: Path) -> None:
    """An app instead of the token, Forgejo, Woodpecker, ntfy, presence: taken in as they stand there."""
    folder = copied(tmp_path)
    file = folder / "base/kustomization.yaml"
    waiting = re.sub(r"( +)#- (AFK_)", r"\1- \2", file.read_text())
    file.write_text(waiting.replace("      - AFK_GITHUB_TOKEN_FILE=/run/secrets/afk/github-token\n", ""))

    flows, bot = (settings_of(name, tmp_path, folder) for name in ("flows", "bot"))

    assert flows.github is not None
    assert (flows.github.app_id, flows.github.token) == ("123456", None)
    assert flows.github.app_private_key_file == tmp_path / "flows/github-app-key"
    assert all((flows.forgejo, flows.woodpecker, bot.ntfy, bot.presence, bot.slack))
    assert (flows.ntfy, flows.presence, bot.forgejo) == (None, None, None)  # one of them rings
    assert {"forgejo.example.org", "woodpecker.example.org", "t3.example.org"} <= bot.config.hosts


def test_images_are_named_in_one_place_for_all_parts(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    file = folder / "images/kustomization.yaml"
    assert "`deploy/kubernetes/images/kustomization.yaml`" in README
    file.write_text(file.read_text().replace("registry.example/", "hub.test/").replace("0.1.0", "9.9.9"))

    for part in PARTS:
        images = {one["image"] for pod in pods(part, folder).values() for one in containers(pod)}
        assert {image for image in images if "/" in image} <= {"hub.test/afk:9.9.9", "hub.test/t3:0.0.45-1"}


def copied(folder: Path) -> Path:
    return Path(shutil.copytree(FOLDER, folder / "kubernetes"))


def settings_of(name: str, folder: Path, manifests: Path = FOLDER) -> settings.Settings:
    """As the container would read them, with a file for each credential that it names."""
    (container,) = pods("base", manifests)[name]["spec"]["containers"]
    secrets = folder / name
    secrets.mkdir()
    environ = {"HOME": "/tmp"}
    for key, value in environment("base", container, manifests).items():
        environ[key] = value.replace("/run/secrets/afk", str(secrets)).replace("/etc/afk", str(secrets))
        if key.endswith("_FILE"):
            Path(environ[key]).write_text(f"{Path(value).name}-sesame")
    (secrets / "database-url").write_text("postgresql+psycopg://afk:s@postgres/afk")
    rules = next(each for each in of_kind("base", "ConfigMap", folder=manifests) if "afk.toml" in each["data"])
    (secrets / "afk.toml").write_text(rules["data"]["afk.toml"])
    return (settings.for_bot if name == "bot" else settings.load)(environ, secrets)


@pytest.mark.parametrize("part", WHOLE)
def test_commands_are_those_that_afk_has(part: str) -> None:
    commands: Any = typer.main.get_command(app)
    for pod in pods(part).values():
        for one in containers(pod):
            if "/afk:" in one["image"] and "args" in one:
                verb, *options = one["args"]
                known = {option for parameter in commands.commands[verb].params for option in parameter.opts}
                assert {option for option in options if option.startswith("--")} <= known


@pytest.mark.parametrize("part", WHOLE)
def test_pods_own_nothing_that_they_do_not_need(part: str) -> None:
    for name, pod in pods(part).items():
        spec, whole = pod["spec"], pod["spec"]["securityContext"]
        assert whole["runAsNonRoot"] is True
        assert whole["runAsUser"] == (65532 if name in OURS else 999)
        assert whole["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is (name == "flows"), "only the flows ask the cluster"
        for one in containers(pod):
            closed = {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert one["securityContext"] == closed, name
            assert one["resources"]["requests"].keys() == {"cpu", "memory"}
            assert "memory" in one["resources"]["limits"]


@pytest.mark.parametrize("part", WHOLE)
def test_images_are_pinned(part: str) -> None:
    images = {one["image"] for pod in pods(part).values() for one in containers(pod)}

    assert [image for image in images if not re.fullmatch(r"[\w./-]+:\d+\.\d+(\.\d+)?(-\w+)?", image)] == []


def test_role_is_what_the_adapter_needs_and_nothing_beside_it(tmp_path: Path) -> None:
    """Each verb that is taken away, and each other deployment, leaves the stage without an answer."""
    role, binding = named("watched", "Role", "afk-rollouts"), named("watched", "RoleBinding", "afk-rollouts")
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    account = named("base", "ServiceAccount", "afk")["metadata"]
    (subject,) = binding["subjects"]
    assert (subject["name"], subject["namespace"]) == (account["name"], account["namespace"])
    (rule,) = role["rules"]
    (group,), (resource,), (name,), verbs = (
        rule[each] for each in ("apiGroups", "resources", "resourceNames", "verbs")
    )
    assert (group, resource) == ("apps", "deployments")
    namespace = role["metadata"]["namespace"]

    assert rollout(tmp_path, namespace, name, tuple(verbs), (name,)) in {StageState.SUCCESS, StageState.PENDING}
    for verb in verbs:
        assert rollout(tmp_path, namespace, name, tuple({*verbs} - {verb}), (name,)) is StageState.UNKNOWN
    assert rollout(tmp_path, namespace, name, tuple(verbs), ("other",)) is StageState.UNKNOWN


def rollout(folder: Path, namespace: str, name: str, verbs: tuple[str, ...], names: tuple[str, ...]) -> StageState:
    """What the stage says about a commit that is deployed, with these rights."""
    target = KubernetesTarget(namespace, name, "app")
    repo = Repo("infra", ForgeKind.GITHUB, Slug("owner", "infra"), (StageKind.KUBERNETES,), target)
    server, sha, token = KubernetesServer().start(), "5f2c1e9a7b3d4f60812a9c3e5d7b1f2a4c6e8091", folder / "token"
    try:
        token.write_text(server.add_service_account("afk"))
        server.allow("afk", namespace, verbs=verbs, names=names)
        server.create_deployment(namespace, name, f"registry.test/app:{sha}")
        stage = KubernetesStage(Kubernetes(server.url, token, None))
        answer = stage.read([CommitAsk(repo, (sha,))])["infra"]
        stage.close()
    finally:
        server.stop()
    assert not isinstance(answer, Exception), answer
    return answer[sha].state


def test_nobody_else_in_the_cluster_is_given_rights() -> None:
    kinds = {"ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"}

    assert [each["kind"] for part in ("base", "t3", "overlays/scale-out") for each in of_kind(part, *kinds)] == []


def test_updates_overlap_where_that_is_safe_and_nowhere_else() -> None:
    bot, flows = (named("base", "Deployment", name)["spec"] for name in ("bot", "flows"))
    workers = named("overlays/scale-out", "Deployment", "flows")["spec"]

    assert (bot["replicas"], bot["strategy"]) == (1, {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}})
    assert (flows["replicas"], flows["strategy"]) == (1, {"type": "Recreate"})
    assert workers["replicas"] > 1
    assert workers["template"]["spec"]["containers"][0]["args"][0] == "worker"
    assert "--only" not in workers["template"]["spec"]["containers"][0]["args"]


@pytest.mark.parametrize("part", WHOLE)
def test_whatever_stays_up_and_can_be_asked_is_asked_whether_it_lives(part: str) -> None:
    unasked = {
        thing["metadata"]["name"]
        for thing in of_kind(part, "Deployment", "StatefulSet")
        for one in thing["spec"]["template"]["spec"]["containers"]
        if "livenessProbe" not in one
    }

    assert unasked <= {"prefect-services"}  # it has no port


@pytest.mark.parametrize(("answer", "lives"), [(0, True), (1, True), (2, False), (3, False)])
def test_postgres_is_not_killed_while_it_recovers(tmp_path: Path, answer: int, lives: bool) -> None:
    """`pg_isready` says 1 for a server that refuses connections for now, 2 for one that is silent."""
    program = tmp_path / "pg_isready"
    program.write_text(f"#!/bin/sh\nexit {answer}\n")
    program.chmod(0o755)
    (one,) = pods("base")["postgres"]["spec"]["containers"]
    probe = one["livenessProbe"]["exec"]["command"]

    done = subprocess.run(probe, env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}, timeout=20, check=False)

    assert (done.returncode == 0) is lives


@pytest.mark.parametrize(("part", "name"), [("base", "bot"), ("base", "flows"), ("overlays/scale-out", "flows")])
def test_pod_is_restarted_by_what_a_restart_mends_and_ready_by_all_it_stands_on(part: str, name: str) -> None:
    (one,) = pods(part)[name]["spec"]["containers"]

    assert (one["livenessProbe"]["httpGet"]["path"], one["readinessProbe"]["httpGet"]["path"]) == ("/alive", "/health")
    assert one["args"][-2:] == ["--health", str(one["ports"][0]["containerPort"])]


def test_one_pod_is_scraped_where_it_serves_metrics() -> None:
    """Two would count everything twice: what ticks count is in the ledger."""
    told = {name: pod["metadata"].get("annotations", {}) for name, pod in pods("overlays/one-cluster").items()}
    (scraped,) = (name for name, notes in told.items() if notes.get("prometheus.io/scrape") == "true")
    (one,) = pods("base")[scraped]["spec"]["containers"]
    (port,) = (each["containerPort"] for each in one["ports"])
    (job,) = yaml.safe_load((ROOT / "deploy/prometheus.yaml").read_text())["scrape_configs"]

    assert told[scraped]["prometheus.io/port"] == str(port)
    assert told[scraped]["prometheus.io/path"] == job["metrics_path"] == "/metrics"
    assert job["static_configs"] == [{"targets": [f"{scraped}:{port}"]}]


@pytest.mark.parametrize("part", WHOLE)
def test_prefect_server_is_told_what_afk_up_tells_its_own(part: str) -> None:
    """But for the leases, which may lie elsewhere."""
    server = pods(part)["prefect"]["spec"]["containers"][0]
    told = read(ROOT / "Dockerfile")[-1].environment | environment(part, server)

    assert {name for name, value in QUIET.items() if told.get(name) != value} <= {LEASES}


def test_prefects_leases_outlive_its_server() -> None:
    for part, storage in (
        ("base", "prefect.server.concurrency.lease_storage.filesystem"),
        ("overlays/scale-out", "prefect_redis.lease_storage"),
    ):
        pod = pods(part)["prefect"]
        server = pod["spec"]["containers"][0]
        told = environment(part, server)
        assert told[LEASES] == storage
        (mount,) = (each for each in server["volumeMounts"] if each["name"] == "leases")
        (volume,) = (each for each in pod["spec"]["volumes"] if each["name"] == "leases")
        assert ("persistentVolumeClaim" in volume) == (told["PREFECT_HOME"] == mount["mountPath"])


def test_t3_cannot_upgrade_itself() -> None:
    """Its version stands in one place, and the tag says which; no controller and no roll-out replaces it unasked."""
    t3 = named("t3", "StatefulSet", "t3")
    recipe = (ROOT / "deploy/t3/Dockerfile").read_text()
    version = re.search(r"^ARG T3=(\d+\.\d+\.\d+)$", recipe, re.MULTILINE)
    assert version
    (image,) = {one["image"] for pod in pods("t3").values() for one in containers(pod)}

    assert re.fullmatch(rf"registry.example/t3:{re.escape(version[1])}-\d+", image)
    assert f"t3:{image.rpartition(':')[2]} " in README
    assert "t3@${T3}" in recipe
    assert t3["spec"]["updateStrategy"] == {"type": "OnDelete"}
    assert t3["metadata"]["annotations"]["keel.sh/policy"] == "never"
    assert read(ROOT / "deploy/t3/Dockerfile")[-1].environment["DISABLE_AUTOUPDATER"] == "1"


def test_housekeeping_runs_beside_t3_on_its_disk() -> None:
    t3, tidy = pods("t3")["t3"], pods("t3")["tidy-worktrees"]
    (beside,) = tidy["spec"]["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]

    assert matches(beside["labelSelector"], t3["metadata"]["labels"])
    data = [next(each for each in pod["spec"]["volumes"] if each["name"] == "data") for pod in (t3, tidy)]
    assert data[0] == data[1]
    (tidying,) = tidy["spec"]["containers"]
    assert tidying["command"][0] == "tidy-worktrees"
    assert tidying["command"][-1] == tidying["volumeMounts"][0]["mountPath"]
    assert named("t3", "PersistentVolumeClaim", "t3-data")["spec"]["storageClassName"] == "ssd"
