"""Tell Prefect what a tick did: the run's name and tags, artifacts, events. None of it may fail the tick."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from prefect import get_client
from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact
from prefect.context import FlowRunContext
from prefect.events import emit_event
from prefect.logging import get_run_logger

from afk.core.model import IssueRef
from afk.core.text import plain
from flows import pages
from flows.snapshot import happened
from flows.states import run_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from afk.core.records import Command
    from afk.report import Report
    from flows.snapshot import Happening, Snapshot

TAGS_MAX = 40


async def tell(
    report: Report, before: Snapshot, after: Snapshot, wishes: Mapping[str, Command], hosts: Collection[str]
) -> None:
    """Nothing changed, nothing written: a quiet tick costs one row. Links open `hosts` alone."""
    happenings = tuple(happened(before, after))
    with _never_fails("name and tags"):
        await _describe(report, after, happenings, wishes)
    with _never_fails("artifacts"):
        await _write(before, after, wishes, hosts)
    with _never_fails("events"):
        for happening in happenings:
            _emit(happening, wishes.get(happening.run.id))


@contextmanager
def _never_fails(what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # noqa: BLE001 - the tick is done and in the ledger; this is only its picture
        get_run_logger().warning("%s of this run could not be written: %s", what, error)


async def _describe(
    report: Report, after: Snapshot, happenings: Iterable[Happening], wishes: Mapping[str, Command]
) -> None:
    name = run_name(report, len(after.fleet))
    subjects = [line.subject for line in (*report.done, *report.troubles)]
    new = _tags([*subjects, *(str(each.run.ref) for each in happenings)])
    for each in happenings:
        if each.what == "started" and each.run.id in wishes:
            new += whose(wishes[each.run.id])
    if name != report.tick or new:
        await describe(name, new)


async def describe(name: str, new_tags: Iterable[str]) -> None:
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        return
    run = context.flow_run
    async with get_client() as client:
        await client.update_flow_run(run.id, name=name, tags=sorted({*run.tags, *new_tags}))


def _tags(subjects: Iterable[str]) -> list[str]:
    """`repo:infra` and `issue:infra#42`, for a subject that is one."""
    found: dict[str, None] = {}
    for subject in subjects:
        try:
            found |= dict.fromkeys(tags_of(IssueRef.parse(subject)))
        except ValueError:
            continue
    return list(found)[:TAGS_MAX]


def whose(wish: Command) -> list[str]:
    """By these the run that a click caused is found from the click, and the click from the run."""
    return [f"requested-by:{plain(wish.actor, 80)}", f"via:{wish.via.value}"]


def tags_of(ref: IssueRef) -> tuple[str, str]:
    return f"repo:{ref.repo}", f"issue:{ref}"


async def _write(before: Snapshot, after: Snapshot, wishes: Mapping[str, Command], hosts: Collection[str]) -> None:
    fleet, why_not = pages.fleet(after, hosts), pages.why_not(after)
    if fleet != pages.fleet(before, hosts):
        await acreate_table_artifact(key="fleet", table=fleet, description=f"{len(fleet)} runs in flight")
    if why_not != pages.why_not(before):
        await acreate_table_artifact(key="why-not", table=why_not, description="The latest decision on each candidate")
    for run in after.runs.values():
        page, old = pages.page(run, hosts, wishes.get(run.id)), before.runs.get(run.id)
        if old is None or page != pages.page(old, hosts, wishes.get(run.id)):
            await acreate_markdown_artifact(key=pages.key_of(run), markdown=page, description=str(run.ref))


def _emit(happening: Happening, wish: Command | None) -> None:
    """`afk.run.started` and so on, about one resource per issue."""
    run = happening.run
    payload: dict[str, Any] = {
        "issue": str(run.ref),
        "run": run.id,
        "attempt": run.attempt,
        "title": run.title,
        "commit": run.commit,
        "detail": run.detail,
        "issue_url": run.url,
        "thread_url": run.thread_url,
        "requested_by": run.requested_by,
        "requested_via": wish.via.value if wish is not None else "",
    }
    resource = {
        "prefect.resource.id": f"afk.issue.{run.ref.repo}.{run.ref.number}",
        "prefect.resource.name": str(run.ref),
        "afk.repo": run.ref.repo,
        "afk.issue": str(run.ref),
    }
    emit_event(f"afk.run.{happening.what}", resource=resource, payload=payload)
