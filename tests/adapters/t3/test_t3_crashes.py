"""However often an order is repeated, and whatever happens on the way, its effect takes place once."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from afk.adapters.t3 import T3Executor
from afk.core.model import ThreadStatus
from afk.ports import PortError, Refused, TurnOrder, Unexpected
from afk.sandbox.faults import Fault, Trouble
from afk.sandbox.t3 import T3Server
from afk.sandbox.t3.quirks import Quirks
from tests.adapters.t3.replies import ORDER, settings, watched

COMMANDS = r"^(POST /api/orchestration/dispatch|POST /api/projects/mutate|RPC orchestration\.dispatchCommand)"
TROUBLES = {
    "dropped-before": Fault(Trouble.DROP_BEFORE, COMMANDS),
    "dropped-after": Fault(Trouble.DROP_AFTER, COMMANDS),
    "refused-by-a-proxy": Fault(Trouble.STATUS, COMMANDS, status=502),
    "done-and-refused-by-a-proxy": Fault(Trouble.STATUS_AFTER, COMMANDS, status=502),
    "half-an-answer-before": Fault(Trouble.INVALID_JSON, COMMANDS),
    "half-an-answer-after": Fault(Trouble.TRUNCATED, COMMANDS),
}


class Wall:
    def now(self):
        return datetime.now(UTC)  # noqa: TID251 - the simulated server keeps real time

    def new_id(self):
        return "x"


@contextmanager
def cockpit(protocol, **switches):
    with T3Server(protocol=protocol, **switches) as server:
        token = SecretStr(server.issue_token())
        with T3Executor(settings(server.url, token=token), Wall()) as executor:
            yield server, executor


def again_and_again(act, order):
    """As the product does it: another try after a refusal, the same one after anything else."""
    for _ in range(8):
        try:
            return act(order)
        except (Refused, Unexpected):
            order = replace(order, tries=order.tries + 1)
        except PortError:
            continue
    raise AssertionError("it never succeeds")


def effects(server, thread_id="t-1"):
    said = [message.id for message in server.messages(thread_id) if message.role == "user"]
    return len(server.projects), len(server.threads), said, len(server.turns(thread_id))


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("passed", [0, 1, 2], ids=["project", "thread", "turn"])
@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
@pytest.mark.parametrize("protocol", [1, 2])
def test_an_order_to_open_is_carried_out_once(protocol, trouble, passed, times):
    with cockpit(protocol) as (server, executor):
        if passed:
            server.faults.add(Fault(Trouble.SLOW, COMMANDS, times=passed))
        server.faults.add(replace(trouble, times=times))
        receipt = again_and_again(executor.open, ORDER)

        assert effects(server) == (1, 1, ["m-1"], 1)
        assert executor.fleet([watched(receipt=receipt)])["t-1"].status is ThreadStatus.STARTING


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
@pytest.mark.parametrize("protocol", [1, 2])
def test_a_follow_up_is_said_once(protocol, trouble, times):
    with cockpit(protocol) as (server, executor):
        executor.open(ORDER)
        server.agent_starts("t-1")
        server.agent_finishes("t-1", "Done.")
        server.faults.add(replace(trouble, times=times))
        again_and_again(executor.send, TurnOrder("t-1", "m-2", "CI is red"))

        assert effects(server) == (1, 1, ["m-1", "m-2"], 2)


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
@pytest.mark.parametrize("protocol", [1, 2])
def test_an_answer_is_given_once(protocol, trouble):
    with cockpit(protocol) as (server, executor):
        executor.open(ORDER)
        server.agent_starts("t-1")
        asked = server.agent_asks("t-1", {"Which database?": ["Postgres"]})
        server.faults.add(replace(trouble, times=2))
        again_and_again(lambda order: executor.answer(order, asked), TurnOrder("t-1", "m-2", "postgres"))

        (request,) = server.requests("t-1")
        assert list(request.answers.values()) == ["Postgres"]
        assert effects(server) == (1, 1, ["m-1"], 1)


@pytest.mark.parametrize("protocol", [1, 2])
def test_orders_come_through_while_reads_lag_behind(protocol):
    with cockpit(protocol) as (server, executor):
        executor.open(ORDER)
        server.agent_starts("t-1")
        server.agent_finishes("t-1")
        seen = executor.fleet([watched()])["t-1"].turn
        server.next_reads_lag(3)
        follow_up = TurnOrder("t-1", "m-2", "CI is red")
        receipts = {executor.send(follow_up) for _ in range(3)}
        fleet = executor.fleet([watched(message_id="m-2", before=seen, receipt=receipts.pop())])

        assert fleet["t-1"].status is ThreadStatus.STARTING
        assert effects(server) == (1, 1, ["m-1", "m-2"], 2)


def test_an_upgrade_between_the_order_and_its_repeat_starts_no_second_agent():
    """Receipts are not taken over, what was said is."""
    with cockpit(1) as (server, executor):
        executor.open(ORDER)
        server.upgrade_to(2)
        executor.open(ORDER)
        executor.open(replace(ORDER, tries=1))

        assert effects(server) == (1, 1, ["m-1"], 1)


def test_an_upgrade_in_mid_run_goes_on_in_the_other_protocol():
    with cockpit(1) as (server, executor):
        executor.open(ORDER)
        server.agent_starts("t-1")
        server.agent_finishes("t-1", "Done.")
        server.upgrade_to(2)
        executor.send(TurnOrder("t-1", "m-2", "CI is red"))
        server.agent_starts("t-1")

        assert executor.fleet([watched(message_id="m-2", before="turn-of-v1")])["t-1"].status is ThreadStatus.RUNNING
        assert executor.transcript("t-1").messages == ("Done.",)


@pytest.mark.parametrize("protocol", [1, 2])
def test_a_project_that_was_deleted_is_replaced(protocol):
    with cockpit(protocol) as (server, executor):
        executor.open(ORDER)
        (first,) = server.projects
        with server.lock:
            server.engine.world.projects[first].deleted_at = "2026-06-15T10:00:00.000Z"
        executor.open(replace(ORDER, thread_id="t-2", message_id="m-9"))

        assert server.threads["t-2"].project_id != first
        assert len(server.projects) == 2


@pytest.mark.parametrize("protocol", [1, 2])
def test_a_server_that_starts_agents_at_its_own_pace_is_waited_for(protocol):
    with cockpit(protocol, auto_start=True, start_after_reads=3) as (_, executor):
        receipt = executor.open(ORDER)
        seen = [executor.fleet([watched(receipt=receipt)])["t-1"].status.value for _ in range(5)]

        assert seen[0] == "starting"
        assert seen[-1] == "running"
        assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize("protocol", [1, 2])
def test_an_agent_that_does_not_obey_an_interrupt_is_not_called_stopped(protocol):
    with cockpit(protocol, quirks=Quirks(obeys_interrupts=False)) as (server, executor):
        receipt = executor.open(ORDER)
        server.agent_starts("t-1")
        turn = executor.fleet([watched(receipt=receipt)])["t-1"].turn
        executor.interrupt("t-1", turn, "key")
        before = executor.fleet([watched(receipt=receipt)])["t-1"].status
        server.agent_stops("t-1")

        assert before is ThreadStatus.RUNNING
        assert executor.fleet([watched(receipt=receipt)])["t-1"].status is ThreadStatus.INTERRUPTED


@pytest.mark.parametrize("protocol", [1, 2])
def test_a_reaped_session_is_no_failure_and_a_lost_one_is(protocol):
    with cockpit(protocol) as (server, executor):
        receipt = executor.open(ORDER)
        server.agent_starts("t-1")
        server.agent_finishes("t-1")
        server.session_reaped("t-1")
        reaped = executor.fleet([watched(receipt=receipt)])["t-1"]
        receipt = executor.send(TurnOrder("t-1", "m-2", "more"))
        server.agent_starts("t-1")
        server.restart()
        lost = executor.fleet([watched(message_id="m-2", before=reaped.turn, receipt=receipt)])["t-1"]

        assert reaped.status is ThreadStatus.ENDED
        assert lost.status is ThreadStatus.FAILED
        assert lost.error


@pytest.mark.parametrize("protocol", [1, 2])
def test_a_follow_up_that_cannot_start_fails_although_the_turn_before_succeeded(protocol):
    with cockpit(protocol) as (server, executor):
        receipt = executor.open(ORDER)
        server.agent_starts("t-1")
        server.agent_finishes("t-1")
        before = executor.fleet([watched(receipt=receipt)])["t-1"].turn
        receipt = executor.send(TurnOrder("t-1", "m-2", "more"))
        server.provider_fails_to_start("t-1", "no such model")
        thread = executor.fleet([watched(message_id="m-2", before=before, receipt=receipt)])["t-1"]

        assert (thread.status, thread.error) == (ThreadStatus.FAILED, "no such model")
