"""Each fault that is planted on the street is named by `afk doctor` with its mend."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest

from afk.adapters.clock import SystemClock
from afk.sandbox.faults import Fault, Trouble
from afk.sandbox.t3 import T3Server
from tests.clinic import findings, of_level, one, settle
from tests.street import REPO, Github, Street

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from aiohttp import web

HTML = {"Content-Type": "text/html"}
Plant = Callable[[Street], object]


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    made = Street.at(tmp_path, "github", 1)
    settle(made)
    yield made
    made.close()


@pytest.fixture
def forgejo(tmp_path: Path) -> Iterator[Street]:
    made = Street.at(tmp_path, "forgejo", 2)
    settle(made)
    yield made
    made.close()


def set_to(**variables: str) -> Plant:
    return lambda street: street.environment.update(variables)


def token_for(**wish: Any) -> Plant:
    def plant(street: Street) -> None:
        street.environment["AFK_GITHUB_TOKEN"] = street.forge.server.token_classic("afk-bot", **wish)  # type: ignore[attr-defined]

    return plant


def t3_token(*scopes: str, life: timedelta = timedelta(days=30)) -> Plant:
    def plant(street: Street) -> None:
        street.environment["AFK_T3_TOKEN"] = street.t3.issue_token(scopes, life)

    return plant


def fine_grained(**permissions: str) -> Plant:
    def plant(street: Street) -> None:
        street.environment["AFK_GITHUB_TOKEN"] = street.forge.server.token_fine_grained(  # type: ignore[attr-defined]
            "afk-bot", permissions, resource_owner="acme"
        )

    return plant


def on_github(verb: str, *arguments: str) -> Plant:
    return lambda street: getattr(street.forge.server, verb)(REPO, *arguments)


def no_labels(street: Street) -> None:
    street.environment["AFK_HUMAN_LABEL"] = "a-person-please"


def t3_html(street: Street) -> None:
    street.t3.faults.add(Fault(Trouble.STATUS, times=None, status=200, headers=HTML, body="<html>sign in</html>"))


def github_html(street: Street) -> None:
    street.forge.server.faults.add(
        Fault(Trouble.STATUS, times=None, status=200, headers=HTML, body="<html>hello</html>")
    )


def t3_protocol_3(street: Street) -> None:
    street.t3.announce_protocol = 3


def t3_down(street: Street) -> None:
    street.t3.stop()


def github_down(street: Street) -> None:
    street.forge.server.stop()


def github_spent(street: Street) -> None:
    street.forge.server.exhaust(street.environment["AFK_GITHUB_TOKEN"], "core")  # type: ignore[attr-defined]


def graphql_spent(street: Street) -> None:
    street.forge.server.exhaust(street.environment["AFK_GITHUB_TOKEN"], "graphql")  # type: ignore[attr-defined]


def t3_revoked(street: Street) -> None:
    street.t3.revoke_token(street.environment["AFK_T3_TOKEN"])


def t3_other_file(street: Street) -> None:
    del street.environment["AFK_T3_TOKEN"]
    street.environment["AFK_T3_TOKEN_FILE"] = str(street.home / "nothing-here")


def ledger_read_only(street: Street) -> None:
    street.environment["AFK_DATABASE_URL"] = f"sqlite:///file:{street.home}/ledger.db?mode=ro&uri=true"


def ledger_newer(street: Street) -> None:
    with closing(sqlite3.connect(street.home / "ledger.db")) as database, database:
        database.execute("UPDATE afk_schema SET version_num = '9999'")


def ledger_of_another(street: Street) -> None:
    with closing(sqlite3.connect(street.home / "other.db")) as database, database:
        database.execute("CREATE TABLE invoices (number INTEGER)")
    street.environment["AFK_DATABASE_URL"] = f"sqlite:///{street.home}/other.db"


def ledger_no_database(street: Street) -> None:
    (street.home / "text.db").write_text("This is a shopping list, and far longer than a header would be. " * 20)
    street.environment["AFK_DATABASE_URL"] = f"sqlite:///{street.home}/text.db"


def ledger_below_a_file(street: Street) -> None:
    street.environment["AFK_DATABASE_URL"] = f"sqlite:///{street.home}/afk.toml/ledger.db"


def ledger_server_down(street: Street) -> None:
    street.environment["AFK_DATABASE_URL"] = "postgresql+psycopg://afk:hush-hush@127.0.0.1:1/afk"


FAULTS = [
    pytest.param(set_to(AFK_GITHUB_TOKEN="ghp_nobody_gave_this"), "GitHub", "token", "fail", "refused as wrong, expired or revoked", "Set AFK_GITHUB_TOKEN", id="github-wrong-token"),
    pytest.param(token_for(scopes=("read:org",)), "GitHub", "scopes", "fail", "read:org: read-only", "scope repo", id="github-read-only-token"),
    pytest.param(on_github("set_role", "afk-bot", "read"), "GitHub", REPO, "fail", "may only read: nobody's permission can be asked", "Give the account write access", id="github-account-may-only-read"),
    pytest.param(fine_grained(contents="read", actions="read", statuses="read"), "GitHub", REPO, "fail", "Resource not accessible by personal access token", "Contents and Issues", id="github-token-without-issues"),
    pytest.param(fine_grained(contents="read", issues="write"), "GitHub", REPO, "fail", "its CI cannot be read", "Actions and Commit statuses", id="github-token-without-actions"),
    pytest.param(on_github("rename_repository", "plant"), "GitHub", REPO, "warn", "renamed: it is acme/plant now", "new name as slug", id="github-repository-renamed"),
    pytest.param(on_github("archive"), "GitHub", REPO, "fail", "archived", "Unarchive it", id="github-repository-archived"),
    pytest.param(on_github("disable_issues"), "GitHub", REPO, "fail", "issues are switched off", "Switch them on", id="github-issues-off"),
    pytest.param(on_github("delete_repository"), "GitHub", REPO, "fail", "not there, or out of reach", "Correct its slug", id="github-repository-gone"),
    pytest.param(no_labels, "GitHub", REPO, "warn", "no label a-person-please", "Create it", id="github-label-missing"),
    pytest.param(lambda street: street.forge.pushes("Quietly [skip ci]"), "GitHub", REPO, "warn", "no CI ran on", 'stages = ["none"]', id="github-head-without-ci"),
    pytest.param(github_html, "GitHub", "API", "fail", "text/html", "AFK_GITHUB_API_URL", id="github-answers-html"),
    pytest.param(github_down, "GitHub", "API", "fail", "nobody answers (ConnectError)", "AFK_GITHUB_API_URL", id="github-down"),
    pytest.param(github_spent, "GitHub", "rate limit", "fail", "API rate limit exceeded", "Wait", id="github-rate-limit-used-up"),
    pytest.param(graphql_spent, "GitHub", REPO, "fail", "held: rate limit until", "Wait until then", id="github-graphql-used-up"),
    pytest.param(set_to(AFK_T3_TOKEN="no-such-token"), "T3", "token", "fail", "refused: wrong, revoked, or another server's", "Issue a token", id="t3-wrong-token"),
    pytest.param(t3_revoked, "T3", "token", "fail", "refused: wrong, revoked", "Issue a token", id="t3-revoked-token"),
    pytest.param(t3_token("orchestration:read", "orchestration:operate", life=timedelta(hours=-1)), "T3", "token", "fail", "refused: it ended at 20", "Issue a token", id="t3-expired-token"),
    pytest.param(t3_token("orchestration:read"), "T3", "token", "fail", "it lacks orchestration:operate", "Issue a token for orchestration:read and orchestration:operate", id="t3-token-without-operate"),
    pytest.param(t3_token("orchestration:operate"), "T3", "token", "fail", "it lacks orchestration:read", "Issue a token", id="t3-token-without-read"),
    pytest.param(t3_token("orchestration:read", "orchestration:operate", life=timedelta(days=2)), "T3", "expiry", "warn", "it ends soon", "Issue a token", id="t3-token-ends-soon"),
    pytest.param(t3_other_file, "T3", "token", "fail", "AFK_T3_TOKEN_FILE cannot be read", "Issue a token", id="t3-token-file-missing"),
    pytest.param(lambda street: (t3_other_file(street), t3_down(street)), "T3", "token", "fail", "AFK_T3_TOKEN_FILE cannot be read", "Issue a token", id="t3-token-file-missing-while-it-is-down"),
    pytest.param(t3_html, "T3", "server", "fail", "no T3 environment there", "something else answers there", id="t3-answers-html"),
    pytest.param(t3_protocol_3, "T3", "server", "fail", "speaks protocol 3; AFK knows 1 and 2", "Run a T3 Code that speaks protocol 1 or 2", id="t3-protocol-3"),
    pytest.param(t3_down, "T3", "server", "fail", "nobody answers (ConnectError)", "Start T3 Code", id="t3-down"),
    pytest.param(set_to(AFK_NUDGE_MAX="3"), "settings", "environment", "warn", "AFK_NUDGE_MAX sets nothing", "Did you mean AFK_NUDGES_MAX?", id="unknown-variable"),
    pytest.param(set_to(AFK_NUDGES_MAX="many"), "settings", "environment and rules", "fail", "AFK_NUDGES_MAX is 'many', but must be a whole number", "Correct it", id="illegal-value"),
    pytest.param(set_to(AFK_T3_TOKEN=""), "settings", "environment and rules", "fail", "needs AFK_T3_TOKEN or AFK_T3_TOKEN_FILE", "Set it", id="setting-missing"),
    pytest.param(set_to(AFK_CONFIG="", AFK_ALLOWLIST=""), "settings", "enrolled", "warn", "no repository", "AFK_ALLOWLIST", id="nothing-enrolled"),
    pytest.param(ledger_read_only, "ledger", "database", "fail", "it is read-only", "Give this user write access", id="ledger-read-only"),
    pytest.param(ledger_newer, "ledger", "schema", "fail", "written by a newer AFK", "Upgrade AFK", id="ledger-newer"),
    pytest.param(ledger_of_another, "ledger", "schema", "fail", "belongs to another program (table invoices)", "a database of its own", id="ledger-of-another-program"),
    pytest.param(ledger_no_database, "ledger", "database", "fail", "no SQLite database", "a file of its own", id="ledger-no-database"),
    pytest.param(ledger_below_a_file, "ledger", "place", "fail", "it cannot be made", "Give this user write access", id="ledger-cannot-be-made"),
    pytest.param(ledger_server_down, "ledger", "database", "fail", "cannot be reached", "Start it, or correct AFK_DATABASE_URL", id="ledger-server-down"),
]  # fmt: skip


@pytest.mark.parametrize(("plant", "system", "subject", "level", "what", "todo"), FAULTS)
def test_planted_fault_is_named_with_its_mend(
    street: Street, plant: Plant, system: str, subject: str, level: str, what: str, todo: str
) -> None:
    plant(street)

    found = findings(street, 1 if level == "fail" else 0)

    line = one(found, system, subject, level)
    assert what in line["what"]
    assert todo in f"{line['what']}. {line['todo']}"
    assert line["todo"]


@pytest.mark.parametrize("plant", [github_down, t3_down, ledger_server_down], ids=["github", "t3", "ledger"])
def test_system_that_is_down_does_not_hide_the_others(street: Street, plant: Plant) -> None:
    plant(street)

    found = findings(street, 1)

    assert len(of_level(found, "fail")) == 1
    broken_one = of_level(found, "fail")[0][0]
    assert {each["system"] for each in found if each["level"] == "ok"} >= {"GitHub", "T3", "ledger"} - {broken_one}


def archived(street: Street) -> None:
    street.forge.server.archive(REPO)  # type: ignore[attr-defined]


def no_admin(street: Street) -> None:
    street.forge.server.add_collaborator(REPO, "afk-bot", "write")  # type: ignore[attr-defined]


def forgejo_token(*scopes: str) -> Plant:
    def plant(street: Street) -> None:
        street.environment["AFK_FORGEJO_TOKEN"] = street.forge.server.issue_token("afk-bot", scopes)  # type: ignore[attr-defined]

    return plant


def label_deleted(street: Street) -> None:
    street.forge.server.delete_label(REPO, "ready-for-agent")  # type: ignore[attr-defined]


def out_of_reach(street: Street) -> None:
    street.forge.server.remove_collaborator(REPO, "afk-bot")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("plant", "subject", "level", "what", "todo"),
    [
        pytest.param(set_to(AFK_FORGEJO_TOKEN="nobody-gave-this"), "token", "fail", "refused as wrong", "Set AFK_FORGEJO_TOKEN", id="wrong-token"),
        pytest.param(forgejo_token("write:issue", "read:repository"), "token", "fail", "may not say whose it is", "read:user", id="token-without-user"),
        pytest.param(forgejo_token("write:issue", "read:user"), REPO, "fail", "required scope(s): [read:repository]", "scopes", id="token-without-repository"),
        pytest.param(archived, REPO, "fail", "archived", "Unarchive it", id="archived"),
        pytest.param(no_admin, REPO, "fail", "no administrator", "Make the account an administrator", id="no-administrator"),
        pytest.param(out_of_reach, REPO, "fail", "not there, or out of reach", "Correct its slug", id="gone"),
        pytest.param(label_deleted, REPO, "warn", "no label ready-for-agent", "Create it", id="label-missing"),
        pytest.param(lambda street: street.forge.pushes("Quietly"), REPO, "warn", "no CI ran on", 'stages = ["none"]', id="head-without-ci"),
        pytest.param(github_html, "API", "fail", "text/html", "AFK_FORGEJO_URL", id="html"),
        pytest.param(github_down, "API", "fail", "nobody answers", "AFK_FORGEJO_URL", id="down"),
    ],
)  # fmt: skip
def test_planted_fault_of_forgejo_is_named_with_its_mend(
    forgejo: Street, plant: Plant, subject: str, level: str, what: str, todo: str
) -> None:
    plant(forgejo)

    line = one(findings(forgejo, 1 if level == "fail" else 0), "Forgejo", subject, level)

    assert what in line["what"]
    assert todo in line["todo"]


# Clocks


class T3OnItsOwnTime(T3Server):
    """Its answers bear the time of its own clock, as HTTP wants."""

    def __init__(self, ahead: timedelta) -> None:
        self.time: Callable[[], datetime] = lambda: SystemClock().now() + ahead
        super().__init__(clock=self.time)

    async def _serve(self, request: web.Request, handler: Any) -> web.StreamResponse:
        response = await super()._serve(request, handler)
        response.headers["Date"] = format_datetime(self.time(), usegmt=True)
        return response


@pytest.mark.parametrize(
    ("minutes", "level", "what"),
    [
        pytest.param(2, "warn", "ahead of ours", id="a-little-ahead"),
        pytest.param(-2, "warn", "behind ours", id="a-little-behind"),
        pytest.param(10, "fail", "ahead of ours", id="far-ahead"),
        pytest.param(-10, "fail", "behind ours", id="far-behind"),
    ],
)
def test_clock_that_differs_is_named_with_its_mend(tmp_path: Path, minutes: int, level: str, what: str) -> None:
    made = Street(tmp_path, Github(), T3OnItsOwnTime(timedelta(minutes=minutes)).start())
    settle(made)
    try:
        line = one(findings(made, 1 if level == "fail" else 0), "T3", "clock", level)
    finally:
        made.close()

    assert what in line["what"]
    assert "NTP" in line["todo"]
