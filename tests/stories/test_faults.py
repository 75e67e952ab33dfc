"""Break every call over the wire once, in every way, and go on: all converges, and nothing happens twice."""

from __future__ import annotations

import os
import re
from collections import Counter
from typing import TYPE_CHECKING

from afk.sandbox.faults import Fault, Trouble
from tests.street import Street

if TYPE_CHECKING:
    import pytest

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
}
ROUNDS = 14


def tell(street: Street) -> int:
    """Red once, then green. Whatever fails in a minute is tried again in the next."""
    number = street.issue()
    pushed: list[str] = []
    for _ in range(ROUNDS):
        street.ticks()
        history = street.facts("runs", f"infra#{number}")
        if history and history[0]["finished_at"]:
            break
        if not history or not history[0]["started_at"]:
            continue
        messages = len(street.said_to_agent(number))
        if messages == len(pushed) + 1 and street.t3.turns(history[0]["thread_id"])[-1].status == "running":
            sha = street.agent_pushes(number)
            street.forge.ci(sha, green=bool(pushed))
            pushed.append(sha)
    return number


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
    return [name for name, holds in checks.items() if not holds]


def lines_of(street: Street) -> list[tuple[str, str]]:
    """The calls of the story, each with what identifies it whatever the numbers in it are."""
    lines = []
    for name, server in (("github", street.forge.server), ("t3", street.t3)):
        for exchange in server.exchanges:
            shape = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?<=/)[0-9a-f]{40}|(?<=/)[0-9]+", "…", exchange.line)
            lines.append((name, shape))
    return list(dict.fromkeys(lines))


def test_every_call_survives_every_fault(tmp_path_factory: pytest.TempPathFactory) -> None:
    def fresh() -> Street:
        street = Street.at(tmp_path_factory.mktemp("street"), "github", 1)
        street.afk("arm", "infra")
        return street

    undisturbed = fresh()
    assert faults_of(undisturbed, tell(undisturbed)) == []
    lines = lines_of(undisturbed)
    undisturbed.close()

    broken = {}
    cases = [(line, kind) for place, line in enumerate(lines) for kind in _kinds(place)]
    for (system, line), kind in cases:
        street = fresh()
        fault = FAULTS[kind]
        match = "^" + re.escape(line).replace("…", "[^/]+") + "$"
        server = street.forge.server if system == "github" else street.t3
        server.faults.add(Fault(fault.trouble, match, 1, fault.seconds, fault.status, fault.headers, fault.body))
        try:
            if found := faults_of(street, tell(street)):
                broken[system, line, kind] = found
        except AssertionError as error:
            broken[system, line, kind] = [str(error)[:300]]
        finally:
            street.close()

    print(f"\n{len(lines)} calls, {len(cases)} faults, {len(broken)} broken")
    assert broken == {}


def _kinds(place: int) -> list[str]:
    """All of them in a soak; else two per call, each kind in its turn."""
    kinds = list(FAULTS)
    return kinds if FULL else [kinds[(2 * place) % len(kinds)], kinds[(2 * place + 1) % len(kinds)]]
