"""Kill AFK at every call it makes, start it again, and look whether anything happened twice or not at all."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import suppress
from itertools import takewhile
from typing import TYPE_CHECKING

import pytest

from afk.adapters.ledger import open_ledger
from afk.core.model import Labels, ThreadStatus
from afk.core.run import Outcome
from afk.operations import RefusedRequest
from afk.ports import Channel, Executor, Ledger, Stage, Tracker
from tests.crashes import Crash, Fuse, fused
from tests.house import ADA, INFRA_42, House, wiped

if TYPE_CHECKING:
    from collections.abc import Callable

LABELS = Labels()
LEDGER = open_ledger("sqlite://")
FULL = bool(os.environ.get("AFK_SOAK"))
QUIET = 12  # minutes that are enough for everything to settle


def green(house: House) -> None:
    """The agent pushes once, and CI is green."""
    thread = house.world.thread_of(INFRA_42)
    if thread.status is ThreadStatus.RUNNING:
        sha = house.pushed_and_ended()
        house.world.ci_goes_green("infra", sha)


def red_then_green(house: House) -> None:
    thread = house.world.thread_of(INFRA_42)
    if thread.status is ThreadStatus.RUNNING:
        sha = house.pushed_and_ended()
        if len(house.world.projects["infra"].commits) == 1:
            house.world.ci_goes_red("infra", sha)
        else:
            house.world.ci_goes_green("infra", sha)


def always_red(house: House) -> None:
    if house.world.thread_of(INFRA_42).status is ThreadStatus.RUNNING:
        house.world.ci_goes_red("infra", house.pushed_and_ended())


def red_after_its_commit_closed_the_issue(house: House) -> None:
    if house.world.thread_of(INFRA_42).status is ThreadStatus.RUNNING:
        sha = house.push(message="Fix it\n\nCloses #42")
        house.world.agent_ends(INFRA_42)
        house.world.ci_goes_red("infra", sha)


def asks_then_green(house: House) -> None:
    thread = house.world.thread_of(INFRA_42)
    if thread.status is ThreadStatus.RUNNING and not thread.answers:
        house.world.agent_asks(INFRA_42, "Which region?")
    elif thread.status is ThreadStatus.RUNNING:
        green(house)
    elif thread.status is ThreadStatus.ASKING and house.rings():
        house.operations.say(INFRA_42, "eu", ADA, house.world.now(), "the-answer")


def vanishes_then_green(house: House) -> None:
    if len(house.world.threads) == 1:
        house.world.thread_vanishes(INFRA_42)
    else:
        green(house)


def ends_without_pushing_then_green(house: House) -> None:
    thread = house.world.thread_of(INFRA_42)
    if len(thread.messages) == 1 and thread.status is ThreadStatus.RUNNING:
        house.world.agent_ends(INFRA_42)
    else:
        green(house)


def a_person_stops_it(house: House) -> None:
    if house.run().outcome is None and house.run().started_at:
        house.operations.stop(INFRA_42, ADA, house.world.now(), "stop")


def a_person_operates(house: House) -> None:
    """Every switch is thrown and put back, every bell acknowledged, while the run goes to its end."""
    now = house.world.now()
    house.operations.kill(ADA, now, "kill")
    house.operations.resume(ADA, now)
    house.operations.disarm("infra", ADA, now)
    house.operations.arm("infra", ADA, now)
    for bell in house.world.rings:
        house.operations.acknowledge(bell.key, ADA, now)
    house.operations.why(INFRA_42, now)
    house.operations.status(now)
    green(house)


def frozen_and_run_again(house: House) -> None:
    run = house.run()
    if run.outcome is Outcome.FROZEN and run.finished_at and run.attempt == 1:
        house.operations.say(INFRA_42, "Use the other bucket", ADA, house.world.now(), "note")
        with suppress(RefusedRequest):  # a second press is told that there was a first
            house.operations.redispatch(INFRA_42, ADA, house.world.now())
    elif house.world.thread_of(INFRA_42).status is ThreadStatus.RUNNING:
        sha = house.pushed_and_ended()
        (house.world.ci_goes_green if run.attempt == 2 else house.world.ci_goes_red)("infra", sha)


STORIES: dict[str, tuple[Callable[[House], None], Outcome, dict[str, int], int, list[str]]] = {
    # story: who acts, how it ends, limits, messages to agents, doorbells
    "green": (green, Outcome.DONE, {}, 1, ["done"]),
    "red then green": (red_then_green, Outcome.DONE, {}, 2, ["done"]),
    "always red": (always_red, Outcome.FROZEN, {"fix_forward_max_attempts": 2}, 3, ["frozen"]),
    "closed by a commit": (
        red_after_its_commit_closed_the_issue,
        Outcome.FROZEN,
        {"fix_forward_max_attempts": 0},
        1,
        ["frozen"],
    ),
    "asks": (asks_then_green, Outcome.DONE, {}, 1, ["question", "done"]),
    "vanishes": (vanishes_then_green, Outcome.DONE, {}, 2, ["done"]),
    "ends without pushing": (ends_without_pushing_then_green, Outcome.DONE, {}, 2, ["done"]),
    "operated": (a_person_operates, Outcome.DONE, {}, 1, ["done"]),
    "stopped": (a_person_stops_it, Outcome.STOPPED, {}, 1, []),
    "run again": (frozen_and_run_again, Outcome.DONE, {"fix_forward_max_attempts": 0}, 2, ["frozen", "done"]),
}


def live(house: House, name: str, fuse: Fuse) -> None:
    """Minutes go by; whatever dies in one starts again in the same minute. One more minute shows that it is over."""
    act = STORIES[name][0]
    plain = house.ports
    house.ports = fused(plain, fuse)
    over = 0
    for _ in range(QUIET):
        over = over + 1 if house.ledger.latest([INFRA_42]) and not faults_of(house, name) else 0
        if over == 2:
            break
        house.world.passes(minutes=1)
        for step in (house.poll, house.watch, house.deliver):
            try:
                step()
            except Crash:
                house.ports = fused(plain, fuse)  # a new process with the same ledger
                step()
        if house.ledger.latest([INFRA_42]) and house.world.threads:
            try:
                act(house)
            except Crash:
                house.ports = fused(plain, fuse)
                act(house)
    house.ports = plain


def tell(name: str, fuse: Fuse) -> House:
    house = House.ready(ledger=wiped(LEDGER))
    house.limit(**STORIES[name][2])
    house.an_issue()
    live(house, name, fuse)
    return house


def faults_of(house: House, name: str) -> list[str]:
    """What is there twice, not at all, or not as the story ends."""
    _, outcome, _, messages, bells = STORIES[name]
    world, run = house.world, house.run()
    ticket = world.ticket(INFRA_42)
    attempts = 2 if name == "run again" else 1
    threads = 2 if name in {"vanishes", "run again"} else 1
    sent = [message.id for thread in world.threads.values() for message in thread.messages]
    markers = Counter(remark.body.splitlines()[0] for remark in ticket.remarks)
    rung = Counter(ring.key for ring in world.rings)
    checks = {
        "outcome": run.outcome is outcome,
        "finished": run.finished_at is not None,
        "repository is free": house.ledger.live() == (),
        "one run per attempt": len(house.ledger.history(INFRA_42, 10)) == attempts,
        "threads": len(world.threads) == threads,
        "each turn delivered once": len(sent) == len(set(sent)) == messages,
        "one comment per marker": all(count == 1 for count in markers.values()),
        "one checklist per run": sum("checklist" in line for line in markers) == attempts,
        "each doorbell once": all(count == 1 for count in rung.values()),
        "the right doorbells": house.rings() == bells,
        "labels": (LABELS.in_progress not in ticket.labels)
        and (LABELS.human in ticket.labels) == (outcome in {Outcome.FROZEN, Outcome.STOPPED}),
        "closed if done": ticket.is_open == (outcome is not Outcome.DONE),
    }
    return [check for check, holds in checks.items() if not holds]


@pytest.mark.parametrize("name", STORIES)
def test_crash_at_every_call_changes_nothing_in_the_end(
    name: str, record_property: Callable[[str, object], None]
) -> None:
    undisturbed = Fuse()
    assert faults_of(tell(name, undisturbed), name) == []

    begin = 0 if FULL else as_an_earlier_story(name, undisturbed.calls)
    points = [
        (at, after)
        for at, call in enumerate(undisturbed.calls[begin:], begin)
        for after in ((False, True) if call not in READS else (False,))
    ]
    broken = {
        (at, after, undisturbed.calls[at]): faults
        for at, after in points
        if (faults := faults_of(tell(name, Fuse(at, after)), name))
    }

    assert broken == {}
    record_property("crash points", len(points))
    print(f"\n{name}: {len(points)} crash points")


def as_an_earlier_story(name: str, calls: list[str]) -> int:
    """With how many of its calls it begins like a story that is told before it, and crashes at them."""
    longest = 0
    for earlier in takewhile(lambda each: each != name, STORIES):
        tell(earlier, fuse := Fuse())
        alike = takewhile(lambda pair: pair[0] == pair[1], zip(fuse.calls, calls, strict=False))
        longest = max(longest, sum(1 for _ in alike))
    return longest


# After a read nothing has changed: dying then is dying before the next call.
READS = frozenset(
    f"{port}.{method}"
    for port, methods in {
        "tracker": "boards issues vet brief track",
        "executor": "fleet transcript",
        "stage": "read",
        "channel": "find",
        "ledger": "live run runs latest history spent switches decisions wish pending notes outbox rung doorbell hold",
    }.items()
    for method in methods.split()
)

# What no story calls, and why it needs no crash point of its own.
ELSEWHERE = {
    "tracker.issues": "asked for re-runs that left the board, a read",
    "ledger.audit": "a refusal's one write; nothing follows it",
    "ledger.audited": "a read for people",
    "ledger.census": "a read for metrics",
    "ledger.count": "one write after a delivery",
    "ledger.counts": "a read for metrics",
    "ledger.doorbell": "a read for the bot",
    "ledger.doorbell_at": "a read for the bot",
    "ledger.ended": "a read for the digest",
    "ledger.notices": "tests/slackbot/test_slackbot_notices.py",
    "ledger.noticed": "tests/slackbot/test_slackbot_notices.py",
    "ledger.notify": "tests/slackbot/test_slackbot_notices.py",
    "ledger.recall": "a read that saves requests",
    "ledger.remember": "what may be forgotten at any time",
    "ledger.ring": "one write under a key, for alarms",
    "ledger.settle": "one write; ticks settle inside claim and apply",
    "ledger.ticked": "one write after a tick",
    "ledger.trim": "housekeeping, safe to repeat",
    "ledger.withdraw": "one write, of a person who asked",
    "ledger.vacuum": "housekeeping, safe to repeat",
    "channel.find": "the question after a crash while sending: reached only by a crash",
}


def test_every_call_of_a_tick_is_crashed_somewhere() -> None:
    """A new call cannot be added without being covered."""
    seen: set[str] = set()
    for name in STORIES:
        tell(name, fuse := Fuse())
        seen.update(fuse.calls)

    ours = {"tracker": Tracker, "executor": Executor, "stage": Stage, "channel": Channel, "ledger": Ledger}
    offered = {
        f"{name}.{method}"
        for name, port in ours.items()
        for method in vars(port)
        if not method.startswith("_") and callable(getattr(port, method))
    } - {"executor.link"}
    assert offered - seen == set(ELSEWHERE)
