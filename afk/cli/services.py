"""Offer what runs AFK, and what looks it over: ticks, services, the checkup and the demo."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path  # noqa: TC003 - typer reads it
from typing import Annotated

import typer
from rich.console import Console

from afk import doctor, enrolment, progress, settings, tables, ticking, up, wiring
from afk.cli.desk import AsJson, answer, fail, print_json, show
from afk.core import wording
from afk.core.checkup import could_run, readiness, verdict
from afk.core.config import ConfigError
from afk.core.model import REPO_NAME, ForgeKind, Slug
from afk.ports import PortError

app = typer.Typer()

HealthPort = Annotated[
    int | None, typer.Option("--health", min=1, max=65_535, help="Serve /health, /alive and /metrics on this port.")
]


def _tick(name: str, *, as_json: bool) -> None:
    try:
        report = ticking.run(name)
    except (ConfigError, PortError) as error:
        fail(str(error))
    if as_json:
        print_json(report.as_json())
        return
    show(tables.report_lines(report))


@app.command("poll")
def poll_once(*, as_json: AsJson = False) -> None:
    """Run one dispatch tick: start what may start. It says why the rest does not."""
    _tick("poll", as_json=as_json)


@app.command("watch")
def watch_once(*, as_json: AsJson = False) -> None:
    """Run one drive tick: take each run in flight a step further."""
    _tick("watch", as_json=as_json)


@app.command()
def serve(*, health: HealthPort = None) -> None:
    """Run the flows on their schedule. It is one process, on the Prefect server that is configured."""
    # Prefect takes a second to import: nobody else waits for it.
    raise typer.Exit(import_module("flows.serve").main(health))


@app.command()
def bot(
    *,
    http: Annotated[
        int | None, typer.Option(min=1, max=65_535, help="Listen on this port, instead of Socket Mode.")
    ] = None,
    health: HealthPort = None,
) -> None:
    """Run the Slack bot. It takes commands, buttons and replies, and delivers doorbells."""
    raise typer.Exit(import_module("slackbot.main").main(http, health))


@app.command()
def worker(
    *,
    pool: Annotated[
        str, typer.Option(help="The Prefect work pool, of the type process; made if it is not there.")
    ] = "afk",
    only: Annotated[
        bool, typer.Option("--only", help="This is the only worker of the pool: free what a dead one left.")
    ] = False,
    health: HealthPort = None,
) -> None:
    """Run the flows that a Prefect work pool hands out. `prefect deploy --all` puts them there."""
    raise typer.Exit(import_module("flows.worker").main(pool, only=only, health=health))


@app.command()
def migrate(*, as_json: AsJson = False) -> None:
    """Bring the ledger to the schema of this version. Do it before anything else opens it."""
    try:
        done = wiring.upgraded(settings.ledger_url())
    except (ConfigError, PortError) as error:
        fail(str(error))
    answer(wording.upgraded(done.where, done.before, done.after), as_json=as_json, before=done.before, after=done.after)


@app.command("backup")
def back_up(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file.")], *, as_json: AsJson = False
) -> None:
    """Copy the ledger into a file, while AFK runs."""
    try:
        wiring.copy_ledger(settings.read().database_url, file)
    except (ConfigError, PortError) as error:
        fail(str(error))
    answer(wording.backed_up(str(file)), as_json=as_json, file=str(file))


@app.command("doctor")
def examine(
    *,
    of_bot: Annotated[
        bool, typer.Option("--bot", help="Only what `afk bot` stands on: settings, ledger, Slack, ntfy.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check settings and systems, and say what to mend. It changes nothing."""
    wanted = doctor.checkups(os.environ, wiring.clock(), bot=of_bot)
    examined = doctor.examine(wanted)
    if as_json:
        found = [finding for _, some in examined for finding in some]
        print_json({"could_run": could_run(found), "findings": [each.as_json() for each in found]})
    else:
        found = list(progress.shown(wanted, examined, Console(highlight=False)))
        sys.stdout.write(verdict(found) + "\n")
    if not could_run(found):
        raise typer.Exit(1)


def _slug(text: str) -> Slug:
    try:
        return Slug.parse(text)
    except ValueError as error:
        raise typer.BadParameter(f"{error}, such as acme/infra") from None


def _short_name(text: str) -> str:
    if text and not REPO_NAME.fullmatch(text):
        raise typer.BadParameter("write 1 to 100 letters, digits, '.', '_' or '-'")
    return text


@app.command()
def enroll(
    slug: Annotated[Slug, typer.Argument(parser=_slug, metavar="OWNER/NAME", help="As its forge spells it.")],
    *,
    forge: Annotated[ForgeKind, typer.Option(help="Where it is.")] = ForgeKind.GITHUB,
    name: Annotated[str, typer.Option(callback=_short_name, help="Its short name; without one, its own.")] = "",
    fix: Annotated[bool, typer.Option("--fix", help="Create the labels that are missing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check whether a repository is ready, and say what enrols it."""
    clock = wiring.clock()
    try:
        candidate = enrolment.candidate(slug, forge, name)
    except ConfigError as error:
        fail(str(error))
    wanted = [candidate.checkup(os.environ, clock, fix=fix)]
    examined = doctor.examine(wanted)
    if as_json:
        found = [finding for _, some in examined for finding in some]
        ready = could_run(found)
        rules, todo = (candidate.rules, candidate.steps) if ready else ("", "")
        facts = {"repo": candidate.repo.name, "enrolled": candidate.is_enrolled, "rules": rules, "todo": todo}
        print_json({"ready": ready, **facts, "findings": [each.as_json() for each in found]})
    else:
        found = list(progress.shown(wanted, examined, Console(highlight=False)))
        sys.stdout.write(readiness(str(candidate.repo.slug), found) + "\n")
        if could_run(found) and candidate.steps:
            sys.stdout.write(f"\n{candidate.steps}")
    if not could_run(found):
        raise typer.Exit(1)


@app.command("up")
def run_all(
    *,
    http: Annotated[
        int | None, typer.Option(min=1, max=65_535, help="The bot listens on this port, instead of Socket Mode.")
    ] = None,
) -> None:
    """Run everything on this machine. Prefect if none is configured, the flows, the bot if Slack is configured."""
    raise typer.Exit(up.main(http))


@app.command()
def demo(
    *, stay: Annotated[bool, typer.Option("--stay", help="Keep everything running afterwards, until Ctrl-C.")] = False
) -> None:
    """Play the whole loop among simulated neighbours. It needs no account."""
    raise typer.Exit(import_module("afk.demo").play(stay=stay))  # nobody else needs its servers
