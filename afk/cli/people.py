"""Offer what a person may ask of AFK: the same verbs as in Slack."""

from __future__ import annotations

import sys
from datetime import timedelta  # noqa: TC003 - typer reads it
from typing import Annotated

import typer

from afk import tables
from afk.cli.desk import AsJson, answer, open_desk, print_json, show
from afk.core import wording
from afk.core.durations import LEGAL, parse_duration
from afk.core.model import IssueRef
from afk.core.spoken import parse_reason, parse_words

app = typer.Typer()


def _issue(text: str) -> IssueRef:
    try:
        return IssueRef.parse(text)
    except ValueError as error:
        raise typer.BadParameter(f"{error}; write it as infra#42") from None


def _span(text: str) -> timedelta:
    if not text.strip():
        raise typer.BadParameter(f"it is empty; write a span of time, {LEGAL}, or leave it out: {wording.ENDLESS}")
    try:
        return parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _reason(text: str) -> str:
    try:
        return parse_reason(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


Because = Annotated[
    str | None, typer.Option("--because", parser=_reason, metavar="WORDS", help="The reason, for the audit log.")
]
Issue = Annotated[IssueRef, typer.Argument(parser=_issue, metavar="REPO#NUMBER", help="Such as infra#42.")]
Repository = Annotated[str, typer.Argument(metavar="REPO", help="The short name of an enrolled repository.")]


@app.command()
def status(*, as_json: AsJson = False) -> None:
    """Show what is armed, running and waiting."""
    with open_desk() as desk:
        current = desk.operations.status(desk.now)
        if as_json:
            print_json(tables.status_json(current))
            return
        show(tables.status_lines(current))


@app.command()
def why(issue: Issue, *, as_json: AsJson = False) -> None:
    """Say why an issue does not start."""
    with open_desk() as desk:
        decision = desk.operations.why(issue, desk.now)
        if as_json:
            print_json(tables.why_json(decision))
        else:
            sys.stdout.write(f"{issue}: {wording.why_not(decision)} [{decision.code}]\n")


@app.command()
def runs(
    issue: Annotated[IssueRef | None, typer.Argument(parser=_issue, metavar="[REPO#NUMBER]")] = None,
    *,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many, newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show the history of runs, newest first."""
    with open_desk() as desk:
        history = desk.operations.runs(issue, limit)
        if as_json:
            print_json([tables.run_json(run) for run in history])
        elif history:
            show([tables.runs_table(history, desk.now)])
        else:
            sys.stdout.write("There is no run yet. Hint: afk status\n")


@app.command()
def arm(
    repo: Repository,
    *,
    span: Annotated[
        timedelta | None,
        typer.Option("--for", parser=_span, metavar="TIME", help=f"How long, {LEGAL}. Without it, {wording.ENDLESS}."),
    ] = None,
    because: Because = None,
    as_json: AsJson = False,
) -> None:
    """Let agents start in an enrolled repository."""
    with open_desk() as desk:
        until = desk.now + span if span else None
        text = desk.operations.arm(repo, desk.person, desk.now, until, because or "")
        answer(text, as_json=as_json, repo=repo, until=until.isoformat() if until else None)


@app.command()
def disarm(repo: Repository, *, because: Because = None, as_json: AsJson = False) -> None:
    """Start nothing new in a repository. A run in flight goes on to its end."""
    with open_desk() as desk:
        answer(desk.operations.disarm(repo, desk.person, desk.now, because or ""), as_json=as_json, repo=repo)


@app.command()
def kill(
    *,
    now: Annotated[bool, typer.Option("--now", help="Interrupt what runs, too.")] = False,
    because: Because = None,
    as_json: AsJson = False,
) -> None:
    """Throw the kill switch: no new run and no new turn anywhere."""
    with open_desk() as desk:
        text = desk.operations.kill(desk.person, desk.now, desk.key, stop_all=now, because=because or "")
        answer(text, as_json=as_json)


@app.command()
def resume(*, because: Because = None, as_json: AsJson = False) -> None:
    """Release the kill switch."""
    with open_desk() as desk:
        answer(desk.operations.resume(desk.person, desk.now, because or ""), as_json=as_json)


@app.command()
def redispatch(issue: Issue, *, as_json: AsJson = False) -> None:
    """Start a new attempt at an issue whose run has ended."""
    with open_desk() as desk:
        answer(desk.operations.redispatch(issue, desk.person, desk.now), as_json=as_json, issue=str(issue))


@app.command()
def stop(issue: Issue, *, as_json: AsJson = False) -> None:
    """End an issue's run, or withdraw a re-run that waits. The agent is interrupted."""
    with open_desk() as desk:
        answer(desk.operations.stop(issue, desk.person, desk.now, desk.key), as_json=as_json, issue=str(issue))


@app.command()
def say(issue: Issue, words: Annotated[str, typer.Argument(metavar="WORDS")], *, as_json: AsJson = False) -> None:
    """Tell the agent something, or answer its question."""
    with open_desk() as desk:
        text = desk.operations.say(issue, parse_words(words), desk.person, desk.now, desk.key)
        answer(text, as_json=as_json, issue=str(issue))
