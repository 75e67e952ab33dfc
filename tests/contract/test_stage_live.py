"""Ask the real CI stages that the environment names. Nothing is written."""

from __future__ import annotations

import pytest

from afk.core.model import CommitAsk
from afk.ports import PortError
from tests.contract import live

pytestmark = pytest.mark.live

if live.STAGES:

    @pytest.mark.parametrize("name", live.STAGES)
    def test_a_real_stage_answers(name: str) -> None:
        with live.stage(name) as (stage, repo):
            found = stage.read([CommitAsk(repo, (live.COMMIT,))])[repo.name]

        assert not isinstance(found, PortError), found
        for commit, reading in found.items():
            print(f"{name}: {commit[:12]} is {reading.state.value} {reading.detail}".rstrip())
