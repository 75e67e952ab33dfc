"""Drive a CI stage's world in verbs, whatever the world is made of: one driver for each form of the port."""

from __future__ import annotations

import hashlib
import itertools
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from pydantic import SecretStr

from afk.adapters.forgejo import ForgejoChecks
from afk.adapters.kubernetes import KubernetesStage
from afk.adapters.memory import World
from afk.adapters.woodpecker import WoodpeckerStage
from afk.core.model import CommitAsk, ForgeKind, KubernetesTarget, Repo, Slug, StageKind, StageState
from afk.sandbox.faults import Fault, Trouble
from afk.sandbox.kubernetes import KubernetesServer
from afk.sandbox.woodpecker import WoodpeckerServer
from afk.systems import Kubernetes, Woodpecker
from tests.contract.forgejo_forge import SLUG, ForgejoForge
from tests.contract.forges import StoryClock

if TYPE_CHECKING:
    from pathlib import Path

    from afk.ports import Stage

TARGET = KubernetesTarget("prod", "api", "app")
NOWHERE = Repo("nowhere", ForgeKind.FORGEJO, Slug("acme", "nowhere"), (), KubernetesTarget("prod", "gone", "app"))


def a_repo(stage: StageKind) -> Repo:
    return Repo("infra", ForgeKind.FORGEJO, Slug.parse(SLUG), (stage,), TARGET)


class CiWorld(Protocol):
    """What happens to commits of the default branch."""

    stage: Stage
    repo: Repo

    def pushes(self) -> str:
        """A commit, and CI knows nothing of it yet."""
        ...

    def starts(self, sha: str) -> None: ...

    def goes_green(self, sha: str) -> None: ...

    def goes_red(self, sha: str) -> None: ...

    def runs_again(self, sha: str) -> None:
        """After red, by hand, and with success."""
        ...

    def is_down(self) -> None: ...

    def unknown(self) -> CommitAsk:
        """A question about a repository of which nothing was ever heard."""
        ...

    def stop(self) -> None: ...


class MemoryCi:
    def __init__(self) -> None:
        self.world = World()
        self.repo = a_repo(StageKind.CHECKS)
        self.world.enrol(self.repo)
        self.stage: Stage = self.world.stages[StageKind.CHECKS]

    def pushes(self) -> str:
        return self.world.somebody_pushes("infra")

    def starts(self, sha: str) -> None:
        self.world.ci("infra", sha, StageState.PENDING)

    def goes_green(self, sha: str) -> None:
        self.world.ci("infra", sha, StageState.SUCCESS)

    def goes_red(self, sha: str) -> None:
        self.world.ci_goes_red("infra", sha)

    runs_again = goes_green

    def is_down(self) -> None:
        self.world.ci_is_down()

    def unknown(self) -> CommitAsk:
        self.world.enrol(NOWHERE)
        return CommitAsk(NOWHERE, ("f" * 40,))

    def stop(self) -> None:
        self.world.troubles.down.clear()


class ForgejoCi:
    def __init__(self, flavour: str) -> None:
        self.forge = ForgejoForge(flavour)
        self.server = self.forge.server
        self.repo = a_repo(StageKind.CHECKS)
        self.stage: Stage = ForgejoChecks(self.forge.client())

    def pushes(self) -> str:
        return self.forge.pushes("Change something")

    def starts(self, sha: str) -> None:
        self.report(sha, "pending")

    def goes_green(self, sha: str) -> None:
        self.report(sha, "success")

    def goes_red(self, sha: str) -> None:
        self.report(sha, "failure", "2 tests failed")

    runs_again = goes_green

    def report(self, sha: str, state: str, says: str = "", context: str = "ci/test", url: str = "/ci/1") -> None:
        self.server.report_status(SLUG, sha, context, state, by="ada", description=says, url=url)

    def is_down(self) -> None:
        self.forge.is_down()

    def unknown(self) -> CommitAsk:
        return CommitAsk(NOWHERE, ("f" * 40,))

    def stop(self) -> None:
        self.forge.stop()


class Commits:
    """Shas for worlds that have no git."""

    def __init__(self) -> None:
        self._numbers = itertools.count()

    def pushes(self) -> str:
        return hashlib.sha1(str(next(self._numbers)).encode(), usedforsecurity=False).hexdigest()


class WoodpeckerCi(Commits):
    def __init__(self, version: tuple[int, int] = (3, 17)) -> None:
        super().__init__()
        self.clock = StoryClock()
        self.server = WoodpeckerServer(version=version, clock=self.clock.now).start()
        self.token = self.server.add_user("afk-bot")
        self.server.activate(SLUG)
        self.server.grant("afk-bot", SLUG)
        self.repo = a_repo(StageKind.WOODPECKER)
        self.memory: dict[str, str] = {}
        self.settings = Woodpecker(self.server.url, SecretStr(self.token))
        self.stages: list[WoodpeckerStage] = []
        self.stage: Stage = self.process()

    def process(self, memory: dict[str, str] | None = None) -> WoodpeckerStage:
        self.stages.append(WoodpeckerStage(self.settings, self.clock, self.memory if memory is None else memory))
        return self.stages[-1]

    def pipeline(self, sha: str, **details: object) -> int:
        self.clock.time += timedelta(seconds=1)
        number = self.server.push_pipeline(SLUG, sha, **details)  # type: ignore[arg-type]
        assert number is not None
        return number

    def number_of(self, sha: str) -> int:
        found = [one.number for one in self.server.repository(SLUG).pipelines if one.commit == sha]
        return found[-1] if found else self.pipeline(sha)

    def starts(self, sha: str) -> None:
        self.server.begin(SLUG, self.number_of(sha))

    def goes_green(self, sha: str) -> None:
        self.server.finish(SLUG, self.number_of(sha))

    def goes_red(self, sha: str) -> None:
        self.server.finish(SLUG, self.number_of(sha), "failure", log=["assert 1 == 2"])

    def runs_again(self, sha: str) -> None:
        self.server.finish(SLUG, self.server.restart(SLUG, self.number_of(sha)))

    def requests(self) -> list[str]:
        with self.server.lock:
            lines = [f"{one.line.replace('/api', '')}?{one.query}".rstrip("?") for one in self.server.exchanges]
            self.server.exchanges.clear()
        return lines

    def is_down(self) -> None:
        self.server.faults.add(Fault(Trouble.DROP_BEFORE, times=None))

    def unknown(self) -> CommitAsk:
        return CommitAsk(NOWHERE, ("f" * 40,))

    def stop(self) -> None:
        for stage in self.stages:
            stage.close()
        self.server.stop()


class KubernetesCi(Commits):
    """A cluster where some commit long ago is live."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.server = KubernetesServer().start()
        self.token_file = folder / "token"
        self.token_file.write_text(self.server.add_service_account("afk") + "\n")
        self.server.allow("afk", "prod")
        self.server.create_deployment("prod", "api", image_of("0" * 40))
        self.repo = a_repo(StageKind.KUBERNETES)
        self.adapter = KubernetesStage(Kubernetes(self.server.url, self.token_file, None))
        self.stage: Stage = self.adapter

    def starts(self, sha: str) -> None:
        self.server.roll_out("prod", "api", image_of(sha))
        self.server.progress("prod", "api")

    def goes_green(self, sha: str) -> None:
        self.server.roll_out("prod", "api", image_of(sha))
        self.server.complete("prod", "api")

    def goes_red(self, sha: str) -> None:
        self.server.roll_out("prod", "api", image_of(sha))
        self.server.fail_deadline("prod", "api")

    def runs_again(self, sha: str) -> None:
        self.goes_green(sha)

    def is_down(self) -> None:
        self.server.faults.add(Fault(Trouble.DROP_BEFORE, times=None))

    def unknown(self) -> CommitAsk:
        return CommitAsk(NOWHERE, ("f" * 40,))

    def stop(self) -> None:
        self.adapter.close()
        self.server.stop()


def image_of(sha: str) -> str:
    return f"registry.test:5000/acme/api:{sha}"
