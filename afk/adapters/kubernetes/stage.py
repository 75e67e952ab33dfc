"""Answer as the stage that knows whether a commit's image is what a deployment runs."""

from __future__ import annotations

import ssl
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from afk.adapters.http import Http, documented, together
from afk.adapters.kubernetes.image import Image
from afk.adapters.kubernetes.rollout import reading, rollout
from afk.core.model import StageKind, StageReading, StageState
from afk.ports import Gone, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from afk.core.model import CommitAsk, KubernetesTarget
    from afk.ports import PortError
    from afk.systems import Kubernetes

SYSTEM = "Kubernetes"


class KubernetesStage:
    def __init__(self, settings: Kubernetes) -> None:
        self._settings = settings
        self._http: Http | None = None

    def close(self) -> None:
        if self._http is not None:
            self._http.close()

    def read(self, asks: Sequence[CommitAsk]) -> Mapping[str, Mapping[str, StageReading] | PortError]:
        self._http = self._http or self._connection()
        answers = together([partial(self._readings, self._http, ask) for ask in asks])
        return {ask.repo.name: answer for ask, answer in zip(asks, answers, strict=True)}

    def _readings(self, http: Http, ask: CommitAsk) -> dict[str, StageReading]:
        """About the one of these commits that the image is of: a later one contains those before it."""
        target = ask.repo.kubernetes
        if target is None:
            raise Refused(f"{SYSTEM}: {ask.repo.name}: no deployment is configured")
        subject = f"{target.namespace}/{target.deployment}"
        try:
            deployment = _deployment(http, target)
        except (Gone, Refused) as error:  # not there, or we may not look: nobody knows what is live
            return {ask.commits[0]: _told(StageState.UNKNOWN, str(error))}
        with documented(SYSTEM, subject):
            seen = rollout(deployment, target.container)
            if seen is None:
                return {ask.commits[0]: _told(StageState.UNKNOWN, f"{subject}: no container {target.container}")}
            image = Image.parse(seen.image)
            deployed = image.commit_of(ask.commits)
            if deployed is not None:
                return {deployed: reading(seen, subject)}
        if image.names_a_commit:
            return {ask.commits[0]: _told(StageState.PENDING, f"{seen.image}: another commit is deployed")}
        return {ask.commits[0]: _told(StageState.UNKNOWN, f"{seen.image}: the tag does not say which commit it is")}

    def _connection(self) -> Http:
        verify: bool | ssl.SSLContext = True
        if self._settings.ca_file is not None:
            try:
                verify = ssl.create_default_context(cafile=self._settings.ca_file)
            except (OSError, ssl.SSLError) as error:
                raise Refused(f"{SYSTEM}: the CA file cannot be used ({type(error).__name__})") from error
        return Http(SYSTEM, self._settings.url, self._headers, patience=self._settings.patience, verify=verify)

    def _headers(self) -> Mapping[str, str]:
        """The token is rotated while we run: it is read for every request."""
        if self._settings.token_file is None:
            return {"Accept": "application/json"}
        try:
            token = self._settings.token_file.read_text().strip()
        except (OSError, UnicodeError) as error:
            raise Refused(f"{SYSTEM}: the token file cannot be read ({type(error).__name__})") from error
        return {"Accept": "application/json", "Authorization": f"Bearer {token}"}


def _deployment(http: Http, target: KubernetesTarget) -> Mapping[str, Any]:
    namespace, name = quote(target.namespace, safe=""), quote(target.deployment, safe="")
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}"
    found: Mapping[str, Any] = http.call("GET", path, f"{target.namespace}/{target.deployment}")
    return found


def _told(state: StageState, detail: str) -> StageReading:
    return StageReading(StageKind.KUBERNETES, state, detail=detail)
