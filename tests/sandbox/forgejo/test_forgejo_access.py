"""Who gets in with which token, and whose rights may be asked for."""

from __future__ import annotations

import pytest

INFRA = "viktor/infra"
OTHER = "viktor/open"


@pytest.mark.parametrize("kind", ["token", "Bearer", "bearer"])
def test_both_words_before_the_token_are_understood(forge, kind, knock):
    caller = knock(forge, forge.issue_token("afk-bot"), kind)

    assert caller.get("/user").json()["login"] == "afk-bot"


def test_an_unknown_token_is_refused(forge, knock):
    answer = knock(forge, "0" * 40).get("/user")

    assert answer.status_code == 401
    assert set(answer.json()) == {"message", "url"}


def test_a_revoked_token_is_refused(forge, knock):
    secret = forge.issue_token("afk-bot")
    caller = knock(forge, secret)
    before = caller.get("/user").status_code
    forge.revoke_token(secret)

    assert (before, caller.get("/user").status_code) == (200, 401)


@pytest.mark.parametrize(
    ("method", "path", "scopes", "missing"),
    [
        pytest.param("GET", f"/repos/{INFRA}/issues", ("read:repository",), "read:issue", id="issues"),
        pytest.param("GET", "/repos/issues/search", ("read:repository",), "read:issue", id="search"),
        pytest.param("PATCH", f"/repos/{INFRA}/issues/1", ("read:issue",), "write:issue", id="reading-is-not-writing"),
        pytest.param("GET", f"/repos/{INFRA}/labels", ("read:repository",), "read:issue", id="labels"),
        pytest.param("GET", f"/repos/{INFRA}/commits", ("write:issue",), "read:repository", id="commits"),
        pytest.param("GET", f"/repos/{INFRA}/statuses/1234567", ("read:issue",), "read:repository", id="statuses"),
        pytest.param("GET", f"/repos/{INFRA}/actions/runs", ("read:issue",), "read:repository", id="runs"),
        pytest.param(
            "GET",
            f"/repos/{INFRA}/collaborators/viktor/permission",
            ("write:issue",),
            "read:repository",
            id="permission",
        ),
        pytest.param("GET", "/user", ("write:issue",), "read:user", id="myself"),
        pytest.param("GET", "/orgs/lab/labels", ("write:issue",), "read:organization", id="organisation"),
    ],
)
def test_a_token_without_the_scope_is_refused_before_anything_is_looked_up(forge, method, path, scopes, missing, knock):
    answer = knock(forge, forge.issue_token("afk-bot", scopes)).http.request(method, path)

    assert answer.status_code == 403
    assert answer.json()["message"] == f"token does not have at least one of required scope(s): [{missing}]"


@pytest.mark.parametrize("scopes", [("write:issue",), ("all",)], ids=["write", "all"])
def test_a_wider_scope_covers_reading(forge, scopes, knock):
    caller = knock(forge, forge.issue_token("afk-bot", scopes))

    assert caller.get(f"/repos/{INFRA}/issues").status_code == 200


def test_gitea_also_says_which_scopes_the_token_has(gitea, knock):
    caller = knock(gitea, gitea.issue_token("afk-bot", ("read:user",)))
    message = caller.get(f"/repos/{INFRA}/issues").json()["message"]

    assert message.endswith("required=[read:issue], token scope=read:user")


def test_a_private_repository_does_not_exist_for_a_stranger(forge, stranger):
    answer = stranger.get(f"/repos/{INFRA}/issues")

    assert answer.status_code == 404
    assert set(answer.json()) == {"errors", "message", "url"}


@pytest.mark.parametrize(
    ("login", "expected"),
    [
        pytest.param("viktor", "owner", id="owner"),
        pytest.param("afk-bot", "admin", id="admin"),
        pytest.param("writer", "write", id="collaborator"),
        pytest.param("team-writer", "write", id="by-team"),
        pytest.param("reader", "read", id="read-only"),
        pytest.param("stranger", "none", id="stranger"),
        pytest.param("root", "owner", id="site-admin"),
    ],
)
def test_permission_has_five_words_and_role_name_repeats_it(forge, bot, login, expected):
    for name in ("writer", "team-writer", "reader"):
        forge.add_user(name)
    forge.add_user("root", site_admin=True)
    forge.add_collaborator(INFRA, "writer", "write")
    forge.add_collaborator(INFRA, "reader", "read")
    forge.grant_by_team(INFRA, "team-writer", "write")
    answer = bot.get(f"/repos/{INFRA}/collaborators/{login}/permission").json()

    assert (answer["permission"], answer["role_name"], answer["user"]["login"]) == (expected, expected, login)


def test_everybody_may_read_a_public_repository(forge, log_in):
    forge.create_repository(OTHER, private=False)
    owner = log_in(forge, "viktor")

    assert owner.get(f"/repos/{OTHER}/collaborators/stranger/permission").json()["permission"] == "read"


def test_only_an_admin_may_ask_about_others(forge, log_in):
    forge.add_user("writer")
    forge.add_collaborator(INFRA, "writer", "write")
    writer = log_in(forge, "writer")
    about_others = writer.get(f"/repos/{INFRA}/collaborators/viktor/permission")
    about_itself = writer.get(f"/repos/{INFRA}/collaborators/writer/permission")

    assert about_others.status_code == 403
    assert about_others.json()["message"].startswith("Only admins can query all permissions")
    assert about_itself.json()["permission"] == "write"


def test_nobody_is_404_even_for_who_may_not_ask(forge, log_in):
    forge.add_user("writer")
    forge.add_collaborator(INFRA, "writer", "write")

    assert log_in(forge, "writer").get(f"/repos/{INFRA}/collaborators/nobody/permission").status_code == 404


@pytest.mark.parametrize(
    ("login", "status"), [("afk-bot", 204), ("viktor", 404), ("team-writer", 404), ("nobody", 422)]
)
def test_only_explicit_collaborators_are_collaborators(forge, bot, login, status):
    forge.add_user("team-writer")
    forge.grant_by_team(INFRA, "team-writer", "write")

    assert bot.get(f"/repos/{INFRA}/collaborators/{login}").status_code == status
    assert [one["login"] for one in bot.get(f"/repos/{INFRA}/collaborators").json()] == ["afk-bot"]


def test_a_removed_collaborator_loses_the_right_at_once(forge, bot):
    forge.add_user("writer")
    forge.add_collaborator(INFRA, "writer", "write")
    path = f"/repos/{INFRA}/collaborators/writer/permission"
    before = bot.get(path).json()["permission"]
    forge.remove_collaborator(INFRA, "writer")

    assert (before, bot.get(path).json()["permission"]) == ("write", "none")


def test_an_organisation_gives_its_owners_everything(forge, log_in):
    forge.add_organization("lab", owners=("viktor",))
    forge.create_repository("lab/site")
    owner = log_in(forge, "viktor")
    path = "/repos/lab/site/collaborators"

    assert owner.get(f"{path}/viktor/permission").json()["permission"] == "owner"
    assert owner.get(f"{path}/stranger/permission").json()["permission"] == "none"


def test_a_login_can_pass_to_somebody_else_with_another_id(forge, bot):
    first = bot.get("/users/stranger").json()["id"]
    forge.delete_user("stranger")
    gone = bot.get("/users/stranger").status_code
    forge.add_user("stranger")

    assert gone == 404
    assert bot.get("/users/stranger").json()["id"] != first


def test_a_renamed_user_keeps_the_id(forge, bot):
    first = bot.get("/users/stranger").json()["id"]
    forge.rename_user("stranger", "friend")

    assert bot.get("/users/friend").json()["id"] == first


def test_branch_protections_are_for_admins(forge, bot, log_in):
    forge.add_user("writer")
    forge.add_collaborator(INFRA, "writer", "write")
    forge.push(INFRA, "Start", by="viktor")
    forge.protect_branch(INFRA, "main")
    refused = log_in(forge, "writer").get(f"/repos/{INFRA}/branch_protections")

    assert refused.status_code == 403
    assert [rule["rule_name"] for rule in bot.get(f"/repos/{INFRA}/branch_protections").json()] == ["main"]
    assert bot.get(f"/repos/{INFRA}/branches/main").json()["protected"] is True
