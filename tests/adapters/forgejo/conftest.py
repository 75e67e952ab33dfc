"""Give each test a simulated Forgejo with the adapter in front of it, or the wire alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import respx
from pydantic import SecretStr

from afk.adapters.forgejo import Client, ForgejoTracker
from afk.core.model import Issue, IssueRef, Vetting
from afk.systems import Forgejo
from tests.contract.forgejo_forge import INFRA, ForgejoForge
from tests.contract.forges import LABELS, StoryClock

if TYPE_CHECKING:
    from collections.abc import Iterator

URL = "https://forge.test"
TOKEN = "not-a-real-token"
REF = IssueRef("infra", 42)
ISSUE = Issue(
    REF, "4200", "Disk is full", f"{URL}/acme/infra/issues/42", is_open=True, labels=frozenset({LABELS.ready})
)


@pytest.fixture
def forge() -> Iterator[ForgejoForge]:
    made = ForgejoForge()
    yield made
    made.stop()


@pytest.fixture
def wire() -> Iterator[respx.MockRouter]:
    """Forgejo's place on the network, where nobody answers what a test has not said."""
    with respx.mock(base_url=f"{URL}/api/v1", assert_all_called=False) as router:
        yield router


@pytest.fixture
def wired_client() -> Iterator[Client]:
    client = Client(Forgejo(URL, SecretStr(TOKEN)), StoryClock())
    yield client
    client.close()


@pytest.fixture
def wired(wired_client: Client) -> ForgejoTracker:
    return ForgejoTracker(wired_client, {INFRA.name: INFRA}, LABELS)


def released(forge: ForgejoForge, **about: str) -> Issue:
    """An issue that a writer released five minutes after it was opened."""
    ref = forge.opens(**about)
    forge.passes(minutes=5)
    forge.labels(ref)
    return card(forge, ref)


def card(forge: ForgejoForge, ref: IssueRef) -> Issue:
    found = forge.tracker.issues([ref])[ref]
    assert isinstance(found, Issue), found
    return found


def vetted(forge: ForgejoForge, issue: Issue, **client: object) -> Vetting:
    tracker = ForgejoTracker(forge.client(**client), forge.repos, LABELS)
    found = tracker.vet([issue])[issue.ref]
    assert isinstance(found, Vetting), found
    return found


def listed(rows: list[dict[str, Any]] | None) -> dict[str, Any]:
    """An answer with a list. An empty timeline is `null`."""
    return {"status_code": 200, "text": json.dumps(rows), "content_type": "application/json"}


def user(number: int = 3, login: str = "ada") -> dict[str, Any]:
    return {"id": number, "login": login}


def row(number: int = 42, **more: Any) -> dict[str, Any]:
    """An issue as the wire shows it."""
    return {
        "id": number * 100,
        "number": number,
        "title": "Disk is full",
        "body": "Make room",
        "user": user(),
        "html_url": f"{URL}/acme/infra/issues/{number}",
        "state": "open",
        "labels": [{"id": 5, "name": LABELS.ready}],
        "updated_at": "2026-11-01T09:00:00+02:00",
        "closed_at": None,
        "pull_request": None,
        "repository": {"full_name": "acme/infra"},
    } | more


def event(kind: str = "label", **more: Any) -> dict[str, Any]:
    """A row of the timeline: ada applies the ready label unless it says otherwise."""
    return {
        "id": 9,
        "type": kind,
        "user": user(),
        "body": "1",
        "label": {"id": 5, "name": LABELS.ready},
        "ref_commit_sha": "",
        "created_at": "2026-11-01T09:00:00+02:00",
        "updated_at": "2026-11-01T09:00:00+02:00",
    } | more
