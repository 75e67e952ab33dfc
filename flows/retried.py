"""Offer the ports again, each call to the outside as a named Prefect task with the retries that suit it.

The ledger, the clock and the channels stay as they are. The ledger is our own and answers at once or not at all; its
calls are not worth an object in Prefect's database each. The channels ring outside the flows.
"""

from __future__ import annotations

from contextlib import ExitStack
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from prefect import Task, tags
from prefect.cache_policies import NO_CACHE
from prefect.exceptions import MissingResult

from afk.core.model import IssueRef
from afk.ports import PortError
from flows.batches import Batch, may_pass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from threading import Event

    from prefect.client.schemas.objects import State, TaskRun

    from afk.ports import Executor, Ports, Stage, Tracker

ONCE: tuple[float, ...] = ()
SOON: tuple[float, ...] = (1.0, 3.0)  # seconds, each ± half: two more tries fit into a tick
JITTER = 0.5

READ = "a read changes nothing"
SETS = "sets what may be set already"
KEYED = "carries its command id: the executor knows it again"
LISTED_LATE = "a comment whose answer was lost may not be listed yet: the next tick looks for it before it writes"


@dataclass(frozen=True, slots=True)
class Rule:
    """How one port method becomes a task: its name, when it is tried again, and why it may be."""

    task: str
    delays: tuple[float, ...]
    why: str
    subject: Callable[..., object] | None = None  # finds in the arguments what the run is named after
    key_of: Callable[[Any], object] | None = None  # how a batch names each of its subjects in the answer


def _nth(place: int) -> Callable[..., object]:
    return lambda *args: args[place]


def _ref(*args: Any) -> IssueRef:
    return cast("IssueRef", args[0].ref)


def _itself(subject: object) -> object:
    return subject


def _repo(repo: Any) -> object:
    return repo.name


def _asked(ask: Any) -> object:
    return ask.repo.name


def _titled(*args: Any) -> object:
    """A thread's title begins with the issue it is for."""
    first = args[0].title.partition(" ")[0]
    try:
        return IssueRef.parse(first)
    except ValueError:
        return args[0].thread_id


def _thread(*args: Any) -> object:
    return args[0].thread_id


RULES = {
    "tracker.boards": Rule("ready issues", SOON, READ, key_of=_repo),
    "tracker.issues": Rule("issues asked for", SOON, READ, key_of=_itself),
    "tracker.vet": Rule("trust and blockers", SOON, READ, key_of=_ref),
    "tracker.brief": Rule("brief", SOON, READ, _ref),
    "tracker.track": Rule("issues in progress", SOON, READ, key_of=_ref),
    "tracker.add_label": Rule("label", SOON, SETS, _nth(0)),
    "tracker.remove_label": Rule("unlabel", SOON, SETS, _nth(0)),
    "tracker.put_comment": Rule("comment", ONCE, LISTED_LATE, _nth(0)),
    "tracker.close": Rule("close", SOON, SETS, _nth(0)),
    "tracker.reopen": Rule("reopen", SOON, SETS, _nth(0)),
    "executor.fleet": Rule("fleet", SOON, READ),
    "executor.open": Rule("start", SOON, KEYED, _titled),
    "executor.send": Rule("send", SOON, KEYED, _thread),
    "executor.answer": Rule("answer", SOON, KEYED, _thread),
    "executor.interrupt": Rule("interrupt", SOON, KEYED, _nth(0)),
    "executor.transcript": Rule("transcript", SOON, READ, _nth(0)),
    "stage.read": Rule("CI", SOON, READ, key_of=_asked),
}
ASKS_NOBODY = frozenset({"executor.link"})


class Abandoned(BaseException):
    """The tick is past its deadline: it asks nobody any more. No `except Exception` on the way may hold it up."""


@dataclass(frozen=True, slots=True)
class _Call:
    name: str
    make: Callable[[], Any]


_CALL: ContextVar[_Call] = ContextVar("call")


def worth_another_try(_task: Any, _run: TaskRun, state: State[Any]) -> bool:
    try:
        return may_pass(state.result(raise_on_failure=False))
    except MissingResult:
        return False


def _task(rule: Rule) -> Task[[], Any]:
    def ask() -> Any:
        return _CALL.get().make()

    return Task(
        fn=ask,
        name=rule.task,
        description=rule.why,
        task_run_name=lambda: _CALL.get().name,
        retries=len(rule.delays),
        retry_delay_seconds=list(rule.delays) or None,
        retry_jitter_factor=JITTER,
        retry_condition_fn=worth_another_try,
        cache_policy=NO_CACHE,
        persist_result=False,
    )


TASKS = {call: _task(rule) for call, rule in RULES.items()}


class Retried:
    """One port whose every call is a task. A method without a rule is refused, not passed on in silence."""

    def __init__(
        self, port: Any, system: str, threads: Mapping[str, IssueRef], abandoned: Event, label: str = ""
    ) -> None:
        self._port = port
        self._system = system
        self._threads = threads
        self._abandoned = abandoned
        self._label = label

    def __getattr__(self, method: str) -> Any:
        call = f"{self._system}.{method}"
        found = getattr(self._port, method)
        if call in ASKS_NOBODY:
            return found
        if call not in RULES:
            raise AttributeError(f"{call} has no rule in flows/retried.py")
        return lambda *args, **kwargs: self._run(call, found, args, kwargs)

    def _run(self, call: str, method: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self._abandoned.is_set():
            raise Abandoned
        rule = RULES[call]
        subject: object = rule.subject(*args) if rule.subject else self._label
        if isinstance(subject, str):
            subject = self._threads.get(subject, subject)
        name = f"{rule.task} {subject}".strip()
        with ExitStack() as context:
            if isinstance(subject, IssueRef):
                context.enter_context(tags(f"repo:{subject.repo}", f"issue:{subject}"))
            if rule.key_of is not None:
                return self._run_batch(call, name, Batch(method, args[0], rule.key_of))
            return self._try(call, name, lambda: method(*args, **kwargs))

    def _run_batch(self, call: str, name: str, batch: Batch) -> Any:
        """What may pass counts as failed in Prefect's pages; for the tick it is the answer about that subject alone."""
        try:
            return self._try(call, name, batch.once)
        except PortError:
            if not batch.answers:
                raise
            return batch.answers

    def _try(self, call: str, name: str, ask: Callable[[], Any]) -> Any:
        def unless_abandoned() -> Any:
            if self._abandoned.is_set():
                raise Abandoned
            return ask()

        token = _CALL.set(_Call(name, unless_abandoned))
        try:
            return TASKS[call]()
        finally:
            _CALL.reset(token)


def retried(ports: Ports, threads: Mapping[str, IssueRef], abandoned: Event) -> Ports:
    """The same ports; `threads` tells which issue a thread is about."""
    return replace(
        ports,
        tracker=cast("Tracker", Retried(ports.tracker, "tracker", threads, abandoned)),
        executor=cast("Executor", Retried(ports.executor, "executor", threads, abandoned)),
        stages={
            kind: cast("Stage", Retried(stage, "stage", threads, abandoned, kind.value))
            for kind, stage in ports.stages.items()
        },
    )
