"""Break every call over the wire once, in every way, and go on: all converges, and nothing happens twice.

Three installations make every kind of call: GitHub with T3's protocol 1, Forgejo with protocol 2, and one whose CI is
Woodpecker and a cluster, and which rings in Slack and over ntfy.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from afk import ring
from afk.adapters import http
from afk.adapters.slack import channel
from afk.adapters.t3 import rpc
from afk.sandbox.faults import Fault, Trouble
from tests.quarter import Quarter
from tests.street import Street, later

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FULL = bool(os.environ.get("AFK_SOAK"))
HTML = {"Content-Type": "text/html"}
GRAPHQL_ERROR = '{"data": null, "errors": [{"type": "INTERNAL", "message": "Something went wrong"}]}'
FAULTS = {
    "connection cut": Fault(Trouble.DROP_BEFORE),
    "reply lost": Fault(Trouble.DROP_AFTER),
    "429": Fault(Trouble.STATUS, status=429, headers={"Retry-After": "0"}, body='{"message": "slow down"}'),
    "500": Fault(Trouble.STATUS, status=500, body='{"message": "boom"}'),
    "502 after the effect": Fault(Trouble.STATUS_AFTER, status=502, headers=HTML, body="<html>Bad gateway</html>"),
    "502 with HTML": Fault(Trouble.STATUS, status=502, headers=HTML, body="<html>Bad gateway</html>"),
    "invalid JSON": Fault(Trouble.INVALID_JSON),
    "truncated": Fault(Trouble.TRUNCATED),
    "errors in a 200": Fault(Trouble.STATUS, status=200, body=GRAPHQL_ERROR),
    "timeout": Fault(Trouble.TIMEOUT),
    "timeout after the effect": Fault(Trouble.TIMEOUT_AFTER),
}
REFUSED = "connection refused"
PATIENCE = 0.5  # seconds, for an answer: in production it is twenty
INSTALLATIONS: dict[str, Callable[[Path], Street]] = {
    "GitHub, T3 protocol 1": lambda home: Street.at(home, "github", 1),
    "Forgejo, T3 protocol 2": lambda home: Street.at(home, "forgejo", 2),
    "Woodpecker, Kubernetes, Slack, ntfy": Quarter.at_large,
}
ROUNDS = 14


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "TIMEOUT", httpx.Timeout(PATIENCE))
    monkeypatch.setattr(rpc, "PATIENCE", PATIENCE)
    monkeypatch.setattr(channel, "TIMEOUT", PATIENCE)
    monkeypatch.setattr(ring, "FIRST_PAUSE", timedelta())  # a minute passes between two ticks, but not here
    monkeypatch.setattr(ring, "HISTORY_LAGS", timedelta())


def tell(street: Street, before_each: Callable[[int], object] = lambda minute: minute) -> int:
    """Red once, then green. Whatever fails in a minute is tried again in the next."""
    number = street.issue()
    pushed: list[str] = []
    for minute in range(ROUNDS):
        before_each(minute)
        street.ticks()
        history = street.facts("runs", f"infra#{number}")
        if history and history[0]["finished_at"]:
            before_each(minute + 1)
            street.ticks()  # a doorbell that could not ring
            break
        if history and history[0]["started_at"] and _is_at_work(street, number, len(pushed)):
            sha = street.agent_pushes(number)
            street.forge.ci(sha, green=bool(pushed))
            pushed.append(sha)
        else:
            later(0.3)  # who is told to come back in a second is back before the story is over
    return number


def _is_at_work(street: Street, number: int, pushed: int) -> bool:
    turns = street.t3.turns(street.run(number)["thread_id"])
    return len(street.said_to_agent(number)) == pushed + 1 and turns[-1].status == "running"


def faults_of(street: Street, number: int) -> list[str]:
    """What is there twice, not at all, or not as the story ends."""
    run = street.run(number)
    comments = Counter(body.splitlines()[0] for _, body in street.forge.comments_of(number))
    checks = {
        "done": run["state"] == "done",
        "one attempt": run["attempt"] == 1,
        "closed": not street.forge.is_open(number),
        "labels": street.forge.labels_of(number) == {"ready-for-agent"},
        "one thread": len(street.t3.threads) == 1,
        "two messages": len(street.said_to_agent(number)) == 2,
        "one checklist": list(comments.values()) == [1],
    }
    if isinstance(street, Quarter):
        checks |= {f"one doorbell in {name}": len(texts) == 1 for name, texts in street.rung().items()}
    return [name for name, holds in checks.items() if not holds]


def lines_of(street: Street) -> list[tuple[str, str]]:
    """The calls of the story, each with what identifies it whatever the numbers in it are."""
    lines = []
    for name, server in street.servers.items():
        for exchange in server.exchanges:
            shape = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?<=/)[0-9a-f]{40}|(?<=/)[0-9]+", "…", exchange.line)
            lines.append((name, shape))
    return list(dict.fromkeys(lines))


@pytest.mark.parametrize("installation", INSTALLATIONS)
def test_every_call_survives_every_fault(installation: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    def fresh() -> Street:
        street = INSTALLATIONS[installation](tmp_path_factory.mktemp("street"))
        street.afk("arm", "infra")
        return street

    undisturbed = fresh()
    assert faults_of(undisturbed, tell(undisturbed)) == []
    lines = [line for line in lines_of(undisturbed) if line[0] in _systems(undisturbed)]
    undisturbed.close()

    broken: dict[tuple[str, str, str], list[str]] = {}
    cases = [(*line, kind) for place, line in enumerate(lines) for kind in _kinds(place)]
    for system, line, kind in cases:
        street = fresh()
        fault = FAULTS[kind]
        match = "^" + re.escape(line).replace("…", "[^/]+") + "$"
        added = Fault(fault.trouble, match, 1, fault.seconds, fault.status, fault.headers, fault.body)
        street.servers[system].faults.add(added)
        _told(street, broken, (system, line, kind))

    _print(installation, Counter((system, kind) for system, _, kind in cases), broken)
    assert broken == {}


@pytest.mark.parametrize("installation", INSTALLATIONS)
def test_a_minute_in_which_a_system_refuses_connections_only_delays(
    installation: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    broken: dict[tuple[str, str, str], list[str]] = {}
    tried: Counter[tuple[str, str]] = Counter()
    undisturbed = INSTALLATIONS[installation](tmp_path_factory.mktemp("street"))
    systems = _systems(undisturbed)
    undisturbed.close()
    for place, system in enumerate(systems):
        for down in range(5) if FULL else [1 + place % 4]:
            street = INSTALLATIONS[installation](tmp_path_factory.mktemp("street"))
            street.afk("arm", "infra")
            server = street.servers[system]

            def refuse(minute: int, server=server, down: int = down) -> None:  # type: ignore[no-untyped-def]
                if minute == down:
                    server.stop()
                elif minute == down + 1:
                    server.start()

            tried[system, REFUSED] += 1
            _told(street, broken, (system, f"minute {down}", REFUSED), refuse)

    _print(installation, tried, broken)
    assert broken == {}


def _systems(street: Street) -> list[str]:
    """All of them in a soak; else those that no other installation has."""
    ours = {"woodpecker", "kubernetes", "slack", "ntfy"}
    return [name for name in street.servers if FULL or name in ours or not isinstance(street, Quarter)]


def _told(
    street: Street,
    broken: dict[tuple[str, str, str], list[str]],
    case: tuple[str, str, str],
    before_each: Callable[[int], object] = lambda minute: minute,
) -> None:
    try:
        if found := faults_of(street, tell(street, before_each)):
            broken[case] = found
    except AssertionError as error:
        broken[case] = [str(error)[:300]]
    finally:
        street.close()


def _print(installation: str, tried: Counter[tuple[str, str]], broken: dict[tuple[str, str, str], list[str]]) -> None:
    failed = Counter((system, kind) for system, _, kind in broken)
    print(f"\n{installation}: {tried.total()} faults, {len(broken)} broken")
    for (system, kind), count in sorted(tried.items()):
        print(f"  {system:<11} {kind:<26} {count:>3} tried, {failed[system, kind]:>2} broken")


def _kinds(place: int) -> list[str]:
    """All of them in a soak; else one per call, each kind in its turn."""
    kinds = list(FAULTS)
    return kinds if FULL else [kinds[place % len(kinds)]]
