"""Offer what a person may ask of AFK: the same verbs as in Slack."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from afk import tables
from afk.cli.desk import AsJson, answer, console, open_desk, print_json
from afk.core import wording
from afk.core.durations import LEGAL, parse_duration
from afk.core.model import IssueRef

app = typer.Typer()

Because = Annotated[str, typer.Option("--because", help="The reason, for the audit log.")]


def _issue(text: str) -> IssueRef:
    try:
        return IssueRef.parse(text)
    except ValueError as error:
        raise typer.BadParameter(f"{error}; write it as infra#42") from None


def _span(text: str) -> str:
    try:
        parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return text


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
        shown = console()
        for part in tables.status_lines(current):
            shown.print(part)


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
            console().print(tables.runs_table(history, desk.now))
        else:
            sys.stdout.write("There is no run yet. Hint: afk status\n")


@app.command()
def arm(
    repo: Repository,
    *,
    span: Annotated[
        str, typer.Option("--for", callback=lambda text: _span(text) if text else "", help=f"How long, {LEGAL}.")
    ] = "",
    because: Because = "",
    as_json: AsJson = False,
) -> None:
    """Let AFK start agents in a repository that the operator enrolled."""
    with open_desk() as desk:
        until = desk.now + parse_duration(span) if span else None
        text = desk.operations.arm(repo, desk.person, desk.now, until, because)
        answer(text, as_json=as_json, repo=repo, until=until.isoformat() if until else None)


@app.command()
def disarm(repo: Repository, *, because: Because = "", as_json: AsJson = False) -> None:
    """Start nothing new in a repository; a run in flight goes on to its end."""
    with open_desk() as desk:
        answer(desk.operations.disarm(repo, desk.person, desk.now, because), as_json=as_json, repo=repo)


@app.command()
def kill(
    *,
    now: Annotated[bool, typer.Option("--now", help="Interrupt what runs, too.")] = False,
    because: Because = "",
    as_json: AsJson = False,
) -> None:
    """Throw the kill switch: no new run and no new turn anywhere."""
    with open_desk() as desk:
        text = desk.operations.kill(desk.person, desk.now, desk.key, stop_all=now, because=because)
        answer(text, as_json=as_json)


@app.command()
def resume(*, because: Because = "", as_json: AsJson = False) -> None:
    """Release the kill switch."""
    with open_desk() as desk:
        answer(desk.operations.resume(desk.person, desk.now, because), as_json=as_json)


@app.command()
def redispatch(issue: Issue, *, as_json: AsJson = False) -> None:
    """Start a new attempt at an issue whose run has ended."""
    with open_desk() as desk:
        answer(desk.operations.redispatch(issue, desk.person, desk.now), as_json=as_json, issue=str(issue))


@app.command()
def stop(issue: Issue, *, as_json: AsJson = False) -> None:
    """Interrupt the run of an issue and end it, or withdraw a re-run that has not started."""
    with open_desk() as desk:
        answer(desk.operations.stop(issue, desk.person, desk.now, desk.key), as_json=as_json, issue=str(issue))


@app.command()
def say(issue: Issue, words: Annotated[str, typer.Argument(metavar="WORDS")], *, as_json: AsJson = False) -> None:
    """Tell the agent something, or answer its question."""
    with open_desk() as desk:
        text = desk.operations.say(issue, words, desk.person, desk.now, desk.key)
        answer(text, as_json=as_json, issue=str(issue))
