"""Say everything else that people read: endings, refusals, answers, reports.

The form is what happened, what it means, and as a hint the literal next command.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from afk.core.dispatch_policy import Code
from afk.core.known_links import markdown_link
from afk.core.run import Outcome, Reason, TurnKind
from afk.core.text import fenced, markdown_escaped, plain

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from afk.core.config import Limits
    from afk.core.model import IssueRef
    from afk.core.records import Armed, Verdicted
    from afk.core.run import Run
    from afk.core.watching import Observed


def duration(seconds: float) -> str:
    """The two largest units, as people say them."""
    left = max(0, int(seconds))
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    parts: list[str] = []
    for name, size in units:
        amount, left = divmod(left, size)
        if amount:
            parts.append(f"{amount} {name}")
    return " ".join(parts[:2]) or "0 s"


# Why runs end and what they wait for

ENDED = {
    Reason.GREEN: "CI is green, and what is configured to be deployed is deployed.",
    Reason.CLOSED_BY_PERSON: "A person closed the issue.",
    Reason.LABEL_REMOVED: "A person took the in-progress label off.",
    Reason.ISSUE_GONE: "The issue is gone from its repository: deleted, transferred, or no longer readable.",
    Reason.STOP_REQUESTED: "{actor} asked to stop it.",
    Reason.MONEY_SPENT: "The budget is spent: about {spent:.2f} of {budget} USD over all attempts at this issue.",
    Reason.TIME_SPENT: "The run took longer than {run_max}.",
    Reason.ATTEMPTS_SPENT: "CI is still red after {attempts} of {attempts_max} corrections.",
    Reason.CORRECTION_TIME_SPENT: "CI is still red {fix_max} after it first was.",
    Reason.STILL_RUNNING: "CI is red and the agent has not ended its turn in {defer}, so it is interrupted.",
    Reason.NO_VERDICT: "CI gave no verdict on the commit within {verdict_max}.",
    Reason.NO_ANSWER: "Nobody answered the agent's question within {answer_max}.",
    Reason.THREAD_LOST: "The conversation is gone, and the restarts are used up.",
    Reason.TURN_FAILED: "The agent failed: {error}",
    Reason.TURN_INTERRUPTED: "Somebody interrupted the agent.",
    Reason.NOTHING_PUSHED: "The agent ended its turn and pushed nothing. It said last: {last_words}",
    Reason.STALLED: "The agent was silent for longer than {stall_max}.",
    Reason.START_IMPOSSIBLE: "The agent could not be started within {start_max}: {error}",
    Reason.NOT_CLOSED: "The issue could not be closed.",
}

WAITS = {
    Reason.STARTING: "the start is not complete",
    Reason.RED: "CI is red; a correction is on its way",
    Reason.TURN_RUNNING: "CI has decided, and the agent has not ended its turn",
    Reason.CI_PENDING: "pushed; CI has not decided",
    Reason.ASKED: "the agent waits for an answer",
    Reason.WORKING: "the agent is working",
    Reason.UNREACHABLE: "tracker or executor could not be reached",
    Reason.KILL_SWITCH: "the kill switch is on: no new turn starts",
    Reason.NOT_ENROLLED: "the repository is not enrolled any more: no new turn starts",
    Reason.NOTHING_PUSHED: "the turn ended with nothing pushed; the agent was reminded",
    Reason.THREAD_LOST: "the conversation was lost and is started anew",
}


def why_ended(run: Run, limits: Limits, seen: Observed, last_words: str) -> str:
    """One or two sentences for the issue, the doorbell and the history."""
    assert run.reason is not None
    error = seen.thread.error if seen.thread is not None and seen.thread.error else run.detail
    return ENDED[run.reason].format(
        actor=plain(seen.stop.actor, 80) if seen.stop else "A person",
        spent=max(seen.spent_usd, run.cost_usd),
        budget=limits.budget_usd,
        run_max=duration(limits.run_max_seconds),
        attempts=run.attempts_made,
        attempts_max=limits.fix_forward_max_attempts,
        fix_max=duration(limits.fix_forward_max_seconds),
        defer=duration(limits.close_defer_seconds),
        verdict_max=duration(limits.verdict_max_seconds),
        answer_max=duration(limits.answer_max_seconds),
        stall_max=duration(limits.stall_max_seconds),
        start_max=duration(limits.start_max_seconds),
        error=plain(error, 300) or "no reason was given",
        last_words=plain(last_words, 300) or "nothing",
    )


def waits_for(reason: Reason | None) -> str:
    return WAITS.get(reason, "") if reason is not None else ""


# On the issue


def handed_back(run: Run, hosts: Collection[str]) -> str:
    """The comment that tells people on the issue what was tried, why it stopped, and what they can do."""
    heading = {
        Outcome.FROZEN: "AFK froze this run. Everything is left as it is, so that you can look.",
        Outcome.NEEDS_HUMAN: "AFK hands this issue to a person.",
        Outcome.STOPPED: "AFK stopped working on this issue.",
    }[run.outcome or Outcome.STOPPED]
    lines = [heading, "", markdown_escaped(plain(run.detail, 800)), ""]
    lines += [f"- {line}" for line in _tried(run, hosts)]
    if run.failure is not None and run.failure.errors:
        lines += ["", "First lines of the error:", "", fenced("\n".join(run.failure.errors)[:4_000])]
    lines += ["", f"*Hint:* `/afk redispatch {run.ref}` starts a new attempt that knows of this one."]
    return "\n".join(lines) + "\n"


def _tried(run: Run, hosts: Collection[str]) -> list[str]:
    conversation = markdown_link("conversation", run.thread_url, hosts)
    lines = [f"Attempt {run.attempt}, run `{run.id}`" + (f", {conversation}" if conversation else "")]
    lines.append(f"Commit `{run.commit}`" if run.commit else "Nothing was pushed")
    if run.failure is not None:
        place = " / ".join(
            markdown_escaped(plain(part, 120))
            for part in (run.failure.stage, run.failure.job, run.failure.step)
            if part
        )
        log = _log(run.failure.url, hosts)
        lines.append(f"Red: {place}" + (f" ({log})" if log else ""))
    for kind, words in (
        (TurnKind.FIX_FORWARD, "Corrections"),
        (TurnKind.NUDGE, "Reminders"),
        (TurnKind.RESTART, "Restarts"),
    ):
        if made := len(run.turns_of(kind)):
            lines.append(f"{words}: {made}")
    return lines


def _log(url: str, hosts: Collection[str]) -> str:
    """An address that nobody vouches for is shown, since people may need it, and does nothing."""
    shown = f"log: {markdown_escaped(plain(url, 300))}" if url.startswith("https://") else ""
    return markdown_link("log", url, hosts) or shown


def orphan(label: str) -> str:
    return (
        f"This issue carried the label `{label}`, but AFK has no run in flight for it. The label is released and the\n"
        "issue handed to a person, since nobody knows how far the work got.\n\n"
        "*Hint:* look at what was pushed, then take the issue on or let AFK try again with `/afk redispatch`.\n"
    )


def orphan_bell(ref: IssueRef) -> str:
    return (
        f"{ref} carried the in-progress label, but no run stands behind it: it is handed to people. "
        f"An agent may still be at work on it. Hint: look for it in T3 Code before the issue runs again"
    )


# Why an issue does not start

CODES = {
    Code.STARTS: "It starts.",
    Code.RERUN_ASKED: "It runs again with the next poll: {detail} asked for it.",
    Code.KILL_SWITCH: "The kill switch is on ({detail}).",
    Code.NOT_ENROLLED: "The repository {detail} is not enrolled.",
    Code.NOT_ARMED: "The repository {detail} is not armed.",
    Code.BUSY: "The repository is busy with {detail}.",
    Code.NOT_READY: "It does not carry the label {detail}.",
    Code.HUMAN_LABEL: "It carries the label {detail}: a person has it.",
    Code.CLOSED: "It is closed.",
    Code.BUDGET_SPENT: "Its budget is spent: {detail}.",
    Code.COULD_NOT_ASK: "Something could not be asked ({detail}); it is asked again at the next tick.",
    Code.UNTRUSTED: "Who applied the ready label may not write to the repository ({detail}).",
    Code.EDITED: "It was edited after its release by somebody who may not write ({detail}).",
    Code.ENDED_BEFORE: "An earlier run of it ended as {detail}, and nobody has released it again since.",
    Code.BLOCKED: "It is blocked by {detail}.",
    Code.AFTER_OTHER: "{detail} is more urgent and takes the repository's slot.",
    Code.START_FAILED: "Its start failed ({detail}); it is tried again.",
}

HINTS = {
    Code.NOT_ARMED: "afk arm {repo}",
    Code.NOT_ENROLLED: "the operator enrols it, see afk enroll",
    Code.HUMAN_LABEL: "afk redispatch {ref}",
    Code.CLOSED: "open it again",
    Code.ENDED_BEFORE: "afk redispatch {ref}",
    Code.BUSY: "afk status",
    Code.UNTRUSTED: "let somebody with write access take the ready label off and put it on again",
    Code.EDITED: "read the change, then take the ready label off and put it on again",
    Code.BUDGET_SPENT: "raise AFK_BUDGET_USD, or close the issue",
}


def why_not(decision: Verdicted) -> str:
    code = Code(decision.code)
    text = CODES[code].format(detail=plain(decision.detail, 300) or "no detail")
    hint = _switch_hint(decision.detail) if code is Code.KILL_SWITCH else HINTS.get(code)
    return text + (f" Hint: {hint.format(repo=decision.ref.repo, ref=decision.ref)}" if hint else "")


def _switch_hint(who: str) -> str:
    """Nobody but the operator can turn the deployment's switch off."""
    return "the operator sets AFK_KILL_SWITCH to off" if who == DEPLOYMENT_SWITCH else "afk resume"


def code_line(code: Code, detail: str) -> str:
    return CODES[code].format(detail=plain(detail, 300) or "no detail")


# Answers to people

NEVER_SEEN = "{ref} has not been considered yet. Hint: is the ready label on it, and is {repo} armed? afk status"


def unknown_repo(repo: str, known: tuple[str, ...], short: str = "") -> str:
    """`short` is the name of the one whose slug was given."""
    if short:
        return f"{plain(repo, 80)!r} is enrolled as {short}. Hint: use this short name"
    names = ", ".join(known) or "none"
    hint = "the operator adds it to the rules file or AFK_ALLOWLIST"
    return f"{plain(repo, 80)!r} is not enrolled (enrolled: {names}). Hint: {hint}"


ENDLESS = "until somebody disarms it"


def armed(armed_now: Armed) -> str:
    until = f"until {armed_now.until:%Y-%m-%d %H:%M} UTC" if armed_now.until else ENDLESS
    because = f", because {plain(armed_now.because, 200)}" if armed_now.because else ""
    return f"{armed_now.repo} is armed {until}{because}."


def disarmed(repo: str) -> str:
    return f"{repo} is disarmed: nothing new starts there. A run in flight goes on to its end."


def killed(stopping: int) -> str:
    runs = "1 run in flight is" if stopping == 1 else f"{stopping} runs in flight are"
    tail = f" {runs} being stopped." if stopping else " Runs in flight are observed to their end."
    return f"The kill switch is on: no new run and no new turn anywhere.{tail} Hint: afk resume"


def resumed(deployment_killed: bool) -> str:
    if deployment_killed:
        return (
            "The runtime kill switch is off, but AFK_KILL_SWITCH is on: nothing starts until the operator turns it off."
        )
    return "The kill switch is off: armed repositories start again."


def rerun_recorded(ref: IssueRef, attempt: int, *, closed: bool) -> str:
    if closed:
        return f"{ref} runs again as attempt {attempt} once somebody opens it: its last run closed it."
    return f"{ref} runs again as attempt {attempt} with the next tick."


def rerun_already(ref: IssueRef, actor: str) -> str:
    return f"{plain(actor, 80)} asked for a new attempt at {ref} already."


def rerun_withdrawn(ref: IssueRef) -> str:
    return f"The re-run of {ref} is withdrawn: nothing starts. Hint: afk redispatch {ref} asks for it again"


def rerun_waits(ref: IssueRef, attempt: int, actor: str, via: str) -> str:
    return f"{ref} runs again as attempt {attempt} with the next tick: {plain(actor, 80)} asked for it through {via}."


def rerun_came(ref: IssueRef, result: str) -> str:
    return f"{ref}: {plain(result, 200)}."


def stale_attempt(ref: IssueRef, attempt: int) -> str:
    return f"{ref} has moved on to attempt {attempt}: this button belongs to an earlier one. Hint: afk redispatch {ref}"


def stop_recorded(ref: IssueRef) -> str:
    return f"{ref} is being stopped: the next tick interrupts its turn and ends the run."


def said(ref: IssueRef, *, live: bool) -> str:
    return f"Passed on to the agent of {ref} with the next tick." if live else f"Kept for the next attempt at {ref}."


def no_run(ref: IssueRef) -> str:
    return f"{ref} has no run in flight. Hint: afk runs"


def never_ran(ref: IssueRef) -> str:
    return f"{ref} has never run, so there is nothing to run again. Hint: afk why {ref}"


def not_armed(repo: str) -> str:
    return f"{repo} is not armed. Hint: afk arm {repo}"


def busy(repo: str, ref: IssueRef) -> str:
    return f"{repo} is busy with {ref}. Hint: afk stop {ref}, or wait for its end"


def kill_switch_on(who: str) -> str:
    return f"The kill switch is on ({plain(who, 200)}). Hint: {_switch_hint(who)}"


def no_words() -> str:
    return 'There is nothing to say. Hint: afk say infra#42 "use the other table"'


def expiry_in_the_past(until: datetime) -> str:
    return f"{until:%Y-%m-%d %H:%M} UTC is not in the future. Hint: afk arm infra --for 8h"


# The ledger's schema


def upgraded(where: str, before: str | None, after: str) -> str:
    if before == after:
        return f"The ledger at {where} has the schema {after} already; nothing was changed."
    if before is None:
        return f"The ledger at {where} was empty and has the schema {after} now. Hint: afk doctor"
    return f"The ledger at {where} had the schema {before} and has {after} now. Hint: afk doctor"


# Reports of ticks

DEPLOYMENT_SWITCH = "AFK_KILL_SWITCH is on"


def runtime_switch(actor: str, because: str) -> str:
    return f"killed by {plain(actor, 80)}" + (f", because {plain(because, 200)}" if because else "")


NOTHING_ARMED = "no enrolled repository is armed"
NO_RUNS = "no run in flight"


NOTHING_ENROLLED = (
    "No repository is enrolled. Hint: AFK_ALLOWLIST=owner/name, or a rules file (deploy/afk.example.toml)"
)
UNREADABLE = "AFK counts as switched off, since its settings cannot be read."


def unreadable(error: str) -> str:
    return f"{UNREADABLE} {plain(error, 600)}"


def off(why: str) -> str:
    return f"AFK is off: {why.removesuffix('.')}."


def off_here_alone(ago: float) -> str:
    """Each process reads its own environment."""
    where = f"not where the flows run: {duration(ago)} ago they polled and were not held"
    return f"{DEPLOYMENT_SWITCH} here, but {where}. Hint: export AFK_KILL_SWITCH=off, or see `afk doctor`"


def off_elsewhere(why: str) -> str:
    return f"AFK is off where the flows run: {why.removesuffix('.')}."


def not_closed(error: str) -> str:
    return f"CI is green, but the issue could not be closed: {plain(error, 300)}. Please close it."


def backed_up(file: str) -> str:
    return f"The ledger is copied to {plain(file, 400)}."
