"""Run a flow run in a process of its own, forked from one that has imported everything already.

Importing costs several times what a quiet tick does. The process that is forked from has no threads and does nothing
else, so no lock is copied that somebody holds. A tick that hangs can be killed, and one that crashes harms nobody.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import signal
import tempfile
from contextlib import suppress
from multiprocessing import util
from typing import TYPE_CHECKING, Any

from prefect import get_client
from prefect.exceptions import Abort
from prefect.flow_engine import run_flow_async
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

from flows.housekeeping import housekeeping
from flows.poll import poll
from flows.redispatch import redispatch
from flows.watch import watch

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerProcess
    from uuid import UUID

LONGEST = 50
FLOWS: dict[str, Any] = {"poll": poll, "watch": watch, "redispatch": redispatch, "housekeeping": housekeeping}
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload([__name__, "afk.cli"])  # the command is the main module of every child, too


def begin(name: str, flow_run_id: UUID) -> ForkServerProcess:
    """Returns when the process has started. The first one waits for the imports."""
    _find_room_for_sockets()
    process = CONTEXT.Process(target=work, args=(name, flow_run_id), name=f"{name} {flow_run_id}", daemon=True)
    process.start()
    return process


def _find_room_for_sockets() -> None:
    """The name of a socket has a hundred letters at most, and these are in the folder that TMPDIR names."""
    usual = tempfile.tempdir
    if len(tempfile.gettempdir()) > LONGEST:
        tempfile.tempdir = "/tmp"  # noqa: S108 - a folder of its own is made in there
    try:
        util.get_temp_dir()  # chosen once for all
    finally:
        tempfile.tempdir = usual


def work(name: str, flow_run_id: UUID) -> None:
    """In the child. How the run ended is told to Prefect, not by the exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C on the terminal is for the runner, which waits for us
    logging.getLogger("prefect.flow_runs").addFilter(says_more)
    # Whoever started this process sees it end: Prefect needs no sign of life, which would be a row each time.
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        asyncio.run(_work(FLOWS[name], flow_run_id))


def says_more(record: logging.LogRecord) -> bool:
    """That a run began and ended is in its states already: a quiet tick leaves no line in the database."""
    return record.module != "flow_engine" or record.levelno > logging.INFO


async def _work(flow: Any, flow_run_id: UUID) -> None:
    async with get_client() as client:
        run = await client.read_flow_run(flow_run_id)
    with suppress(Abort):  # somebody has cancelled it
        await run_flow_async(flow, flow_run=run, parameters=run.parameters, return_type="state")
