"""A channel to one topic, and the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import respx
from pydantic import SecretStr

from afk.adapters.ntfy import NtfyChannel
from afk.core.doorbell import Card
from afk.core.records import DoorbellKind
from afk.systems import Ntfy

if TYPE_CHECKING:
    from collections.abc import Iterator

URL = "https://ntfy.example.org/secret-topic"
HOSTS = frozenset({"t3.example.org", "tracker.example.org"})
CARD = Card(
    "bell", DoorbellKind.FROZEN, "🧊", "Frozen", "infra#42", "Rotate the logs", "CI is still red.", "attempt 1",
    "https://t3.example.org/t", "https://tracker.example.org/42", "https://tracker.example.org/ci",
)  # fmt: skip


@pytest.fixture
def wire() -> Iterator[respx.MockRouter]:
    with respx.mock(base_url="https://ntfy.example.org", assert_all_called=False) as router:
        yield router


@pytest.fixture
def channel() -> Iterator[NtfyChannel]:
    made = NtfyChannel(Ntfy(URL, SecretStr("tk_not_a_real_one")), hosts=HOSTS)
    yield made
    made.close()
