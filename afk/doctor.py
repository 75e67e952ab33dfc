"""Look at every setting and every outside system side by side, and gather what was found."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from afk import settings, wiring
from afk.core.checkup import Checkup, Finding, broken, doubtful, fine
from afk.core.config import ConfigError
from afk.core.text import plain
from afk.variables import unknown_variables
from afk.veil import secrets, veiled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from afk.ports import Clock
    from afk.settings import Settings

SETTINGS, LEDGER = "settings", "ledger"
LONGEST = 1_000
_LAST_CLAUSE = re.compile(r"(?P<what>.+)(?:\. |: )(?P<todo>.+?)\.?")


def checkups(environ: Mapping[str, str], clock: Clock, *, bot: bool = False) -> list[Checkup]:
    """What there is to look at; for the bot, only what the bot stands on. Settings that are not legal go to nobody."""
    try:
        read = settings.read(settings.of_bot(environ) if bot else environ)
    except ConfigError:
        read = None
    found = [
        Checkup(SETTINGS, partial(_settings, environ, read, bot=bot)),
        Checkup(LEDGER, partial(_ledger, environ, read, clock)),
        *(wiring.checkups(read, clock) if read is not None else ()),
    ]
    return [guarded(each, environ) for each in found]


def guarded(checkup: Checkup, environ: Mapping[str, str]) -> Checkup:
    """One that breaks hides nothing that the others found, and quotes no secret."""
    return Checkup(checkup.system, partial(_guarded, checkup, secrets(environ)))


def examine(wanted: Iterable[Checkup]) -> Iterator[tuple[Checkup, list[Finding]]]:
    """All at once, told in their order."""
    checkups = list(wanted)
    with ThreadPoolExecutor(max(1, len(checkups))) as pool:
        running = [pool.submit(_gathered, each) for each in checkups]
        for each, run in zip(checkups, running, strict=True):
            yield each, run.result()


def _gathered(checkup: Checkup) -> list[Finding]:
    return list(checkup.look())


def _settings(environ: Mapping[str, str], read: Settings | None, *, bot: bool) -> Iterator[Finding]:
    problems = settings.problems(environ, bot=bot)
    for problem in problems:
        yield broken(SETTINGS, "environment and rules", *_halves(problem))
    for stranger in unknown_variables(environ):
        yield doubtful(SETTINGS, "environment", *_halves(stranger))
    if read is None:
        yield doubtful(SETTINGS, "systems", "none was asked", "Mend the settings, then run `afk doctor` again")
        return
    source = read.rules_file or "AFK_ALLOWLIST"
    if not bot:
        yield from _unconfigured(read)
    if read.config.repos:
        yield fine(SETTINGS, "enrolled", f"{', '.join(read.config.repos)} (by {source})")
    else:
        todo = "Set AFK_ALLOWLIST to owner/name, or write a rules file (deploy/afk.example.toml)"
        yield doubtful(SETTINGS, "enrolled", "no repository, so nothing starts", todo)


def _unconfigured(read: Settings) -> Iterator[Finding]:
    """What a newcomer has still to name. What an enrolled repository needs is a problem of the settings already."""
    if not read.config.repos:
        if read.github is None and read.forgejo is None:
            todo = "Set AFK_GITHUB_TOKEN, or AFK_FORGEJO_URL and AFK_FORGEJO_TOKEN"
            yield doubtful(SETTINGS, "forge", "neither GitHub nor Forgejo is configured: there are no issues", todo)
        if read.t3 is None:
            todo = "Set AFK_T3_URL and AFK_T3_TOKEN_FILE"
            yield doubtful(SETTINGS, "T3 Code", "it is not configured: there are no agents", todo)
    if read.slack is None and read.ntfy is None:
        hint = "SLACK_BOT_TOKEN or AFK_NTFY_URL configures one"
        yield fine(SETTINGS, "doorbells", f"neither Slack nor ntfy is configured: nobody is rung; {hint}")


def _halves(line: str) -> tuple[str, str]:
    """What is so, and what to do: the last clause of each line that the settings give."""
    halves = _LAST_CLAUSE.fullmatch(line)
    if halves is None:
        return line, "Correct it, then run `afk doctor` again"
    todo = halves["todo"]
    return halves["what"], todo[0].upper() + todo[1:]


def _ledger(environ: Mapping[str, str], read: Settings | None, clock: Clock) -> Iterator[Finding]:
    try:
        url = settings.ledger_url(environ)
    except ConfigError as error:
        yield broken(LEDGER, "place", *_halves(str(error)))
        return
    rhythm = read.rhythm if read else settings.Rhythm()
    yield from wiring.ledger_findings(url, read.config if read else None, clock.now(), rhythm.tick_seconds)


def _guarded(checkup: Checkup, hidden: frozenset[str]) -> Iterator[Finding]:
    try:
        for found in checkup.look():
            yield replace(found, what=_shown(found.what, hidden), todo=_shown(found.todo, hidden))
    except Exception as error:  # noqa: BLE001 - its words could hold anything, so only its kind is shown
        yield broken(checkup.system, "checkup", f"broke off ({type(error).__name__})", "Report it: it is AFK's mistake")


def _shown(text: str, hidden: frozenset[str]) -> str:
    return plain(veiled(text, hidden), LONGEST)
