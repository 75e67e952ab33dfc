"""Time the bot as a process of its own, on a durable ledger, before a Slack that paces what it takes."""

from __future__ import annotations

import statistics
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from afk.core.records import Entry, Via
from afk.sandbox.slack import SlackServer
from benchmarks.figure import Figure, at_most
from tests.slackbot.place import Place, until

if TYPE_CHECKING:
    import subprocess

COMMANDS, BELLS, SINGLE = 300, 20, 6
ANNOUNCED = 25
APART = 1.7  # seconds between doorbells that are timed one by one
ACK, ARRIVAL = 0.05, 2.0
LAST = 99  # percent
ENROLLED = "infra"
# Each writes into the ledger before it is answered.
TYPED = (
    ("status", "AFK is"),
    (f"arm {ENROLLED} for 8h", "Arm infra for 8h?"),
    (f"disarm {ENROLLED}", "infra is disarmed"),
)
# The bot asks none of these; they must be set where a repository is enrolled.
SETTINGS = {
    "AFK_ALLOWLIST": f"acme/{ENROLLED}",
    "AFK_GITHUB_TOKEN": "unused",
    "AFK_T3_URL": "http://127.0.0.1:9",
    "AFK_T3_TOKEN": "unused",
    "AFK_WOODPECKER_URL": "http://127.0.0.1:9",
    "AFK_WOODPECKER_TOKEN": "unused",
    "AFK_KUBERNETES_URL": "http://127.0.0.1:9",
}


def measure() -> list[Figure]:
    with TemporaryDirectory() as home, SlackServer() as slack:
        place = Place(slack, Path(home))
        begin = time.perf_counter()
        with place.bot(**SETTINGS) as process:
            place.healthy()
            ready = time.perf_counter() - begin
            idle = [_arrival(place, f"idle-{number}") for number in range(SINGLE)]
            small = _megabytes(process)
            for number in range(ANNOUNCED):
                place.slack.human.types(place.ada, f"/afk disarm {ENROLLED} because {number}", place.room)
            busy = [_arrival(place, f"busy-{number}") for number in range(SINGLE)]
            acks = _acknowledged(place)
            write = _written(place)
            large = _megabytes(process)
    return [
        at_most(f"/afk acknowledged, p{LAST} of {COMMANDS}, {BELLS} doorbells on their way", acks[1], ACK),
        Figure("the same, median", f"{acks[0] * 1_000:.1f} ms", "no promise", holds=True),
        Figure(f"one durable write on this disk, p{LAST}", f"{write * 1_000:.1f} ms", "no promise", holds=True),
        at_most("doorbell in the channel after its record", max(idle), ARRIVAL, "s"),
        at_most("the same with announcements going out", max(busy), ARRIVAL, "s"),
        Figure("bot: start until it hears Slack", f"{ready:.2f} s", "no promise", holds=True),
        Figure("bot: memory, at first and at the end", f"{small:.0f} and {large:.0f} MiB", "no promise", holds=True),
    ]


def _arrival(place: Place, key: str) -> float:
    """Seconds from the record in the ledger, by another process, to the message."""
    place.rings(key)
    begin = time.perf_counter()
    until(lambda: f"text of {key}" in place.heard(), 60)
    taken = time.perf_counter() - begin
    time.sleep(max(0.0, APART - taken))
    return taken


def _acknowledged(place: Place) -> tuple[float, float]:
    """Median and 99th percentile of durable commands, each typed when the one before is answered."""
    for number in range(BELLS):
        place.rings(f"many-{number}")
    taken = []
    for number in range(COMMANDS):
        begin = time.perf_counter()
        typed, said = TYPED[number % len(TYPED)]
        answer = place.slack.human.types(place.ada, f"/afk {typed}", place.room)
        taken.append(time.perf_counter() - begin)
        assert answer.text.startswith(said), answer
    until(lambda: sum("text of many-" in text for text in place.heard()) == BELLS, 120)
    return statistics.median(taken), statistics.quantiles(taken, n=100)[LAST - 1]


def _written(place: Place) -> float:
    taken = []
    with place.ledger() as ledger:
        for number in range(COMMANDS):
            entry = Entry(datetime.now(UTC), "bench", Via.CLI, "look", str(number))  # noqa: TID251
            begin = time.perf_counter()
            ledger.audit(entry)
            taken.append(time.perf_counter() - begin)
    return statistics.quantiles(taken, n=100)[LAST - 1]


def _megabytes(process: subprocess.Popen[str]) -> float:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024
