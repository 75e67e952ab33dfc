"""Ask whether Prefect's worker still fetches work from its pool, on the page that it serves to this machine."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import httpx

from afk import wiring

if TYPE_CHECKING:
    from datetime import datetime

HERE = "127.0.0.1"
PATIENCE = 2.0  # seconds


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind((HERE, 0))
        return int(taken.getsockname()[1])


@dataclass(slots=True)
class Handouts:
    """As a round among those of the process, which ends when its worker ends."""

    name: ClassVar[str] = "handouts"
    is_alive: ClassVar[bool] = True

    port: int = field(default_factory=free_port)
    troubles: tuple[str, ...] = ()
    heard: datetime | None = None

    @property
    def done_at(self) -> datetime | None:
        """It is asked anew; the last time that it was well."""
        try:
            answer = httpx.get(f"http://{HERE}:{self.port}/health", timeout=PATIENCE, trust_env=False)
        except httpx.HTTPError as error:
            self.troubles = (f"its page does not answer ({type(error).__name__})",)
        else:
            self.troubles = () if answer.is_success else ("it has not asked the pool for long",)
        if not self.troubles:
            self.heard = wiring.clock().now()
        return self.heard

    def environment(self) -> dict[str, str]:
        return {"PREFECT_WORKER_WEBSERVER_HOST": HERE, "PREFECT_WORKER_WEBSERVER_PORT": str(self.port)}
