"""Look whether the deployments that tell what is live can be read, and name a commit. Reads only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afk.adapters.kubernetes.stage import SYSTEM, KubernetesStage
from afk.core.checkup import broken, fine
from afk.core.model import CommitAsk, StageKind, StageState
from afk.ports import PortError, Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from afk.core.checkup import Finding
    from afk.core.model import Repo
    from afk.systems import Kubernetes

NO_COMMIT = "0" * 40  # the stage is asked what it would be asked in a run, about a commit that nobody has
ADDRESS = "See that AFK_KUBERNETES_URL is the cluster's API, and that AFK_KUBERNETES_CA_FILE signed its certificate"
READ = (
    "Correct namespace, deployment and container in the rules, let the service account get deployments there, "
    "and let the image's tag be the commit"
)
CREDENTIAL = "Correct AFK_KUBERNETES_TOKEN_FILE and AFK_KUBERNETES_CA_FILE"


def look(settings: Kubernetes, repos: Mapping[str, Repo]) -> Iterator[Finding]:
    deployed = [repo for repo in repos.values() if StageKind.KUBERNETES in repo.stages]
    if not deployed:
        yield fine(SYSTEM, "cluster", "not asked: no enrolled repository has the stage kubernetes")
        return
    stage = KubernetesStage(settings)
    try:
        readings = stage.read([CommitAsk(repo, (NO_COMMIT,)) for repo in deployed])
    except PortError as error:
        yield broken(SYSTEM, "cluster", str(error), CREDENTIAL)
        return
    finally:
        stage.close()
    for repo in deployed:
        found = readings[repo.name]
        match found:
            case Unreachable():
                yield broken(SYSTEM, repo.name, str(found), ADDRESS)
            case PortError():
                yield broken(SYSTEM, repo.name, str(found), READ)
            case _ if found[NO_COMMIT].state is StageState.UNKNOWN:
                yield broken(SYSTEM, repo.name, found[NO_COMMIT].detail, READ)
            case _:
                yield fine(SYSTEM, repo.name, f"its deployment runs {found[NO_COMMIT].detail.partition(': ')[0]}")
