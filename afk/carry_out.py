"""Carry out the effects that are due for one run, through the ports, and record each as it happened.

The caller holds the run. An effect that nobody answers ends this tick's work on the run; one that is refused is passed
over, and the run's end waits for it a while.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, assert_never

from afk.core import effects as fx
from afk.core import wording
from afk.core.checklist import checklist
from afk.core.gates import held_by
from afk.core.identifiers import doorbell_key, marker, message_id, thread_id
from afk.core.records import Change, Doorbell, DoorbellKind
from afk.core.run import Outcome, Reason
from afk.ports import Gone, PortError, Refused, ThreadOrder, TurnOrder, Unexpected

if TYPE_CHECKING:
    from datetime import datetime

    from afk.core.config import Config
    from afk.core.run import Run, Turn
    from afk.core.run_state_machine import TurnState
    from afk.ports import Ports


@dataclass(slots=True)
class Progress:
    """How far the effects of one run got in this tick."""

    run: Run
    done: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    refused: bool = False


class Moved(Exception):
    """The run has changed since it was read; whoever changed it goes on with it."""


def carry_out(
    ports: Ports,
    config: Config,
    run: Run,
    turn: TurnState,
    *,
    is_open: bool | None,
    may_start_turns: bool,
    now: datetime,
) -> Progress:
    progress = Progress(run)
    for effect in fx.due(run, config, turn, is_open=is_open, may_start_turns=may_start_turns):
        if _must_wait(effect, progress, config, now):
            break
        if isinstance(effect, fx.OpenThread | fx.SendTurn) and held_by(config, ports.ledger.switches()):
            break  # the kill switch was thrown while this tick was reading
        try:
            _perform(ports, config, progress, effect, now)
        except (Refused, Unexpected) as error:
            progress.troubles.append(str(error))
            progress.refused = True
            if isinstance(effect, fx.OpenThread | fx.SendTurn):
                _count_refusal(ports, progress, effect.turn, error)
            if run.outcome is None:
                break
        except Gone as error:
            progress.troubles.append(str(error))
            if run.outcome is None:
                break
        except PortError as error:
            progress.troubles.append(str(error))
            if isinstance(effect, fx.OpenThread):
                _remember(ports, progress, error)
            if not isinstance(effect, fx.Interrupt):  # the hand-over to people does not wait for the executor
                break
        except Moved:
            progress.troubles.append("changed by another tick")
            break
        else:
            progress.done.append(type(effect).__name__)
    return progress


def _must_wait(effect: fx.Effect, progress: Progress, config: Config, now: datetime) -> bool:
    """An ended run is not finished while its agent lives or an effect is refused, but no longer than the limits say."""
    ended = progress.run.outcome_at or now
    if isinstance(effect, fx.AwaitStop):
        return now < ended + timedelta(seconds=config.limits.close_defer_seconds)
    if isinstance(effect, fx.Finish | fx.Release):
        return progress.refused and now < ended + timedelta(seconds=config.limits.start_max_seconds)
    return False


def _record(ports: Ports, progress: Progress, change: Change) -> None:
    changed = ports.ledger.apply(change)
    if changed is None:
        raise Moved
    progress.run = changed


def _perform(ports: Ports, config: Config, progress: Progress, effect: fx.Effect, now: datetime) -> None:
    run = progress.run
    match effect:
        case fx.OpenThread(turn):
            _open(ports, config, progress, turn)
        case fx.SendTurn(turn):
            _send(ports, progress, turn)
        case fx.Interrupt(turn):
            ports.executor.interrupt(run.thread_id, turn or None, f"{run.id}/interrupt/{len(run.turns)}")
        case fx.AddLabel(label):
            ports.tracker.add_label(run.ref, label)
        case fx.RemoveLabel(label):
            ports.tracker.remove_label(run.ref, label)
        case fx.MarkLabelled():
            _record(ports, progress, Change(run, {"labelled_at": ports.clock.now()}))
        case fx.PutChecklist():
            body = checklist(run, config.hosts)
            comment = ports.tracker.put_comment(run.ref, marker(run.id, "checklist"), body, run.comment_id)
            _record(ports, progress, Change(run, {"comment_id": comment, "checklist": body}))
        case fx.PutEnding(mark, body):
            ports.tracker.put_comment(run.ref, mark, f"{mark}\n{body}", "")
        case fx.MarkStarted():
            _record(ports, progress, Change(run, {"started_at": ports.clock.now()}))
        case fx.Close():
            ports.tracker.close(run.ref)
        case fx.Reopen():
            ports.tracker.reopen(run.ref)
        case fx.Release(doorbell):
            _release(ports, progress, doorbell, now)
        case fx.AwaitStop():
            pass
        case fx.Finish():
            _record(ports, progress, Change(run, {"finished_at": ports.clock.now()}))
        case _:
            assert_never(effect)


def _open(ports: Ports, config: Config, progress: Progress, turn: Turn) -> None:
    run = progress.run
    repo = config.repos.get(run.ref.repo)
    if repo is None:
        raise Refused(f"{run.ref}: the repository is not enrolled any more")
    thread = thread_id(run.id, turn.generation)
    order = ThreadOrder(thread, repo, f"{run.ref} {run.title}", message_id(run.id, turn.number), turn.text, turn.tries)
    receipt = ports.executor.open(order)
    sent = replace(turn, sent_at=ports.clock.now(), receipt=receipt)
    fields = {"thread_id": thread, "thread_url": ports.executor.link(thread), "thread_turn": "", "thread_revision": ""}
    _record(ports, progress, Change(run, fields, turns=(sent,)))


def _send(ports: Ports, progress: Progress, turn: Turn) -> None:
    run = progress.run
    order = TurnOrder(run.thread_id, message_id(run.id, turn.number), turn.text, turn.tries)
    receipt = ports.executor.answer(order, turn.question) if turn.question else ports.executor.send(order)
    _record(ports, progress, Change(run, turns=(replace(turn, sent_at=ports.clock.now(), receipt=receipt),)))


def _count_refusal(ports: Ports, progress: Progress, turn: Turn, error: PortError) -> None:
    """The next try carries another command id: a refused one stays refused for ever."""
    change = Change(progress.run, {"detail": str(error)}, turns=(replace(turn, tries=turn.tries + 1),))
    progress.run = ports.ledger.apply(change) or progress.run


def _remember(ports: Ports, progress: Progress, error: PortError) -> None:
    """Why a start does not succeed, for the day it is given up."""
    if progress.run.detail != str(error):
        progress.run = ports.ledger.apply(Change(progress.run, {"detail": str(error)})) or progress.run


def _release(ports: Ports, progress: Progress, doorbell: str, now: datetime) -> None:
    """Ring `done`; or, where the tracker would not close the issue, ring for a person instead."""
    run = progress.run
    assert run.outcome is Outcome.DONE
    if not progress.refused:
        _record(ports, progress, Change(run, release=(doorbell,)))
        return
    text = wording.not_closed(progress.troubles[-1])
    key = doorbell_key(run.id, DoorbellKind.NEEDS_HUMAN.value)
    instead = Doorbell(key, DoorbellKind.NEEDS_HUMAN, now, run.ref, run.id, text=text)
    _record(ports, progress, Change(run, {"reason": Reason.NOT_CLOSED, "detail": text}, doorbells=(instead,)))
