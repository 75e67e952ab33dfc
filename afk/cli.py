"""Offer the operations on the command line."""

from __future__ import annotations

import getpass
import json
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console

from afk import doctor, progress, settings, tables, ticking, wiring
from afk.core import wording
from afk.core.checkup import could_run, verdict
from afk.core.config import ConfigError
from afk.core.durations import LEGAL, parse_duration
from afk.core.model import IssueRef
from afk.core.records import Via
from afk.core.text import plain
from afk.demo import play
from afk.operations import Operations, Person, RefusedRequest
from afk.ports import PortError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from afk.ports import Clock

app = typer.Typer(
    name="afk",
    help="Turn triaged issues into tested, deployed code with nobody at the keyboard.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")]
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


@dataclass(frozen=True, slots=True)
class Desk:
    """What a verb works with: the operations, who asks, and the time."""

    operations: Operations
    person: Person
    clock: Clock
    now: datetime

    @property
    def key(self) -> str:
        return f"cli:{self.clock.new_id()}{self.clock.new_id()}"


def _fail(text: str) -> NoReturn:
    """One line that says what, why and the next step."""
    sys.stderr.write(f"afk: {plain(text, 2_000)}\n")
    raise typer.Exit(1)


@contextmanager
def _desk() -> Iterator[Desk]:
    try:
        loaded = settings.read()
        clock = wiring.clock()
        with wiring.ledger(loaded.database_url) as ledger:
            person = Person(_user(), Via.CLI)
            yield Desk(Operations(ledger, loaded.config), person, clock, clock.now())
    except (ConfigError, RefusedRequest, PortError) as error:
        _fail(str(error))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "operator"


def _print_json(facts: Any) -> None:
    sys.stdout.write(json.dumps(facts, indent=2, ensure_ascii=False) + "\n")


def _answer(text: str, *, as_json: bool, **facts: Any) -> None:
    if as_json:
        _print_json({"result": text, **facts})
    else:
        sys.stdout.write(text + "\n")


def _console() -> Console:
    wide = None if sys.stdout.isatty() else 200
    return Console(width=wide, markup=False, highlight=False, soft_wrap=False)


@app.command()
def status(*, as_json: AsJson = False) -> None:
    """Show what is armed, running and waiting."""
    with _desk() as desk:
        current = desk.operations.status(desk.now)
        if as_json:
            _print_json(tables.status_json(current))
            return
        console = _console()
        for part in tables.status_lines(current):
            console.print(part)


@app.command()
def why(issue: Issue, *, as_json: AsJson = False) -> None:
    """Say why an issue does not start."""
    with _desk() as desk:
        decision = desk.operations.why(issue, desk.now)
        if as_json:
            _print_json(tables.why_json(decision))
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
    with _desk() as desk:
        history = desk.operations.runs(issue, limit)
        if as_json:
            _print_json([tables.run_json(run) for run in history])
        elif history:
            _console().print(tables.runs_table(history, desk.now))
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
    with _desk() as desk:
        until = desk.now + parse_duration(span) if span else None
        text = desk.operations.arm(repo, desk.person, desk.now, until, because)
        _answer(text, as_json=as_json, repo=repo, until=until.isoformat() if until else None)


@app.command()
def disarm(repo: Repository, *, because: Because = "", as_json: AsJson = False) -> None:
    """Start nothing new in a repository; a run in flight goes on to its end."""
    with _desk() as desk:
        _answer(desk.operations.disarm(repo, desk.person, desk.now, because), as_json=as_json, repo=repo)


@app.command()
def kill(
    *,
    now: Annotated[bool, typer.Option("--now", help="Interrupt what runs, too.")] = False,
    because: Because = "",
    as_json: AsJson = False,
) -> None:
    """Throw the kill switch: no new run and no new turn anywhere."""
    with _desk() as desk:
        text = desk.operations.kill(desk.person, desk.now, desk.key, stop_all=now, because=because)
        _answer(text, as_json=as_json)


@app.command()
def resume(*, because: Because = "", as_json: AsJson = False) -> None:
    """Release the kill switch."""
    with _desk() as desk:
        _answer(desk.operations.resume(desk.person, desk.now, because), as_json=as_json)


@app.command()
def redispatch(issue: Issue, *, as_json: AsJson = False) -> None:
    """Start a new attempt at an issue whose run has ended."""
    with _desk() as desk:
        _answer(desk.operations.redispatch(issue, desk.person, desk.now), as_json=as_json, issue=str(issue))


@app.command()
def stop(issue: Issue, *, as_json: AsJson = False) -> None:
    """Interrupt the run of an issue and end it."""
    with _desk() as desk:
        _answer(desk.operations.stop(issue, desk.person, desk.now, desk.key), as_json=as_json, issue=str(issue))


@app.command()
def say(issue: Issue, words: Annotated[str, typer.Argument(metavar="WORDS")], *, as_json: AsJson = False) -> None:
    """Tell the agent something, or answer its question."""
    with _desk() as desk:
        text = desk.operations.say(issue, words, desk.person, desk.now, desk.key)
        _answer(text, as_json=as_json, issue=str(issue))


def _tick(name: str, *, as_json: bool) -> None:
    try:
        report = ticking.run(name)
    except (ConfigError, PortError) as error:
        _fail(str(error))
    if as_json:
        _print_json(report.as_json())
        return
    console = _console()
    for part in tables.report_lines(report):
        console.print(part)


@app.command("poll")
def poll_once(*, as_json: AsJson = False) -> None:
    """Run one dispatch tick: start what may start, and say why the rest does not."""
    _tick("poll", as_json=as_json)


@app.command("watch")
def watch_once(*, as_json: AsJson = False) -> None:
    """Run one drive tick: follow every run in flight and take its next step."""
    _tick("watch", as_json=as_json)


@app.command()
def serve() -> None:
    """Run the flows on their schedule, as one process, on the Prefect server that is configured."""
    raise typer.Exit(import_module("flows.serve").main())  # Prefect takes a second to import: nobody else waits for it


@app.command()
def bot(
    *,
    http: Annotated[
        int | None, typer.Option(min=1, max=65_535, help="Listen on this port, instead of Socket Mode.")
    ] = None,
) -> None:
    """Run the Slack bot: commands, buttons, replies, and the delivery of doorbells."""
    raise typer.Exit(import_module("slackbot.main").main(http))


@app.command("doctor")
def examine(*, as_json: AsJson = False) -> None:
    """Check every setting and every outside system, changing nothing, and say what to mend."""
    wanted = doctor.checkups(os.environ, wiring.clock())
    examined = doctor.examine(wanted)
    if as_json:
        found = [finding for _, some in examined for finding in some]
        _print_json({"could_run": could_run(found), "findings": [each.as_json() for each in found]})
    else:
        found = list(progress.shown(wanted, examined, Console(highlight=False)))
        sys.stdout.write(verdict(found) + "\n")
    if not could_run(found):
        raise typer.Exit(1)


@app.command()
def demo() -> None:
    """Play the whole loop on a world in memory; no account needed."""
    if not play(typer.echo):
        _fail("a story did not end as it should. See the lines above, and report it")
    sys.stdout.write("\nEvery story ended as it should. Nothing was kept.\n")


def main() -> None:
    app()


if __name__ == "__main__":
    main()
