"""`afk doctor` on the street: what it tells where all is well, what it leaves alone, and that no secret gets out."""

from __future__ import annotations

import hashlib
from io import StringIO
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from afk import doctor, progress
from afk.core.checkup import Checkup, broken, fine
from afk.sandbox.faults import Fault, Trouble
from tests.clinic import findings, of_level, one, settle
from tests.street import REPO, Github, Street

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(params=["github-1", "github-2", "forgejo-1", "forgejo-2"])
def any_street(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Street]:
    forge, _, protocol = request.param.partition("-")
    made = Street.at(tmp_path, forge, int(protocol))
    settle(made)
    yield made
    made.close()


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    made = Street.at(tmp_path, "github", 1)
    settle(made)
    yield made
    made.close()


def test_street_in_order_could_run(any_street: Street) -> None:
    found = findings(any_street)

    assert of_level(found, "warn", "fail") == []
    forge = "GitHub" if isinstance(any_street.forge, Github) else "Forgejo"
    told = {(each["system"], each["subject"]) for each in found}
    assert told >= {
        (forge, "clock"), (forge, "token"), (forge, REPO), ("T3", "server"), ("T3", "token"), ("T3", "expiry"),
        ("T3", "instance"), ("T3", "clock"), ("ledger", "place"), ("ledger", "schema"), ("ledger", "switches"),
        ("ledger", "armed"), ("ledger", "ticks"), ("settings", "enrolled"),
    }  # fmt: skip


def test_lines_end_with_the_verdict(street: Street) -> None:
    lines = street.afk("doctor").splitlines()

    assert lines[-1] == "AFK could run: nothing to look at."
    assert f"ok    GitHub · {REPO}: there; its default branch is main" in lines
    assert "ok    GitHub · token: signed in as afk-bot" in lines
    assert "ok    ledger · armed: infra" in lines
    assert "ok    ledger · ticks: none has completed yet" in lines
    assert any(line.startswith(f"ok    GitHub · {REPO}: CI seen on ") for line in lines)


def test_nothing_outside_is_changed(any_street: Street) -> None:
    servers = (any_street.forge.server, any_street.t3)
    before = [len(server.exchanges) for server in servers]

    any_street.afk("doctor")

    asked = {each.line for server, n in zip(servers, before, strict=True) for each in server.exchanges[n:]}
    queries = [each.body for server in servers for each in server.exchanges if each.path == "/graphql"]
    assert {line for line in asked if not line.startswith("GET ")} <= {"POST /graphql"}
    assert not any(b"mutation" in body for body in queries)


def test_ledger_is_looked_at_and_neither_made_nor_touched(street: Street) -> None:
    file = street.home / "ledger.db"
    before = hashlib.sha256(file.read_bytes()).digest()
    street.afk("doctor")
    assert hashlib.sha256(file.read_bytes()).digest() == before

    street.environment["AFK_DATABASE_URL"] = f"sqlite:///{street.home}/elsewhere/new.db"
    assert "not there yet; the first tick makes it" in street.afk("doctor")
    assert not (street.home / "elsewhere").exists()


def test_kill_switches_and_arming_are_information(street: Street) -> None:
    street.afk("kill", "--because", "release")
    assert "release" in one(findings(street), "ledger", "switches", "ok")["what"]

    street.environment["AFK_KILL_SWITCH"] = "on"
    street.afk("disarm", "infra")
    found = findings(street)
    assert one(found, "ledger", "switches", "ok")["what"] == "AFK_KILL_SWITCH is on"
    assert one(found, "ledger", "armed", "ok")["what"] == "no repository, so nothing starts"


# Settings


def test_every_problem_of_the_settings_is_told_and_nobody_is_asked(street: Street) -> None:
    street.environment |= {"AFK_NUDGES_MAX": "many", "AFK_KILL_SWITCH": "perhaps", "AFK_TICK_SECONDS": "1"}
    before = len(street.forge.server.exchanges), len(street.t3.exchanges)

    found = findings(street, 1)

    named = [each["what"].split()[0] for each in found if each["level"] == "fail"]
    assert sorted(named) == ["AFK_KILL_SWITCH", "AFK_NUDGES_MAX", "AFK_TICK_SECONDS"]
    assert one(found, "settings", "systems", "warn")["what"] == "none was asked"
    assert (len(street.forge.server.exchanges), len(street.t3.exchanges)) == before
    assert one(found, "ledger", "place", "ok")


def test_ledger_address_that_is_not_legal_is_told(street: Street) -> None:
    street.environment["AFK_DATABASE_URL"] = "mysql://root:hush-hush@db/afk"

    found = findings(street, 1)

    assert "AFK_DATABASE_URL" in one(found, "ledger", "place", "fail")["what"]
    assert "hush-hush" not in str(found)


def test_newcomer_reads_what_is_still_to_be_named(street: Street) -> None:
    street.environment = {"AFK_DATABASE_URL": street.environment["AFK_DATABASE_URL"]}
    (street.home / "afk.toml").unlink()
    street.environment["AFK_ALLOWLIST"] = ""

    found = findings(street)

    assert "AFK_GITHUB_TOKEN" in one(found, "settings", "forge", "warn")["todo"]
    assert "AFK_T3_URL" in one(found, "settings", "T3 Code", "warn")["todo"]
    assert "SLACK_BOT_TOKEN" in one(found, "settings", "doorbells", "ok")["what"]
    assert "AFK_ALLOWLIST" in one(found, "settings", "enrolled", "warn")["todo"]


# Secrets


def test_no_line_holds_a_secret(street: Street) -> None:
    """Also where the other side repeats the credential that it refuses."""
    secrets = {name: f"planted-{name.lower()}-1d6f" for name in ("AFK_GITHUB_TOKEN", "AFK_FORGEJO_TOKEN", "AFK_WOODPECKER_TOKEN", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "AFK_NTFY_TOKEN")}  # fmt: skip
    held = street.home / "t3-token"
    held.write_text("planted-t3-token-1d6f\n")
    del street.environment["AFK_T3_TOKEN"]
    nowhere = "http://127.0.0.1:9"
    echo = '{"message": "Bad credentials: planted-afk_github_token-1d6f"}'
    street.forge.server.faults.add(Fault(Trouble.STATUS, times=None, status=401, body=echo))
    street.t3.faults.add(Fault(Trouble.STATUS, "session", None, status=400, body='{"error": "planted-t3-token-1d6f"}'))
    street.environment |= secrets | {
        "AFK_T3_TOKEN_FILE": str(held), "AFK_FORGEJO_URL": nowhere, "AFK_WOODPECKER_URL": nowhere,
        "AFK_SLACK_API_URL": f"{nowhere}/api/", "AFK_SLACK_CHANNEL": "C1", "AFK_NTFY_URL": f"{nowhere}/hidden-topic",
        "AFK_DATABASE_URL": "postgresql+psycopg://afk:planted-password-1d6f@127.0.0.1:1/afk",
    }  # fmt: skip

    for told in (street.afk("doctor", code=1), street.afk("doctor", "--json", code=1)):
        assert "1d6f" not in told
        assert "hidden-topic" not in told
        assert told.count("[secret]") == 2


# Side by side, and in order


def test_systems_are_looked_at_side_by_side_and_told_in_their_order() -> None:
    meeting = Barrier(3)

    def look(name: str) -> Callable[[], list[Any]]:
        def wait() -> list[Any]:
            meeting.wait(timeout=5)
            return [fine(name, "server", "there")]

        return wait

    wanted = [Checkup(name, look(name)) for name in ("one", "two", "three")]

    assert [each.system for each, _ in doctor.examine(wanted)] == ["one", "two", "three"]


def test_look_that_breaks_keeps_what_it_found_and_tells_only_its_kind() -> None:
    def look() -> Iterator[Any]:
        yield fine("T3", "server", "there")
        raise RuntimeError("ghp_secret")

    found = list(doctor._guarded(Checkup("T3", look), frozenset()))

    assert [each.line for each in found] == [
        "ok    T3 · server: there",
        "fail  T3 · checkup: broke off (RuntimeError). Report it: it is AFK's mistake",
    ]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        pytest.param("invalid: xoxb-planted", "invalid: [secret]", id="token"),
        pytest.param("no access for hush-hush", "no access for [secret]", id="password-of-the-ledger"),
        pytest.param("no access for from-a-file", "no access for [secret]", id="token-in-a-file"),
        pytest.param("it is on", "it is on", id="too-short-to-be-a-secret"),
        pytest.param("two\nlines\x1b[31m", "two lines[31m", id="control-characters"),
    ],
)
def test_words_of_others_are_shown_without_our_secrets(tmp_path: Path, said: str, told: str) -> None:
    (tmp_path / "token").write_text("from-a-file\n")
    environ = {
        "SLACK_BOT_TOKEN": "xoxb-planted",
        "AFK_NTFY_TOKEN": "on",
        "AFK_DATABASE_URL": "postgresql+psycopg://afk:hush-hush@db/afk",
        "AFK_T3_TOKEN_FILE": str(tmp_path / "token"),
        "AFK_KUBERNETES_TOKEN_FILE": str(tmp_path / "missing"),
    }
    checkup = Checkup("Slack", lambda: [broken("Slack", "bot token", said, said)])

    (found,) = doctor.guarded(checkup, environ).look()

    assert (found.what, found.todo) == (told, told)


def test_terminal_shows_who_is_still_looked_at() -> None:
    screen = StringIO()
    console = Console(file=screen, force_terminal=True, width=40, highlight=False)
    mended = broken("GitHub", "token", "refused", "Set AFK_GITHUB_TOKEN to a valid token, and look again")
    wanted = [Checkup("GitHub", lambda: [mended]), Checkup("T3", lambda: [fine("T3", "server", "there")])]

    found = list(progress.shown(wanted, doctor.examine(wanted), console))

    assert [each.system for each in found] == ["GitHub", "T3"]
    assert "looking at T3" in screen.getvalue()
    assert mended.line in screen.getvalue()  # not broken at the screen's edge
