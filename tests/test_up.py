"""`afk up` as its operator starts it: it survives the death of each part, and ends in order or with one line."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from afk.sandbox.village import Village
from afk.up import parts_of
from flows.serve import STARTS
from tests.flows.conftest import clean_environment, free_port
from tests.processes import is_there

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE = 180.0
PARTS = {"Prefect": "prefect server start", "flows": "afk serve", "bot": "afk bot"}


class Running:
    """The process, and what it says."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "afk", "up"],
            cwd=folder,
            env=environment,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as lines:
            self.lines.extend(line.rstrip() for line in lines)

    @property
    def said(self) -> list[str]:
        return [line for line in self.lines if line.startswith("afk: ")]

    def pid_of(self, part: str) -> int | None:
        for child in children(self.process.pid):
            with suppress(OSError):  # it may die while it is looked at
                if PARTS[part] in Path(f"/proc/{child}/cmdline").read_text().replace("\0", " "):
                    return child
        return None

    def dies(self, part: str) -> None:
        """Killed, and another one is there."""
        before = self.pid_of(part)
        assert before is not None, self.lines
        os.kill(before, signal.SIGKILL)
        self.until(lambda: self.pid_of(part) not in {None, before}, f"another {part}")

    def until(self, found: Callable[[], object], what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not found():
            assert self.process.poll() is None, self.lines
            assert time.monotonic() < end, (what, self.lines)
            time.sleep(0.1)

    def ends(self) -> int:
        status = self.process.wait(PATIENCE)
        self.listener.join(10)
        return status


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for path in found for child in path.read_text().split()]


@pytest.fixture
def village() -> Iterator[Village]:
    village = Village()
    village.open()
    yield village
    village.close()


@pytest.fixture
def starts(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    running: list[Running] = []

    def start(**environment: str) -> Running:
        own = {
            "XDG_DATA_HOME": str(tmp_path),
            "TMPDIR": str(tmp_path),
            "PREFECT_SERVER_API_PORT": str(free_port()),
            "AFK_TICK_SECONDS": "10",
            "PREFECT_RUNNER_POLL_FREQUENCY": "1",
            **environment,
        }
        clean = clean_environment(tmp_path, **own)
        if "PREFECT_HOME" not in environment:
            del clean["PREFECT_HOME"]  # it finds a place of its own
        running.append(Running(tmp_path, **clean))
        return running[-1]

    yield start
    for each in running:
        if each.process.poll() is None:
            each.process.send_signal(signal.SIGTERM)
            each.process.wait(60)


def test_up_starts_the_flows_and_the_bot_again(village: Village, starts: Callable[..., Running]) -> None:
    """Without a Prefect server, for which the flows wait: the bot needs none."""
    up = starts(**village.environment(), PREFECT_API_URL=f"http://127.0.0.1:{free_port()}/api")
    up.until(lambda: village.bot_is_there, "the bot")
    killed = time.monotonic()
    for part in ("flows", "bot"):
        up.dies(part)
    up.until(lambda: village.bot_is_there, "the bot again")
    assert "infra" in village.types("/afk status")
    up.until(lambda: any("does not answer" in line for line in up.lines), "the flows again")
    assert time.monotonic() - killed >= STARTS  # a server that is started together with the flows has as long
    up.process.send_signal(signal.SIGTERM)

    assert up.ends() == 0
    assert up.said[1:] == [
        "afk: flows was killed by SIGKILL; it starts again in 1 s",
        "afk: bot was killed by SIGKILL; it starts again in 1 s",
        "afk: stopped",
    ]


def test_up_says_why_nothing_will_start(starts: Callable[..., Running]) -> None:
    port = free_port()
    up = starts(PREFECT_API_URL=f"http://127.0.0.1:{port}/api")
    up.until(lambda: len(up.said) == 3, "three lines")
    up.process.send_signal(signal.SIGTERM)

    assert up.ends() == 0
    assert up.said == [
        f"afk: starting flows; Prefect's pages are at http://127.0.0.1:{port}",
        "afk: AFK is off: AFK_KILL_SWITCH is on. Hint: export AFK_KILL_SWITCH=off before afk up",
        "afk: No repository is enrolled. Hint: AFK_ALLOWLIST=owner/name, or a rules file (deploy/afk.example.toml)",
        "afk: stopped",
    ]


@pytest.mark.parametrize("name", [signal.SIGHUP, signal.SIGKILL], ids=["its terminal is closed", "it is killed"])
def test_up_leaves_no_part_behind(name: signal.Signals, village: Village, starts: Callable[..., Running]) -> None:
    up = starts(**village.environment(), PREFECT_API_URL=f"http://127.0.0.1:{free_port()}/api")
    up.until(lambda: village.bot_is_there, "the bot")
    parts = [up.pid_of("flows"), up.pid_of("bot")]
    assert None not in parts
    up.process.send_signal(name)

    assert up.ends() == (0 if name is signal.SIGHUP else -signal.SIGKILL)
    end = time.monotonic() + PATIENCE
    while any(is_there(pid) for pid in parts if pid):
        assert time.monotonic() < end, parts
        time.sleep(0.1)
    if name is signal.SIGHUP:
        assert up.said[-1] == "afk: stopped"


@pytest.mark.skipif(not os.environ.get("AFK_SOAK"), reason="a Prefect server of its own starts twice: make soak")
def test_up_survives_the_death_of_each_part(village: Village, starts: Callable[..., Running], tmp_path: Path) -> None:
    """An agent is started and an issue closed after all of them have died once."""
    up = starts(**village.environment())
    up.until(lambda: village.bot_is_there, "the bot")
    village.types("/afk arm infra")
    number = village.opens("infra", "Rotate the access logs")
    up.until(lambda: not village.is_open("infra", number), "a first issue")

    for part in PARTS:
        up.dies(part)
    number = village.opens("infra", "Renew the certificates")
    up.until(lambda: not village.is_open("infra", number), "a second issue")
    up.until(lambda: len(village.bells()) == 2, "the second doorbell")
    up.process.send_signal(signal.SIGTERM)

    assert up.ends() == 0
    assert up.said[1:] == [
        *(f"afk: {part} was killed by SIGKILL; it starts again in 1 s" for part in PARTS),
        "afk: stopped",
    ]
    assert (tmp_path / "afk" / "prefect" / "prefect.db").is_file()
    assert (tmp_path / "afk" / "ledger.db").is_file()


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            {"AFK_KILL_SWITCH": "perhaps"},
            (
                "afk: AFK_KILL_SWITCH is 'perhaps', but must be 1/true/yes/on or 0/false/no/off. "
                "Correct it, then run `afk doctor`."
            ),
        ),
        (
            {"SLACK_APP_TOKEN": "xapp-of-nobody"},
            "afk: bot cannot run: Slack refuses SLACK_APP_TOKEN (invalid_auth): set a valid app token.",
        ),
    ],
    ids=["an illegal value", "a token that Slack refuses"],
)
def test_up_ends_with_one_line_where_settings_are_wrong(
    village: Village, starts: Callable[..., Running], change: dict[str, str], line: str
) -> None:
    """No Prefect is needed for that: one that does not answer is named."""
    elsewhere = {"PREFECT_API_URL": f"http://127.0.0.1:{free_port()}/api"}
    up = starts(**{**village.environment(), **elsewhere, **change})

    assert up.ends() == 1
    assert up.said[-1] == line


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            {"PREFECT_SERVER_API_PORT": "abc"},
            "afk: PREFECT_SERVER_API_PORT is 'abc', but must be a port from 1 to 65535. Correct it.",
        ),
        (
            {"PREFECT_SERVER_API_HOST": "http://[::1"},
            (
                "afk: PREFECT_SERVER_API_HOST is 'http://[::1', but must be a host name or an address, "
                "such as 127.0.0.1 or ::1, without brackets and port. Correct it."
            ),
        ),
        (
            {"PREFECT_HOME": "/dev/null/prefect"},
            (
                "afk: Prefect cannot keep its history in /dev/null/prefect (Not a directory): make room there, "
                "or set PREFECT_HOME to another folder."
            ),
        ),
    ],
    ids=["a port that is none", "a host that is none", "a folder that cannot be"],
)
def test_up_says_in_one_line_where_prefect_cannot_be(
    starts: Callable[..., Running], change: dict[str, str], line: str
) -> None:
    up = starts(**change)

    assert up.ends() == 1
    assert up.lines == [line]


@pytest.mark.parametrize(
    ("host", "where"),
    [("::1", "[::1]"), ("::", "[::1]"), ("0.0.0.0", "127.0.0.1"), ("afk.example.org", "afk.example.org")],
)
def test_clients_find_prefect_whatever_it_listens_on(tmp_path: Path, host: str, where: str) -> None:
    port = str(free_port())
    environ = {"PREFECT_SERVER_API_HOST": host, "PREFECT_SERVER_API_PORT": port, "XDG_DATA_HOME": str(tmp_path)}

    assert {part.environment["PREFECT_API_URL"] for part in parts_of(environ, cwd=tmp_path)} == {
        f"http://{where}:{port}/api"
    }


def test_up_ends_where_its_port_is_taken(starts: Callable[..., Running]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        port = somebody.getsockname()[1]
        up = starts(PREFECT_SERVER_API_PORT=str(port))

        assert up.ends() == 1
    assert up.said == [
        (
            f"afk: Something listens at http://127.0.0.1:{port} already: set PREFECT_API_URL to http://127.0.0.1:{port}/api "
            "if it is a Prefect server, or PREFECT_SERVER_API_PORT to another port."
        )
    ]
