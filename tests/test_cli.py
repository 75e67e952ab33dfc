"""The `afk` command: exit codes, one line of trouble, facts for scripts, tables for people."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from afk import wiring
from afk.adapters.ledger import open_ledger
from afk.cli import app
from afk.core.identifiers import redispatch_key
from afk.core.records import Change, Entry, Verb, Verdicted, Via
from afk.core.run import Outcome, Reason
from tests.house import INFRA_42
from tests.runs import NOON, SHA, a_run, after

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.testing import Result

    from afk.adapters.ledger import SqlLedger

ROOT = Path(__file__).parents[1]
ON = {"AFK_KILL_SWITCH": "off"}
STARTED = Entry(NOON, "ada", Via.AFK, "start")
AS_INSTALLED = "import sys; sys.argv[0] = 'afk'; from afk.__main__ import main; main()"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with open_ledger(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        yield Desk(tmp_path, ledger)


class Desk:
    """A person at a terminal, with `infra` enrolled."""

    def __init__(self, folder: Path, ledger: SqlLedger) -> None:
        self.folder = folder
        self.ledger = ledger
        self.environment = {
            "AFK_DATABASE_URL": f"sqlite:///{folder}/ledger.db",
            "AFK_ALLOWLIST": "acme/infra",
            "LOGNAME": "ada",
            "COLUMNS": "",
        }

    def types(self, *words: str, **environment: str) -> Result:
        return CliRunner().invoke(app, words, env=self.environment | environment)

    def facts(self, *words: str, **environment: str) -> Any:
        result = self.types(*words, "--json", **environment)
        assert (result.exit_code, result.stderr) == (0, "")
        return json.loads(result.stdout)

    def runs(self, *words: str, code: str = AS_INSTALLED, **environment: str) -> subprocess.CompletedProcess[str]:
        """The command as its own process."""
        python = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT)}
        return subprocess.run(
            [sys.executable, "-c", code, *words],
            env=python | self.environment | environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def a_frozen_run(self) -> None:
        run = a_run(title="Rotate\nthe logs", commit=SHA)
        assert self.ledger.claim(run, STARTED, {})
        over = {
            "outcome": Outcome.FROZEN,
            "reason": Reason.NO_VERDICT,
            "outcome_at": after(minutes=73),
            "finished_at": after(minutes=74),
        }
        assert self.ledger.apply(Change(run, over)) is not None


# Each verb, once


def test_arm_and_disarm(desk: Desk) -> None:
    armed = desk.facts("arm", "infra", "--for", "8h", "--because", "release week")
    assert armed["repo"] == "infra"
    assert armed["result"].startswith("infra is armed until ")
    assert armed["result"].endswith(" UTC, because release week.")
    until = datetime.fromisoformat(armed["until"])
    known = desk.ledger.switches().armed["infra"]
    assert (known.by, known.until, known.because) == ("ada", until, "release week")
    assert (known.until - known.at).total_seconds() == 8 * 3_600

    assert desk.facts("arm", "infra") == {
        "result": "infra is armed until somebody disarms it.",
        "repo": "infra",
        "until": None,
    }
    result = desk.types("disarm", "infra")
    assert (result.exit_code, result.stdout) == (
        0,
        "infra is disarmed: nothing new starts there. A run in flight goes on to its end.\n",
    )
    assert desk.ledger.switches().armed == {}
    assert desk.ledger.audited(1)[0].via is Via.CLI


def test_kill_and_resume(desk: Desk) -> None:
    assert desk.types("kill", "--because", "outage").stdout == (
        "The kill switch is on: no new run and no new turn anywhere. Runs in flight are observed to their end. Hint: afk resume\n"
    )
    assert desk.ledger.switches().killed.detail == "outage"
    assert desk.facts("status", **ON)["off"] == "killed by ada, because outage"

    assert desk.types("resume", **ON).stdout == "The kill switch is off: armed repositories start again.\n"
    assert desk.ledger.switches().killed is None


def test_what_people_say_is_cleaned_and_bounded_as_in_slack(desk: Desk) -> None:
    desk.ledger.claim(a_run(), STARTED, {})
    desk.types("kill", "--because", "out\x1b[2Jage " + "x" * 5_000)
    desk.types("say", "infra#42", "use\x1b[2J eu\n")

    reason = desk.ledger.switches().killed.detail
    assert (reason[:12], len(reason)) == ("out[2Jage xx", 300)
    assert [wish.text for wish in desk.ledger.pending(Verb.SAY)] == ["use[2J eu"]


def test_kill_now_asks_every_run_to_stop(desk: Desk) -> None:
    desk.ledger.claim(a_run(), STARTED, {})

    assert "1 run in flight is being stopped." in desk.types("kill", "--now").stdout
    assert [wish.ref for wish in desk.ledger.pending(Verb.STOP)] == [INFRA_42]


def test_redispatch(desk: Desk) -> None:
    desk.a_frozen_run()
    desk.types("arm", "infra")

    again = desk.facts("redispatch", "infra#42", **ON)

    assert again == {"result": "infra#42 runs again as attempt 2 with the next tick.", "issue": "infra#42"}
    assert desk.ledger.wish(redispatch_key(INFRA_42, 1)).actor == "ada"


def test_stop_and_say(desk: Desk) -> None:
    desk.ledger.claim(a_run(), STARTED, {})

    assert desk.facts("say", "infra#42", "use eu")["result"] == "Passed on to the agent of infra#42 with the next tick."
    assert desk.facts("say", "infra#42", "use eu")["issue"] == "infra#42"
    assert desk.types("stop", "infra#42").stdout.startswith("infra#42 is being stopped")
    assert [wish.verb for wish in desk.ledger.pending(*Verb)] == [Verb.SAY, Verb.SAY, Verb.STOP]


def test_why_names_the_code(desk: Desk) -> None:
    desk.types("arm", "infra")
    desk.ledger.decide(["infra"], [Verdicted(INFRA_42, "blocked", "acme/infra#7", after())])

    assert desk.types("why", "infra#42", **ON).stdout == "infra#42: It is blocked by acme/infra#7. [blocked]\n"
    assert desk.facts("why", "infra#42", **ON) == {
        "issue": "infra#42",
        "code": "blocked",
        "detail": "acme/infra#7",
        "why": "It is blocked by acme/infra#7.",
        "since": "2026-11-01T12:00:00+00:00",
    }


def test_runs_for_people_and_for_scripts(desk: Desk) -> None:
    assert desk.types("runs").stdout == "There is no run yet. Hint: afk status\n"
    assert desk.facts("runs") == []
    desk.a_frozen_run()

    heading, row = desk.types("runs", "infra#42").stdout.splitlines()
    assert heading.split() == ["ISSUE", "ATTEMPT", "STATE", "SINCE", "(UTC)", "TOOK", "COMMIT", "TITLE"]
    assert " ".join(row.split()) == "infra#42 1 frozen 2026-11-01 12:00 1 h 13 min 5f5f5f5f5f5f Rotate the logs"
    (facts,) = desk.facts("runs", "--limit", "5")
    assert (facts["issue"], facts["state"], facts["reason"]) == ("infra#42", "frozen", "no-verdict")


def test_columns_are_respected_and_dates_and_hashes_stay_whole(desk: Desk) -> None:
    desk.a_frozen_run()

    narrow = desk.types("runs", COLUMNS="60").stdout.splitlines()

    assert max(map(len, narrow)) <= 60
    assert [" ".join(line.split()) for line in narrow] == [
        "ISSUE STATE SINCE (UTC) TITLE",
        "infra#42 frozen 2026-11-01 12:00 Rotate the logs",
    ]
    assert "5f5f5f5f5f5f" in desk.types("runs", COLUMNS="100").stdout


def test_status_as_it_ships(desk: Desk) -> None:
    assert desk.types("status").stdout.splitlines() == [
        "AFK is off: AFK_KILL_SWITCH is on.",
        "",
        "REPOSITORY  ARMED  UNTIL (UTC)  BY  BECAUSE",
        "infra       no",
        "",
        "Nothing is running.",
    ]
    assert desk.facts("status") == {
        "off": "AFK_KILL_SWITCH is on",
        "enrolled": ["infra"],
        "armed": [],
        "running": [],
        "waiting": [],
        "ticks": {},
    }


def test_status_of_an_empty_installation_says_what_to_do(tmp_path: Path) -> None:
    environment = {"AFK_DATABASE_URL": f"sqlite:///{tmp_path}/ledger.db", "AFK_CONFIG": str(tmp_path / "afk.toml")}
    (tmp_path / "afk.toml").write_text("")

    text = CliRunner().invoke(app, ["status"], env=environment).stdout

    assert text.splitlines()[2].startswith("No repository is enrolled. Hint: AFK_ALLOWLIST=owner/name, or a rules file")


# Refused, failed, wrong


STRANGER = "'nope' is not enrolled (enrolled: infra). Hint: the operator adds it to the rules file or AFK_ALLOWLIST"
FAILURES = [
    ("refused", ("arm", "web"), {}, "afk: 'web' is not enrolled (enrolled: infra). Hint: the operator adds it to the rules file or AFK_ALLOWLIST\n"),
    ("by its slug", ("arm", "acme/infra"), {}, "afk: 'acme/infra' is enrolled as infra. Hint: use this short name\n"),
    ("why of a stranger", ("why", "nope#1"), ON, f"afk: {STRANGER}\n"),
    ("runs of a stranger", ("runs", "nope#1"), ON, f"afk: {STRANGER}\n"),
    ("stop a stranger", ("stop", "nope#1"), ON, f"afk: {STRANGER}\n"),
    ("say to a stranger", ("say", "nope#1", "hello"), ON, f"afk: {STRANGER}\n"),
    ("no run", ("stop", "infra#42"), {}, "afk: infra#42 has no run in flight. Hint: afk runs\n"),
    ("nothing said", ("say", "infra#42", " "), {}, 'afk: There is nothing to say. Hint: afk say infra#42 "use the other table"\n'),
    ("never ran", ("redispatch", "infra#42"), {}, "afk: infra#42 has never run, so there is nothing to run again. Hint: afk why infra#42\n"),
    ("defect 36: empty kill switch", ("status",), {"AFK_KILL_SWITCH": ""}, None),
    ("defect 36: kill switch nobody can read", ("kill",), {"AFK_KILL_SWITCH": "perhaps"}, "afk: AFK_KILL_SWITCH is 'perhaps', but must be 1/true/yes/on or 0/false/no/off. Correct it, then run `afk doctor`.\n"),
    ("defect 36: allowlist of everything", ("status",), {"AFK_ALLOWLIST": "*"}, None),
    ("no database", ("status",), {"AFK_DATABASE_URL": "sqlite:////proc/afk/ledger.db"}, None),
    ("not a database", ("status",), {"AFK_DATABASE_URL": f"sqlite:///{Path(__file__).resolve()}"}, None),
]  # fmt: skip


@pytest.mark.parametrize(("words", "environment", "line"), [row[1:] for row in FAILURES], ids=[row[0] for row in FAILURES])  # fmt: skip
def test_refused_or_failed_is_one_line_and_exit_1(
    desk: Desk, words: tuple[str, ...], environment: dict[str, str], line: str | None
) -> None:
    result = desk.types(*words, **environment)

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("afk: ")
    assert result.stderr.count("\n") == 1
    if line is not None:
        assert result.stderr == line


USAGES = [
    ("no such verb", ("launch",), "No such command 'launch'"),
    ("not an issue", ("why", "infra"), "'infra' is not repository#number; write it as infra#42"),
    ("not a span", ("arm", "infra", "--for", "soon"), "'soon' is not a span of time: write one such as 30m, 8h, 2d or 1h30m, up to 365 days"),
    ("defect 71: a span that a script left empty", ("arm", "infra", "--for=", "--because", "x"), "it is empty; write a span of time, such as 30m, 8h, 2d or 1h30m, up to 365 days, or leave it out: until somebody disarms it"),
    ("a reason that is none", ("arm", "infra", "--because", " "), "because needs a reason"),
    ("nothing to stop", ("stop",), "Missing argument 'REPO#NUMBER'"),
    ("no such option", ("kill", "--hard"), "No such option: --hard"),
    ("limit of zero", ("runs", "--limit", "0"), "Invalid value for '--limit'"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "said"), [row[1:] for row in USAGES], ids=[row[0] for row in USAGES])
def test_wrong_usage_is_exit_2(desk: Desk, words: tuple[str, ...], said: str) -> None:
    result = desk.types(*words)

    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
    assert desk.ledger.audited(10) == ()


def test_refusal_is_in_the_audit_log(desk: Desk) -> None:
    desk.types("arm", "web")

    (entry,) = desk.ledger.audited(10)
    assert (entry.actor, entry.via, entry.verb, entry.target, entry.refused) == ("ada", Via.CLI, "arm", "web", True)


def test_two_wishes_never_share_a_key(desk: Desk) -> None:
    desk.ledger.claim(a_run(), STARTED, {})
    for _ in range(3):
        desk.types("say", "infra#42", "again")

    assert len(desk.ledger.pending(Verb.SAY)) == 3


# As a process


def test_defect_2_command_starts_and_says_what_is(desk: Desk) -> None:
    done = desk.runs("status")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("AFK is off: AFK_KILL_SWITCH is on.\n")


def test_process_that_is_refused_exits_1_with_one_line(desk: Desk) -> None:
    done = desk.runs("stop", "infra#42")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "afk: infra#42 has no run in flight. Hint: afk runs\n"


def test_process_that_is_used_wrongly_exits_2(desk: Desk) -> None:
    assert desk.runs("why").returncode == 2


@pytest.mark.parametrize("command", ["status", "runs --json", "--help"])
def test_closed_output_is_one_line(desk: Desk, command: str) -> None:
    shell = (
        f"import subprocess, sys; sys.exit(subprocess.call([{sys.executable!r} + ' -m afk {command} >&-'], shell=True))"
    )

    done = desk.runs(code=shell)

    assert done.returncode == 1
    assert done.stderr == "afk: cannot go on: standard output is closed. Send it somewhere, such as to /dev/null\n"


def test_interrupt_while_the_command_starts_is_one_line(desk: Desk) -> None:
    impatient = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started the tests may have had it ignored
class Impatient:
    def find_spec(self, name, *_):
        if name == "afk.cli.people":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Impatient())
"""

    done = desk.runs("status", code=impatient + AS_INSTALLED)

    assert (done.returncode, done.stdout, done.stderr) == (130, "", "afk: interrupted\n")


def test_every_verb_is_described_in_one_line_of_80_columns(desk: Desk) -> None:
    text = desk.types("--help", COLUMNS="80").stdout

    assert "..." not in text.partition("Commands:")[2]
    assert max(map(len, text.splitlines())) <= 80


def test_version_is_told(desk: Desk) -> None:
    assert desk.types("--version").stdout == f"afk {version('afk')}\n"


def test_completion_is_offered(desk: Desk) -> None:
    words = desk.runs(_AFK_COMPLETE="complete_bash", COMP_WORDS="afk re", COMP_CWORD="1").stdout
    assert {"resume", "redispatch"} <= set(words.split())
    assert "--show-completion" in desk.types("--help").stdout


def test_command_line_starts_without_prefect_and_bolt() -> None:
    code = "import sys, afk.cli; print([name for name in ('prefect', 'slack_bolt') if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
    )

    assert done.stdout == "[]\n"


@pytest.mark.parametrize("words", [("status",), ("status", "--json"), ("poll",)], ids=" ".join)
def test_full_disk_is_one_line(desk: Desk, words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "afk", *words], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
            env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT)} | desk.environment, cwd=desk.folder,
        )  # fmt: skip

    assert done.returncode == 1
    assert done.stderr == (
        "afk: cannot go on: [Errno 28] No space left on device. Look at the disk, and at where the output goes\n"
    )


def test_clock_of_the_command_line_is_the_systems(desk: Desk) -> None:
    before = datetime.now(UTC)  # noqa: TID251 - the claim is about the system's clock
    desk.types("kill")

    assert before <= desk.ledger.switches().killed.at <= datetime.now(UTC)  # noqa: TID251 - likewise
    assert len({wiring.clock().new_id() for _ in range(100)}) == 100
