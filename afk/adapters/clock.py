"""Ask the system for the time and for names that nobody else uses."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - the one place that asks

    def new_id(self) -> str:
        return uuid.uuid4().hex[:8]
