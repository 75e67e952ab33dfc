"""Deliver orders so that a repeat after any crash or lost answer has no second effect.

Three things together see to it: command ids that are derived from the order, a look at the thread before anything is
said in it, and another look whenever T3 refuses.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from afk.adapters.t3.body import RequestState
from afk.adapters.t3.names import command_id, project_id, workspace_root
from afk.adapters.t3.wire import Declined
from afk.ports import Gone, Refused, TurnOrder

if TYPE_CHECKING:
    from collections.abc import Callable

    from afk.adapters.t3.body import Dialect, Shell
    from afk.ports import ThreadOrder

TEXT_LIMIT = 120_000  # T3 accepts more, and fails later in the provider
PROJECT_NAMES = 3


def open_thread(dialect: Dialect, order: ThreadOrder, workspace_base: str) -> str:
    _require_fits(order.text)
    turn = TurnOrder(order.thread_id, order.message_id, order.text, order.tries)
    shell = dialect.shell()
    if order.thread_id in shell.threads:
        return deliver(dialect, turn)
    project = _project(dialect, shell, order, workspace_base)
    created = _settled(
        lambda: dialect.create_thread(order, project),
        lambda: _if_there(dialect, order.thread_id),
    )
    is_new = created.isdigit() and int(created) > shell.sequence  # else it was there: archived, or deleted since
    return _said(dialect, turn) if is_new else deliver(dialect, turn)


def deliver(dialect: Dialect, order: TurnOrder) -> str:
    """Say something in a thread: into the running turn if there is one, else it opens a turn."""
    _require_fits(order.text)
    body = dialect.body(order.thread_id)
    if order.message_id in body.heard:
        return str(body.sequence)
    if body.archived:
        with suppress(Refused):  # somebody was faster
            dialect.unarchive(order.thread_id, command_id(order.message_id, "thread.unarchive", order.tries))
    return _said(dialect, order)


def answer(dialect: Dialect, order: TurnOrder, question_id: str) -> str:
    """The first answer counts, whoever gave it. Where nobody waits for one any more, the agent gets the words."""
    body = dialect.body(order.thread_id)
    if order.message_id in body.heard:
        return str(body.sequence)
    request = body.request(question_id)
    if request is None or request.state is RequestState.DEAD:
        return deliver(dialect, order)
    if request.state is RequestState.ANSWERED:
        return str(body.sequence)
    return _settled(
        lambda: dialect.respond(order, request, body),
        lambda: _if_answered(dialect, order.thread_id, question_id),
    )


def interrupt(dialect: Dialect, thread_id: str, turn: str | None, key: str) -> None:
    """Stop the named turn, or whatever runs. A turn that somebody began since is left alone."""
    body = dialect.body(thread_id)
    targets: list[str | None] = [name for name in body.live if turn in {None, name}]
    if not body.live and turn in {None, body.newest}:
        targets = [None]  # one may be about to start
    for target in targets:
        name = command_id(key, "interrupt", 0) if target is None else command_id(key, f"interrupt {target}", 0)
        _settled(
            lambda target=target, name=name: dialect.interrupt(thread_id, target, name),  # type: ignore[misc]
            lambda target=target: _if_over(dialect, thread_id, target),  # type: ignore[misc]
        )


def _said(dialect: Dialect, order: TurnOrder) -> str:
    return _settled(lambda: dialect.say(order), lambda: _if_heard(dialect, order))


def _settled(act: Callable[[], str], effect: Callable[[], str | None]) -> str:
    """After a refusal the state decides. A refusal without a word may have been a fault: the same command once more."""
    try:
        return act()
    except Refused as refusal:
        happened = effect()
        if happened is not None:
            return happened
        if not isinstance(refusal, Declined):
            raise
    return act()


def _if_there(dialect: Dialect, thread_id: str) -> str | None:
    """An empty receipt: the thread was there before."""
    with suppress(Gone):
        dialect.body(thread_id)
        return ""
    return None


def _if_heard(dialect: Dialect, order: TurnOrder) -> str | None:
    body = dialect.body(order.thread_id)
    return str(body.sequence) if order.message_id in body.heard else None


def _if_answered(dialect: Dialect, thread_id: str, question_id: str) -> str | None:
    body = dialect.body(thread_id)
    request = body.request(question_id)
    answered = request is not None and request.state is RequestState.ANSWERED
    return str(body.sequence) if answered else None


def _if_over(dialect: Dialect, thread_id: str, turn: str | None) -> str | None:
    body = dialect.body(thread_id)
    return None if turn in body.live else str(body.sequence)


def _project(dialect: Dialect, shell: Shell, order: ThreadOrder, base: str) -> str:
    """The project of the repository's folder: ours, somebody's who made it by hand, or a new one."""
    root = workspace_root(base, order.repo.slug)
    ours = [project_id(order.repo.slug, root, number) for number in range(PROJECT_NAMES)]
    found = _found(shell, ours, root)
    refusal = Refused(f"t3: project.create {order.repo.slug}: each of its projects was deleted")
    for name in ours:
        if found is not None:
            break
        command = command_id(name, "project.create", order.tries)
        try:
            found = name if dialect.create_project(shell, name, str(order.repo.slug), root, command) else None
        except Refused as error:
            refusal, found = error, _found(dialect.shell(), ours, root)
    if found is None:
        raise refusal
    return found


def _found(shell: Shell, ours: list[str], root: str) -> str | None:
    by_name = next((name for name in ours if name in shell.projects), None)
    return by_name or next((name for name, where in shell.projects.items() if _same(root, where)), None)


def _same(root: str, where: str) -> bool:
    """The server spells a path its own way: `~` in full, no slash at the end."""
    where = where.rstrip("/")
    return where == root or (root.startswith("~/") and where.endswith(root[1:]))


def _require_fits(text: str) -> None:
    units = len(text.encode("utf-16-le", "surrogatepass")) // 2  # JavaScript counts these
    if units > TEXT_LIMIT:
        raise Refused(f"t3: the prompt has {units} characters, T3 takes {TEXT_LIMIT}")
