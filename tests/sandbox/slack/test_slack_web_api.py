"""The front door of the Web API: which methods there are, and who may call them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from afk.sandbox.slack.web_api import METHODS

# What the sandbox serves, and the section of slack.md that names it; "task" marks what stories asked for beyond it.
SERVED = {
    "api.test": "task",
    "apps.connections.open": "11.1 seam",
    "apps.manifest.validate": "11.8 live",
    "auth.test": "2.2 build",
    "blocks.validate": "11.8 live",
    "bots.info": "task",
    "chat.delete": "task",
    "chat.getPermalink": "7 permalink",
    "chat.postEphemeral": "task",
    "chat.postMessage": "6 outbox",
    "chat.update": "6 outbox",
    "conversations.history": "6.3 reconciling",
    "conversations.info": "task",
    "conversations.join": "task",
    "conversations.list": "task",
    "conversations.replies": "3.1 thread replies",
    "reactions.add": "10 thread replies",
    "users.info": "3.1 no users:read",
    "views.open": "10 confirmation",
    "views.publish": "10 App Home",
    "views.update": "task",
}
PATHS = {
    "/api/{method}": "11.2 fake Slack",
    "/respond/{id}": "11.2 fake Slack",
    "/link": "11.2 fake Slack",
    "/": "task",
    "/page.css": "task",
    "/page.js": "task",
    "/mrkdwn.js": "task",
    "/sandbox/state": "task",
    "/sandbox/act": "task",
}
SCOPED = {name: method.scope for name, method in METHODS.items() if method.scope}


def test_every_method_served_is_in_the_coverage_matrix() -> None:
    assert {*METHODS, "api.test"} == set(SERVED)


def test_every_path_served_is_in_the_coverage_matrix(town: Any) -> None:
    app = town.slack._runner.app

    assert {route.resource.canonical for route in app.router.routes()} == set(PATHS)


@pytest.mark.parametrize("method", sorted(set(SERVED) - {"api.test"}))
def test_call_without_a_token_is_not_authed(town: Any, method: str) -> None:
    assert town.api(method, token="") == {"ok": False, "error": "not_authed"}


def test_unknown_token_is_invalid(town: Any) -> None:
    assert town.api("auth.test", token="xoxb-nobody")["error"] == "invalid_auth"


def test_revoked_token_is_told_apart_from_an_unknown_one(town: Any) -> None:
    town.slack.revoke(town.token)

    assert town.api("auth.test")["error"] == "token_revoked"


def test_token_works_until_it_expires(town: Any) -> None:
    token = town.slack.bot_token(expires_at=town.clock.now + timedelta(hours=12))
    assert town.api("auth.test", token=token)["ok"]

    town.clock.forward(hours=12)

    assert town.api("auth.test", token=token)["error"] == "token_expired"


@pytest.mark.parametrize("method", sorted(name for name in SCOPED if name != "apps.connections.open"))
def test_missing_scope_names_what_is_needed_and_what_was_provided(town: Any, method: str) -> None:
    token = town.slack.bot_token(("commands", "groups:history"))

    assert town.api(method, token=token) == {
        "ok": False, "error": "missing_scope", "needed": SCOPED[method], "provided": "commands,groups:history",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("method", "kind"),
    [
        ("chat.postMessage", "app"),
        ("conversations.history", "app"),
        ("apps.connections.open", "bot"),
        ("apps.manifest.validate", "bot"),
        ("chat.postMessage", "config"),
    ],
)
def test_token_of_the_wrong_kind_is_refused(town: Any, method: str, kind: str) -> None:
    tokens = {"app": town.slack.app_token(), "bot": town.token, "config": town.slack.config_token()}

    assert town.api(method, token=tokens[kind])["error"] == "not_allowed_token_type"


def test_app_token_without_its_scope_opens_no_connection(town: Any) -> None:
    assert town.api("apps.connections.open", token=town.slack.app_token(()))["needed"] == "connections:write"


def test_unknown_method_is_named(town: Any) -> None:
    assert town.api("chat.shout") == {"ok": False, "error": "unknown_method", "req_method": "chat.shout"}


def test_answers_carry_the_scopes_of_token_and_method(town: Any) -> None:
    headers = town.web.chat_postMessage(channel=town.channel, text="x").headers

    assert headers["X-OAuth-Scopes"].startswith("chat:write,commands")
    assert headers["X-Accepted-OAuth-Scopes"] == "chat:write"


def test_refusal_reaches_the_sdk_as_an_api_error(town: Any) -> None:
    with pytest.raises(SlackApiError) as refused:
        town.web.chat_postMessage(channel="C404", text="x")

    assert (refused.value.response.status_code, refused.value.response["error"]) == (200, "channel_not_found")


class TestArguments:
    def url(self, town: Any, method: str = "auth.test") -> str:
        return f"{town.slack.url}/api/{method}"

    def test_token_may_stand_in_a_form(self, town: Any) -> None:
        assert town.http.post(self.url(town), data={"token": town.token}).json()["ok"]

    def test_token_in_json_is_not_looked_at(self, town: Any) -> None:
        assert town.http.post(self.url(town), json={"token": town.token}).json()["error"] == "not_authed"

    def test_token_in_the_query_string_is_not_looked_at(self, town: Any) -> None:
        assert town.http.get(self.url(town), params={"token": town.token}).json()["error"] == "not_authed"

    def test_arguments_may_stand_in_the_query_string(self, town: Any) -> None:
        headers = {"Authorization": f"Bearer {town.token}"}
        answer = town.http.get(self.url(town, "users.info"), params={"user": town.ada}, headers=headers)

        assert answer.json()["user"]["name"] == "ada"

    @pytest.mark.parametrize(
        ("content", "kind", "error"),
        [
            ("{", "application/json", "invalid_json"),
            ("[]", "application/json", "json_not_object"),
            ("x", "text/plain", "invalid_post_type"),
        ],
    )
    def test_body_that_cannot_be_read_is_refused(self, town: Any, content: str, kind: str, error: str) -> None:
        headers = {"Authorization": f"Bearer {town.token}", "Content-Type": kind}

        assert town.http.post(self.url(town), content=content, headers=headers).json() == {"ok": False, "error": error}

    def test_argument_of_the_wrong_type_is_named(self, town: Any) -> None:
        answer = town.api("chat.postMessage", channel=["C1"], text="x")

        assert answer["error"] == "invalid_arguments"
        assert answer["response_metadata"] == {"messages": ["[ERROR] must be a string [json-pointer:/channel]"]}

    def test_missing_argument_is_named(self, town: Any) -> None:
        answer = town.api("chat.postMessage", text="x")

        assert answer["response_metadata"] == {"messages": ["[ERROR] missing required field: channel"]}

    def test_api_test_returns_what_it_is_given(self, town: Any) -> None:
        assert town.api("api.test", token="", foo="bar") == {"ok": True, "args": {"foo": "bar"}}

    def test_api_test_fails_when_asked_to(self, town: Any) -> None:
        assert town.api("api.test", error="my_error") == {
            "ok": False, "error": "my_error", "args": {"error": "my_error"},
        }  # fmt: skip
