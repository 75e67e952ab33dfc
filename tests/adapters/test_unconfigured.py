"""What is not configured says so when it is asked, and only then."""

from __future__ import annotations

import pytest

from afk.adapters.unconfigured import Unconfigured
from afk.ports import Refused


def test_any_call_names_what_to_set() -> None:
    executor = Unconfigured("T3", "AFK_T3_URL and AFK_T3_TOKEN")

    with pytest.raises(Refused, match=r"fleet: T3 is not configured. Set AFK_T3_URL and AFK_T3_TOKEN"):
        executor.fleet([])
