"""`afk enroll` finds each fault that is planted in a repository, names its mend, and writes what enrols it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from afk.core.model import ForgeKind, StageKind
from afk.core.rules import parse_rules
from afk.sandbox.faults import Fault, Trouble
from tests.clinic import LABELS, of_level
from tests.street import REPO, Street

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

GOOD = ("CONTEXT.md", "src/disk.py", "tests/test_disk.py")
Found = list[dict[str, str]]


@pytest.fixture
def github(tmp_path: Path) -> Iterator[Street]:
    """A repository in order, which nobody enrolled yet."""
    made = Street.at(tmp_path, "github", 1)
    (made.home / "afk.toml").write_text("")
    number = made.forge.opens("Say hello")
    for label in LABELS:
        made.forge.labels(number, label)
    server: Any = made.forge.server
    workflow = {".github/workflows/ci.yml": "on: push\n"}
    sha = server.push(REPO, "Begin", "ada", files={**dict.fromkeys(GOOD, "x\n"), **workflow})
    made.forge.ci(sha, green=True)
    yield made
    made.close()


@pytest.fixture
def forgejo(tmp_path: Path) -> Iterator[Street]:
    made = Street.at(tmp_path, "forgejo", 2)
    (made.home / "afk.toml").write_text("")
    server: Any = made.forge.server
    made.forge.ci(server.push(REPO, "Begin", by="ada", files=[*GOOD, ".forgejo/workflows/ci.yml"]), green=True)
    yield made
    made.close()


def enrol(street: Street, *words: str, code: int = 0) -> dict[str, Any]:
    forge = ("--forge", "forgejo") if "AFK_FORGEJO_URL" in street.environment else ()
    facts: dict[str, Any] = json.loads(street.afk("enroll", REPO, *forge, *words, "--json", code=code))
    assert facts["ready"] is (code == 0)
    return facts


@pytest.mark.parametrize("name", ["github", "forgejo"])
def test_repository_in_order_is_only_praised_and_its_table_is_legal(name: str, request: pytest.FixtureRequest) -> None:
    street: Street = request.getfixturevalue(name)

    facts = enrol(street)

    assert of_level(facts["findings"], "warn", "fail") == []
    (repo,) = parse_rules(facts["rules"], "afk.toml").repos.values()
    assert (repo.name, repo.forge, str(repo.slug)) == ("infra", ForgeKind(name), REPO)
    assert repo.stages == (StageKind.CHECKS,)


@pytest.mark.parametrize("name", ["github", "forgejo"])
def test_printed_table_enrols_the_repository(name: str, request: pytest.FixtureRequest) -> None:
    street: Street = request.getfixturevalue(name)
    rules = street.home / "afk.toml"

    forge = ("--forge", name, "--name", "my.plant")
    printed = street.afk("enroll", REPO, *forge)
    rules.write_text(printed.partition("afk.toml:\n\n")[2])
    street.afk("arm", "my.plant")

    again = enrol(street)
    assert (again["repo"], again["enrolled"], again["rules"]) == ("my.plant", True, "")
    assert "To enrol it" not in street.afk("enroll", REPO, *forge)


def by_allowlist(street: Street, slugs: str) -> None:
    """No rules file: the working directory holds none."""
    del street.environment["AFK_CONFIG"]
    (street.home / "afk.toml").unlink()
    street.environment["AFK_ALLOWLIST"] = slugs


@pytest.mark.parametrize("slugs", ["acme/web", ""])
def test_where_the_allowlist_enrols_it_is_the_allowlist_that_is_extended(
    github: Street, slugs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table alone, in a new rules file, would have made AFK refuse its settings."""
    monkeypatch.chdir(github.home)
    by_allowlist(github, slugs)

    how = github.afk("enroll", REPO).splitlines()[-1]

    said, _, value = how.partition("AFK_ALLOWLIST=")
    assert (said, value) == ("To enrol it, set ", ",".join(filter(None, (slugs, REPO))))
    github.environment["AFK_ALLOWLIST"] = value
    assert enrol(github)["enrolled"] is True


def test_what_an_allowlist_cannot_say_is_written_as_tables_for_all(
    github: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(github.home)
    by_allowlist(github, "acme/web")

    printed = github.afk("enroll", REPO, "--name", "plant")

    assert "unset AFK_ALLOWLIST, which cannot say this, and put this into afk.toml:" in printed
    del github.environment["AFK_ALLOWLIST"]
    (github.home / "afk.toml").write_text(printed.partition("afk.toml:\n\n")[2])
    github.afk("arm", "plant")
    github.afk("arm", "web")


def test_allowlist_beside_a_rules_file_is_extended_too(github: Street) -> None:
    github.environment["AFK_ALLOWLIST"] = ""

    assert f"afk.toml, and {REPO} to AFK_ALLOWLIST:\n\n[repos.infra]" in github.afk("enroll", REPO)


def test_repository_that_is_not_ready_is_not_offered_for_enrolment(github: Street) -> None:
    hub("archive")(github)

    printed = github.afk("enroll", REPO, code=1)

    assert printed.splitlines()[-1] == f"{REPO} is not ready: 1 to mend, nothing to look at."
    assert (facts := enrol(github, code=1))["rules"] == facts["todo"] == ""


def test_name_that_changes_nothing_is_said_so(github: Street) -> None:
    (github.home / "afk.toml").write_text(enrol(github)["rules"])

    _is_named(
        enrol(github, "--name", "plant")["findings"], REPO, "warn", "the name plant is ignored", "Leave --name out"
    )
    assert of_level(enrol(github, "--name", "infra")["findings"], "warn") == []


# What is planted


def hub(verb: str, *arguments: str) -> Callable[[Street], object]:
    return lambda street: getattr(street.forge.server, verb)(REPO, *arguments)


def hub_token(*scopes: str) -> Callable[[Street], object]:
    def plant(street: Street) -> None:
        server: Any = street.forge.server
        street.environment["AFK_GITHUB_TOKEN"] = server.token_classic("afk-bot", scopes)

    return plant


def hub_fine_grained(**permissions: str) -> Callable[[Street], object]:
    def plant(street: Street) -> None:
        server: Any = street.forge.server
        street.environment["AFK_GITHUB_TOKEN"] = server.token_fine_grained(
            "afk-bot", permissions, resource_owner="acme"
        )

    return plant


def fresh(*files: str) -> Callable[[Street], object]:
    """The same repository with other files in it."""

    def plant(street: Street) -> None:
        server: Any = street.forge.server
        if "AFK_FORGEJO_URL" in street.environment:
            server.rewind(REPO, server.push(REPO, "Anew", by="ada", branch="new", orphan=True, files=files))
            return
        server.delete_repository(REPO)
        server.create_repository(REPO, collaborators={"ada": "write", "afk-bot": "write"})
        server.push(REPO, "Anew", "ada", files=dict.fromkeys(files, "x\n"))

    return plant


def emptied(street: Street) -> None:
    server: Any = street.forge.server
    server.delete_repository(REPO)
    server.create_repository(REPO, collaborators={"afk-bot": "write"}, empty=True)


def admin_sees(*rules: str) -> Callable[[Street], object]:
    def plant(street: Street) -> None:
        server: Any = street.forge.server
        server.set_role(REPO, "afk-bot", "admin")
        server.protect_branch(REPO, "main", *rules)

    return plant


def cut_tree(street: Street) -> None:
    server: Any = street.forge.server
    server.forge.largest_tree = 2


def down(street: Street) -> None:
    street.forge.server.stop()


def html(street: Street) -> None:
    page = {"Content-Type": "text/html"}
    street.forge.server.faults.add(Fault(Trouble.STATUS, times=None, status=200, headers=page, body="<html></html>"))


def taken(street: Street) -> None:
    (street.home / "afk.toml").write_text('[repos.Infra]\nslug = "acme/elsewhere"\n')


def without_ci(street: Street) -> None:
    forge = 'forge = "forgejo"\n' if "AFK_FORGEJO_URL" in street.environment else ""
    (street.home / "afk.toml").write_text(f'[repos.infra]\n{forge}slug = "{REPO}"\nstages = ["none"]\n')


def set_to(**variables: str) -> Callable[[Street], object]:
    return lambda street: street.environment.update(variables)


@pytest.mark.parametrize(
    ("plant", "subject", "level", "what", "todo"),
    [
        pytest.param(set_to(AFK_GITHUB_TOKEN="ghp_nobody_gave_this"), "token", "fail", "refused as wrong", "Set AFK_GITHUB_TOKEN", id="wrong-token"),
        pytest.param(hub_token("read:org"), "scopes", "fail", "read-only", "scope repo", id="read-only-token"),
        pytest.param(hub_fine_grained(contents="read", actions="read", statuses="read"), REPO, "fail", "Resource not accessible", "Issues", id="token-without-issues"),
        pytest.param(hub_fine_grained(contents="read", issues="write"), REPO, "fail", "its CI cannot be read", "Actions and Commit statuses", id="token-without-checks"),
        pytest.param(hub("set_role", "afk-bot", "read"), REPO, "fail", "may only read", "Give the account write access", id="account-may-only-read"),
        pytest.param(hub("delete_repository"), REPO, "fail", "not there, or out of reach", "Correct its slug", id="not-there"),
        pytest.param(hub("archive"), REPO, "fail", "archived", "Unarchive it", id="archived"),
        pytest.param(hub("disable_issues"), REPO, "fail", "issues are switched off", "Switch them on", id="issues-off"),
        pytest.param(hub("rename_repository", "plant"), REPO, "warn", "renamed: it is acme/plant now", "new name", id="renamed"),
        pytest.param(emptied, REPO, "warn", "there is no default branch", "Push a first commit", id="empty"),
        pytest.param(set_to(AFK_HUMAN_LABEL="a-person-please"), REPO, "warn", "no label a-person-please", "Create it with `afk enroll acme/infra --fix`", id="label-missing"),
        pytest.param(hub("make_fork"), REPO, "warn", "it is a fork", "Enrol the repository that it was forked from", id="fork"),
        pytest.param(hub("make_mirror", "https://git.test/infra"), REPO, "fail", "a mirror of https://git.test/infra", "Enrol the original", id="mirror"),
        pytest.param(hub("protect_by_ruleset", "main", "deletion", "pull_request"), REPO, "warn", "refused: pull_request of ruleset", "pass it by, or take it off", id="ruleset"),
        pytest.param(hub("protect_branch", "main", "required_pull_request_reviews"), REPO, "warn", "main is protected, and this token may not see by what", "See that the account", id="protected-unseen"),
        pytest.param(admin_sees("required_pull_request_reviews", "lock_branch"), REPO, "warn", "required_pull_request_reviews, lock_branch", "pass it by", id="protected"),
        pytest.param(hub("push", "Quietly [skip ci]", "ada"), REPO, "warn", "no CI ran on", 'stages = ["none"]', id="no-ci"),
        pytest.param(cut_tree, REPO, "warn", "no file looks like a test, by its name, among those that the forge lists", "Write a first one", id="tree-cut"),
        pytest.param(taken, REPO, "fail", "the short name infra is that of acme/elsewhere", "--name", id="name-taken"),
        pytest.param(without_ci, REPO, "warn", 'speak for stages = ["checks"]', "Correct its stages", id="enrolled-without-ci"),
        pytest.param(html, "API", "fail", "text/html", "AFK_GITHUB_API_URL", id="html"),
        pytest.param(down, "API", "fail", "nobody answers", "AFK_GITHUB_API_URL", id="down"),
    ],
)  # fmt: skip
def test_fault_of_github_is_named_with_its_mend(
    github: Street, plant: Callable[[Street], object], subject: str, level: str, what: str, todo: str
) -> None:
    plant(github)

    facts = enrol(github, code=1 if level == "fail" else 0)

    _is_named(facts["findings"], subject, level, what, todo)


@pytest.mark.parametrize("name", ["github", "forgejo"])
@pytest.mark.parametrize(
    ("files", "what", "todo"),
    [
        pytest.param(("CONTEXT.md", "src/latest.py"), "no file looks like a test", "Write a first one", id="no-tests"),
        pytest.param(("tests/test_disk.py",), "no CONTEXT.md, AGENTS.md or CLAUDE.md", "Write down", id="no-guide"),
    ],
)
def test_files_that_an_agent_needs_are_missed(
    name: str, files: tuple[str, ...], what: str, todo: str, request: pytest.FixtureRequest
) -> None:
    street: Street = request.getfixturevalue(name)
    fresh(*files)(street)

    _is_named(enrol(street)["findings"], REPO, "warn", what, todo)


def bot_token(*scopes: str) -> Callable[[Street], object]:
    def plant(street: Street) -> None:
        server: Any = street.forge.server
        street.environment["AFK_FORGEJO_TOKEN"] = server.issue_token("afk-bot", scopes)

    return plant


def protect(**rule: Any) -> Callable[[Street], object]:
    def plant(street: Street) -> None:
        server: Any = street.forge.server
        server.protect_branch(REPO, "main", **rule)

    return plant


@pytest.mark.parametrize(
    ("plant", "subject", "level", "what", "todo"),
    [
        pytest.param(set_to(AFK_FORGEJO_TOKEN="nobody-gave-this"), "token", "fail", "refused as wrong", "Set AFK_FORGEJO_TOKEN", id="wrong-token"),
        pytest.param(bot_token("write:issue", "read:user"), REPO, "fail", "[read:repository]", "reach it", id="token-without-repository"),
        pytest.param(hub("add_collaborator", "afk-bot", "write"), REPO, "fail", "no administrator", "Make the account an administrator", id="no-administrator"),
        pytest.param(hub("remove_collaborator", "afk-bot"), REPO, "fail", "not there, or out of reach", "Correct its slug", id="out-of-reach"),
        pytest.param(hub("archive"), REPO, "fail", "archived", "Unarchive it", id="archived"),
        pytest.param(hub("turn_off_issues"), REPO, "fail", "issues are switched off", "Switch them on", id="issues-off"),
        pytest.param(hub("make_fork"), REPO, "warn", "it is a fork", "forked from", id="fork"),
        pytest.param(hub("make_mirror"), REPO, "fail", "it is a mirror", "Enrol the original", id="mirror"),
        pytest.param(hub("delete_label", "ready-for-agent"), REPO, "warn", "no label ready-for-agent", "Create it with `afk enroll acme/infra --forge forgejo --fix`", id="label-missing"),
        pytest.param(protect(), REPO, "warn", "nobody may push", "pass it by, or take it off", id="nobody-may-push"),
        pytest.param(protect(enable_push=True, whitelist=("ada",)), REPO, "warn", "only ada may push", "pass it by", id="whitelist"),
        pytest.param(protect(enable_push=True, signed=True), REPO, "warn", "commits must be signed", "pass it by", id="signed"),
        pytest.param(lambda street: street.forge.pushes("Quietly"), REPO, "warn", "no CI ran on", 'stages = ["none"]', id="no-ci"),
        pytest.param(without_ci, REPO, "warn", 'speak for stages = ["checks"]', "Correct its stages", id="enrolled-without-ci"),
        pytest.param(down, "API", "fail", "nobody answers", "AFK_FORGEJO_URL", id="down"),
    ],
)  # fmt: skip
def test_fault_of_forgejo_is_named_with_its_mend(
    forgejo: Street, plant: Callable[[Street], object], subject: str, level: str, what: str, todo: str
) -> None:
    plant(forgejo)

    facts = enrol(forgejo, code=1 if level == "fail" else 0)

    _is_named(facts["findings"], subject, level, what, todo)


def _is_named(found: Found, subject: str, level: str, what: str, todo: str) -> None:
    lines = [each for each in found if (each["subject"], each["level"]) == (subject, level) and what in each["what"]]
    assert len(lines) == 1, found
    assert todo in lines[0]["todo"]


# Labels, stages, settings


def test_missing_labels_are_created_on_github_with_colour_and_purpose(github: Street) -> None:
    server: Any = github.forge.server
    github.environment |= {"AFK_READY_LABEL": "go", "AFK_HUMAN_LABEL": "Ready-For-Human"}  # GitHub ignores the case

    found = enrol(github, "--fix")["findings"]

    assert [each["what"] for each in found if "created" in each["what"]] == ["created the label go"]
    label = server.forge.world.repository(REPO).labels["go"]
    assert (label.color, label.description) == ("0e8a16", PURPOSE)
    assert of_level(enrol(github, "--fix")["findings"], "warn") == []


PURPOSE = "Release this issue to a coding agent. Whoever puts it on must be allowed to write here"


def test_missing_labels_are_created_on_forgejo_with_colour_and_purpose(forgejo: Street) -> None:
    server: Any = forgejo.forge.server
    forgejo.environment["AFK_READY_LABEL"] = "go"

    found = enrol(forgejo, "--fix")["findings"]

    assert [each["what"] for each in found if "created" in each["what"]] == ["created the label go"]
    label = server.label_named(server.repository(REPO), "go")
    assert (label.color, label.description) == ("#0e8a16", PURPOSE)
    assert of_level(enrol(forgejo, "--fix")["findings"], "warn") == []


def test_without_fix_nothing_is_changed(github: Street) -> None:
    github.environment["AFK_READY_LABEL"] = "go"

    assert of_level(enrol(github)["findings"], "warn") == [("GitHub", REPO)]

    asked = {exchange.line for exchange in github.forge.server.exchanges if "/labels" in exchange.line}
    assert not [line for line in asked if line.startswith("POST")]


@pytest.mark.parametrize("name", ["github", "forgejo"])
def test_labels_that_may_not_be_created_are_said_so(name: str, request: pytest.FixtureRequest) -> None:
    street: Street = request.getfixturevalue(name)
    street.environment["AFK_READY_LABEL"] = "go"
    plant = hub("set_role", "afk-bot", "triage") if name == "github" else bot_token(*READERS)
    plant(street)

    found = enrol(street, "--fix", code=1)["findings"]

    (line,) = [each for each in found if "cannot be mended" in each["what"]]
    assert line["todo"].startswith("Give the token")


READERS = ("read:issue", "read:repository", "read:user")


@pytest.mark.parametrize(
    ("files", "stages"),
    [
        pytest.param((".woodpecker.yml",), ("woodpecker",), id="woodpecker"),
        pytest.param((".woodpecker/deploy.yaml", ".github/workflows/ci.yml"), ("checks", "woodpecker"), id="both"),
        pytest.param(("docs/.woodpecker.yml", "workflows/ci.yml"), ("checks",), id="neither-where-it-counts"),
    ],
)
def test_stages_follow_from_the_files(github: Street, files: tuple[str, ...], stages: tuple[str, ...]) -> None:
    fresh(*files)(github)

    assert tuple(map(str, _stages(enrol(github)))) == stages


def _stages(facts: dict[str, Any]) -> tuple[StageKind, ...]:
    (repo,) = parse_rules(facts["rules"], "afk.toml").repos.values()
    return repo.stages


@pytest.mark.parametrize("name", ["github", "forgejo"])
def test_that_there_is_no_ci_is_never_guessed(name: str, request: pytest.FixtureRequest) -> None:
    """A pasted table that said so would close issues before CI has spoken."""
    street: Street = request.getfixturevalue(name)
    fresh("CONTEXT.md", "tests/test_disk.py")(street)

    facts = enrol(street)

    assert _stages(facts) == (StageKind.CHECKS,)
    _is_named(facts["findings"], REPO, "warn", "no sign of CI; the table says", 'write stages = ["none"]')


def test_private_repository_of_a_free_plan_is_looked_at_to_the_end(github: Street) -> None:
    """GitHub refuses to tell its rules, since there can be none."""
    server: Any = github.forge.server
    server.stop_paying(REPO.partition("/")[0])

    facts = enrol(github)

    assert of_level(facts["findings"], "warn", "fail") == []
    assert _stages(facts) == (StageKind.CHECKS,)
    assert [each for each in facts["findings"] if "shows no rulesets for main" in each["what"]]


def test_files_beyond_those_that_the_forge_lists_may_be_workflows(github: Street) -> None:
    fresh("CONTEXT.md", ".github/workflows/ci.yml")(github)
    cut_tree(github)

    facts = enrol(github)

    assert _stages(facts) == (StageKind.CHECKS,)
    _is_named(facts["findings"], REPO, "warn", "no sign of CI among the files that the forge lists", "write stages")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        pytest.param((REPO, "--forge", "forgejo"), 1, "set AFK_FORGEJO_URL and AFK_FORGEJO_TOKEN", id="forge-unset"),
        pytest.param(("infra",), 2, "is not owner/name", id="no-owner"),
        pytest.param((REPO, "--name", "../up"), 2, "letters, digits", id="bad-name"),
    ],
)
def test_what_cannot_be_looked_at_is_refused(github: Street, words: tuple[str, ...], code: int, said: str) -> None:
    assert said in " ".join(github.afk("enroll", *words, code=code).replace("│", "").split())
