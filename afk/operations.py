"""Do what a person may ask. Each verb is one transaction on the ledger; the ticks carry out what takes longer."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from afk.core import wording
from afk.core.dispatch_policy import Code
from afk.core.gates import held_by
from afk.core.identifiers import doorbell_key, redispatch_key
from afk.core.records import Armed, Command, Doorbell, DoorbellKind, Entry, Note, Verb, Verdicted, Via
from afk.core.run import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from afk.core.config import Config
    from afk.core.model import IssueRef
    from afk.core.records import Switches, TickRecord
    from afk.core.run import Run
    from afk.ports import Ledger


class RefusedRequest(Exception):
    """A person asked for something that may not be done now. The text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks, and through which door."""

    name: str
    via: Via


@dataclass(frozen=True, slots=True)
class Operations:
    """The verbs over one ledger and one configuration."""

    ledger: Ledger
    config: Config

    def arm(self, repo: str, person: Person, now: datetime, until: datetime | None = None, because: str = "") -> str:
        self._known(repo, person, now, "arm")
        if until is not None and until <= now:
            raise self._refusal(wording.expiry_in_the_past(until), repo, person, now, "arm")
        self.ledger.arm(repo, until, self._entry(person, now, "arm", repo, because))
        return wording.armed(Armed(repo, person.name, now, until, because))

    def disarm(self, repo: str, person: Person, now: datetime, because: str = "") -> str:
        """A repository that left the enrolment can still be disarmed: it is the safe direction."""
        if repo not in self.ledger.switches().armed:
            self._known(repo, person, now, "disarm")
        self.ledger.disarm(repo, self._entry(person, now, "disarm", repo, because))
        return wording.disarmed(repo)

    def kill(self, person: Person, now: datetime, key: str, *, stop_all: bool = False, because: str = "") -> str:
        """No new run and no new turn anywhere; with `stop_all`, what runs is interrupted too."""
        self.ledger.kill(on=True, entry=self._entry(person, now, "kill", "", because))
        live = [run for run in self.ledger.live() if run.outcome is None] if stop_all else []
        for run in live:
            self._ask(Verb.STOP, f"{key}:{run.id}", run.ref, person, now, because)
        return wording.killed(len(live))

    def resume(self, person: Person, now: datetime, because: str = "") -> str:
        self.ledger.kill(on=False, entry=self._entry(person, now, "resume", "", because))
        return wording.resumed(self.config.kill_switch)

    def redispatch(self, ref: IssueRef, person: Person, now: datetime, after_attempt: int | None = None) -> str:
        """A new attempt, once per attempt that ended, however often and by however many it is asked for."""
        self._known(ref.repo, person, now, "redispatch")
        switches = self.ledger.switches()
        latest = self.ledger.latest([ref]).get(ref)
        if latest is None:
            raise self._refusal(wording.never_ran(ref), str(ref), person, now, "redispatch")
        key = redispatch_key(ref, latest.attempt if after_attempt is None else after_attempt)
        standing = self.ledger.wish(key)
        if standing is not None:
            raise self._refusal(wording.rerun_already(ref, standing.actor), str(ref), person, now, "redispatch")
        self._may_start(ref, switches, person, now)
        if after_attempt is not None and after_attempt != latest.attempt:
            raise self._refusal(wording.stale_attempt(ref, latest.attempt), str(ref), person, now, "redispatch")
        won = self._ask(Verb.REDISPATCH, key, ref, person, now)
        if won.actor != person.name or won.at != now:
            raise self._refusal(wording.rerun_already(ref, won.actor), str(ref), person, now, "redispatch")
        return wording.rerun_recorded(ref, latest.attempt + 1, closed=latest.outcome is Outcome.DONE)

    def _may_start(self, ref: IssueRef, switches: Switches, person: Person, now: datetime) -> None:
        why = held_by(self.config, switches)
        if why:
            raise self._refusal(wording.kill_switch_on(why), str(ref), person, now, "redispatch")
        if not switches.is_armed(ref.repo, now):
            raise self._refusal(wording.not_armed(ref.repo), str(ref), person, now, "redispatch")
        busy = next((run for run in self.ledger.live() if run.ref.repo == ref.repo), None)
        if busy is not None:
            raise self._refusal(wording.busy(ref.repo, busy.ref), str(ref), person, now, "redispatch")

    def stop(self, ref: IssueRef, person: Person, now: datetime, key: str) -> str:
        """The run in flight, or else the re-run that somebody asked for and that has not started."""
        run = self._live(ref)
        if run is None and self._withdrawn(ref, person, now):
            return wording.rerun_withdrawn(ref)
        if run is None:
            self._known(ref.repo, person, now, "stop")
            raise self._refusal(wording.no_run(ref), str(ref), person, now, "stop")
        self._ask(Verb.STOP, f"{key}:{run.id}", ref, person, now)
        return wording.stop_recorded(ref)

    def _withdrawn(self, ref: IssueRef, person: Person, now: datetime) -> bool:
        wish = next((wish for wish in self.ledger.pending(Verb.REDISPATCH) if wish.ref == ref), None)
        return wish is not None and self.ledger.withdraw(wish.key, self._entry(person, now, "withdraw", str(ref)))

    def say(self, ref: IssueRef, text: str, person: Person, now: datetime, key: str, *, in_thread: bool = False) -> str:
        """To the agent that works on the issue, or else to the one that tries it next.

        What stands in a doorbell's thread is seen there: the audit log names it apart, and nobody announces it.
        """
        verb = "reply" if in_thread else Verb.SAY.value
        if not text.strip():
            raise self._refusal(wording.no_words(), str(ref), person, now, verb)
        run = self._live(ref)
        if run is not None:
            self._ask(Verb.SAY, key, ref, person, now, text, verb)
        elif self.ledger.latest([ref]).get(ref) is None:
            self._known(ref.repo, person, now, verb)
            raise self._refusal(wording.no_run(ref), str(ref), person, now, verb)
        else:
            entry = self._entry(person, now, verb, str(ref), text[:200])
            self.ledger.note(Note(key, ref, person.name, now, text), entry)
        return wording.said(ref, live=run is not None)

    def acknowledge(self, doorbell: str, person: Person, now: datetime) -> Doorbell | None:
        return self.ledger.acknowledge(doorbell, self._entry(person, now, "acknowledge", doorbell))

    def why(self, ref: IssueRef, now: datetime) -> Verdicted:
        """The code that decides about an issue now: the switches first, then what the last tick found.

        Raises RefusedRequest where nothing can be told, or there is no such repository.
        """
        switches = self.ledger.switches()
        run = self._live(ref)
        if run is not None:
            return Verdicted(ref, Code.BUSY.value, str(ref), run.claimed_at)
        if ref.repo not in self.config.repos:
            raise RefusedRequest(self.unknown(ref.repo))
        why = held_by(self.config, switches)
        if why:
            return Verdicted(ref, Code.KILL_SWITCH.value, why, now)
        if not switches.is_armed(ref.repo, now):
            return Verdicted(ref, Code.NOT_ARMED.value, ref.repo, now)
        for decision in self._decisions(ref.repo):
            if decision.ref == ref:
                return decision
        ended = self.ledger.latest([ref]).get(ref)
        if ended is not None and ended.outcome is not None and ended.outcome_at is not None:
            return Verdicted(ref, Code.ENDED_BEFORE.value, ended.outcome.value, ended.outcome_at)
        raise RefusedRequest(wording.NEVER_SEEN.format(ref=ref, repo=ref.repo))

    def status(self, now: datetime) -> Status:
        switches, live = self.ledger.switches(), self.ledger.live()
        running = {run.ref for run in live}
        return Status(
            at=now,
            off=held_by(self.config, switches),
            armed=tuple(switches.armed[name] for name in sorted(switches.armed) if switches.is_armed(name, now)),
            enrolled=tuple(sorted(self.config.repos)),
            live=live,
            decisions=tuple(each for each in self._decisions() if each.ref not in running),
            ticks=self.ledger.last_ticks(),
        )

    def _decisions(self, repo: str | None = None) -> Iterator[Verdicted]:
        """What the last poll found, but for what is not so any more: it did start, or somebody asked for a re-run."""
        found = {decision.ref: decision for decision in self.ledger.decisions(repo)}
        for wish in self.ledger.pending(Verb.REDISPATCH):
            known = found.get(wish.ref)
            if repo in {None, wish.ref.repo} and (known is None or known.at < wish.at):
                found[wish.ref] = Verdicted(wish.ref, Code.RERUN_ASKED.value, wish.actor, wish.at)
        latest = self.ledger.latest([ref for ref, each in found.items() if each.code == Code.STARTS])
        for ref, decision in found.items():
            if ref not in latest or latest[ref].claimed_at < decision.at:
                yield decision

    def runs(self, ref: IssueRef | None, limit: int) -> tuple[Run, ...]:
        """Newest first. Raises RefusedRequest where there are none and there is no such repository."""
        history = self.ledger.history(ref, limit)
        if ref is not None and not history and ref.repo not in self.config.repos:
            raise RefusedRequest(self.unknown(ref.repo))
        return history

    def unknown(self, repo: str) -> str:
        """What is said to somebody who names a repository that is not enrolled, perhaps by its slug."""
        same = (each.name for each in self.config.repos.values() if str(each.slug).casefold() == repo.casefold())
        return wording.unknown_repo(repo, tuple(sorted(self.config.repos)), next(same, ""))

    def _live(self, ref: IssueRef) -> Run | None:
        return next((run for run in self.ledger.live() if run.ref == ref and run.outcome is None), None)

    def _known(self, repo: str, person: Person, now: datetime, verb: str) -> None:
        if repo not in self.config.repos:
            raise self._refusal(self.unknown(repo), repo, person, now, verb)

    def _ask(
        self, verb: Verb, key: str, ref: IssueRef, person: Person, now: datetime, text: str = "", audited: str = ""
    ) -> Command:
        command = Command(key, verb, ref, person.name, person.via, now, text)
        return self.ledger.command(command, self._entry(person, now, audited or verb.value, str(ref), text[:200]))

    def _entry(self, person: Person, now: datetime, verb: str, target: str, detail: str = "") -> Entry:
        return Entry(now, person.name, person.via, verb, target, detail)

    def _refusal(self, text: str, target: str, person: Person, now: datetime, verb: str) -> RefusedRequest:
        """Refusals are in the audit log too."""
        self.ledger.audit(Entry(now, person.name, person.via, verb, target, text, refused=True))
        return RefusedRequest(text)


@dataclass(frozen=True, slots=True)
class Status:
    """What is armed, running and waiting."""

    at: datetime
    off: str
    armed: tuple[Armed, ...]
    enrolled: tuple[str, ...]
    live: tuple[Run, ...]
    decisions: tuple[Verdicted, ...]
    ticks: Mapping[str, TickRecord]


def report_unreadable(ledger: Ledger, error: str, now: datetime) -> str:
    """Settings that cannot be read count as off; a person is rung once for each different fault."""
    text = wording.unreadable(error)
    key = doorbell_key("afk", DoorbellKind.ALARM.value, sha256(error.encode()).hexdigest()[:12])
    ledger.ring(Doorbell(key, DoorbellKind.ALARM, now, text=text))
    return text
