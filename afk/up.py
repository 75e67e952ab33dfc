"""Run every part of AFK on this machine: a Prefect server if none is named, the flows, and the bot if Slack is."""

from __future__ import annotations

import os
import signal
import sys
from functools import partial
from typing import TYPE_CHECKING

from afk import log, prefect_server, settings
from afk.core import wording
from afk.core.config import ConfigError
from afk.supervisor import Part, Refused, Supervisor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from afk.core.config import Config

PREFECT, FLOWS, BOT = "Prefect", "flows", "bot"


def main(http: int | None = None) -> int:
    """Until it is told to stop or its terminal closes. The exit code; one line says what is wrong and what to do."""
    supervisor = Supervisor(partial(log.warn, "part-died"), log.passed_on)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: supervisor.told())
    signal.signal(signal.SIGHUP, lambda *_: supervisor.stopping.set())  # a shell may send it twice
    try:
        parts = list(parts_of(os.environ, http))
        names, api = ", ".join(part.name for part in parts), parts[-1].environment["PREFECT_API_URL"]
        log.info("starting", f"starting {names}; Prefect's pages are at {api.rstrip('/').removesuffix('/api')}")
        for line in _standing(settings.load().config):
            log.warn("nothing-starts", line)
        supervisor.start(*parts)
        supervisor.watch()
    except (ConfigError, Refused, OSError) as error:
        log.error("cannot-run", str(error))
        return 1
    finally:
        supervisor.stop()
    log.info("stopped", "stopped")
    return 0


def _standing(config: Config) -> Iterator[str]:
    """Why no agent will start, as far as the settings say it."""
    if config.kill_switch:
        yield f"{wording.off(wording.DEPLOYMENT_SWITCH)} Hint: export AFK_KILL_SWITCH=off before afk up"
    if not config.repos:
        yield wording.NOTHING_ENROLLED


def parts_of(environ: Mapping[str, str], http: int | None = None, cwd: Path | None = None) -> Iterator[Part]:
    """In the order in which they start."""
    loaded = settings.load(environ, cwd)
    environment = dict(environ)
    if not environ.get("PREFECT_API_URL"):
        home = settings.data_directory(environ, sys.platform) / "prefect"
        environment |= prefect_server.settings(home, loaded.rhythm.keep_days, environ)
        environment["PREFECT_API_URL"] = f"{prefect_server.url(environment)}/api"
        if prefect_server.is_taken(environment):
            there = prefect_server.url(environment)
            if_prefect = f"set PREFECT_API_URL to {there}/api if it is a Prefect server"
            raise ConfigError(
                f"Something listens at {there} already: {if_prefect}, or PREFECT_SERVER_API_PORT to another port."
            )
        prefect_server.make_home(environment)
        yield Part(PREFECT, prefect_server.COMMAND, environment, serves_others=True)
    afk = (sys.executable, "-m", "afk")
    yield Part(FLOWS, (*afk, "serve"), environment)
    if loaded.slack is not None:
        over_http = () if http is None else ("--http", str(http))
        yield Part(BOT, (*afk, "bot", *over_http), environment)
