"""Hold Forgejo and Gitea to the promises that every tracker makes: the claims are those of `test_tracker`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract import test_tracker as claims
from tests.contract.forgejo_forge import ForgejoForge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contract.forges import Forge

globals().update({name: claim for name, claim in vars(claims).items() if name.startswith("test_")})


@pytest.fixture(params=["forgejo", "gitea"])
def forge(request: pytest.FixtureRequest) -> Iterator[Forge]:
    made = ForgejoForge(request.param)
    yield made
    made.stop()
