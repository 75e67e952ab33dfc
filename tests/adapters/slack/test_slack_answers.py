"""What becomes of Slack's refusals, of its bad days and of silence."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from http.client import IncompleteRead
from socket import gaierror
from ssl import SSLCertVerificationError
from typing import TYPE_CHECKING, Any
from urllib.error import URLError

import pytest
from slack_sdk.errors import SlackRequestError

from afk.adapters.slack.answers import POST, meaning
from afk.ports import Gone, PortError, Refused, Uncertain, Unreachable
from afk.sandbox.faults import Trouble
from tests.adapters.slack.conftest import CARD, DAWN

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.adapters.slack.conftest import Desk

    Use = dict[str, Callable[[], object]]

POSTING, UPDATING, FINDING = METHODS = ("chat.postMessage", "chat.update", "conversations.history")


def error_of(call: Callable[[], object]) -> PortError:
    with pytest.raises(PortError) as raised:
        call()
    return raised.value


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("name", "kind", "hint"),
    [
        pytest.param("invalid_auth", Refused, "SLACK_BOT_TOKEN", id="wrong-token"),
        pytest.param("not_authed", Refused, "SLACK_BOT_TOKEN", id="no-token"),
        pytest.param("token_revoked", Refused, "SLACK_BOT_TOKEN", id="revoked"),
        pytest.param("token_expired", Refused, "SLACK_BOT_TOKEN", id="expired"),
        pytest.param("account_inactive", Refused, "SLACK_BOT_TOKEN", id="bot-deleted"),
        pytest.param("not_allowed_token_type", Refused, "SLACK_BOT_TOKEN", id="token-of-another-kind"),
        pytest.param("missing_scope", Refused, "install the app again", id="scope"),
        pytest.param("channel_not_found", Refused, "AFK_SLACK_CHANNEL", id="no-such-channel"),
        pytest.param("not_in_channel", Refused, "invite the bot", id="not-invited"),
        pytest.param("is_archived", Refused, "unarchive", id="archived"),
        pytest.param("restricted_action", Refused, "workspace setting", id="restricted"),
        pytest.param("cant_update_message", Refused, "another app", id="of-another-app"),
        pytest.param("invalid_blocks", Refused, "invalid_blocks", id="blocks"),
        pytest.param("something_new", Refused, "something_new", id="a-name-we-never-met"),
        pytest.param("message_not_found", Gone, "message_not_found", id="deleted"),
        pytest.param("request_timeout", Unreachable, "request_timeout", id="request-cut-short"),
        pytest.param("team_added_to_org", Unreachable, "team_added_to_org", id="workspace-moving"),
    ],
)
def test_a_refusal_says_what_to_do(desk: Desk, use: Use, method: str, name: str, kind: type, hint: str) -> None:
    desk.answers(method, body={"ok": False, "error": name})
    error = error_of(use[method])

    assert type(error) is kind
    assert str(error).startswith(f"slack: {method} (bell): {name}")
    assert hint in str(error)


@pytest.mark.parametrize(
    ("method", "kind"), [(POSTING, Uncertain), (UPDATING, Unreachable), (FINDING, Unreachable)], ids=METHODS
)
@pytest.mark.parametrize(
    ("status", "body"),
    [
        pytest.param(500, "", id="500"),
        pytest.param(503, "<html>busy</html>", id="503-page"),
        pytest.param(502, {"ok": False, "error": "not_in_channel"}, id="502-whatever-it-says"),
        pytest.param(200, {"ok": False, "error": "internal_error"}, id="internal-error"),
        pytest.param(200, {"ok": False, "error": "fatal_error"}, id="fatal-error"),
        pytest.param(200, {"ok": False, "error": "service_unavailable"}, id="unavailable"),
        pytest.param(200, "<html>Sign in to the hotel's network</html>", id="200-page"),
        pytest.param(200, "", id="200-empty"),
        pytest.param(200, "[1]", id="200-list"),
        pytest.param(200, "{}", id="200-object-without-ok"),
        pytest.param(200, {"ok": False}, id="200-no-name"),
        pytest.param(200, {"ok": False, "error": 7}, id="200-name-of-another-kind"),
    ],
)
def test_an_answer_that_says_nothing_leaves_a_post_in_doubt_alone(
    desk: Desk, use: Use, method: str, kind: type, status: int, body: Any
) -> None:
    desk.answers(method, status, body)
    error = error_of(use[method])

    assert type(error) is kind
    assert str(error).startswith(f"slack: {method} (bell): ")
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("method", "kind"), [(POSTING, Uncertain), (UPDATING, Unreachable), (FINDING, Unreachable)], ids=METHODS
)
@pytest.mark.parametrize("trouble", [Trouble.DROP_BEFORE, Trouble.DROP_AFTER, Trouble.TRUNCATED, Trouble.INVALID_JSON])
def test_an_answer_that_is_lost_leaves_a_post_in_doubt_alone(
    desk: Desk, use: Use, method: str, kind: type, trouble: Trouble
) -> None:
    desk.trouble(method, trouble)

    assert type(error_of(use[method])) is kind
    assert desk.calls(method) == (2 if method == POSTING else 1)  # one of them is the fixture's


@pytest.mark.parametrize("where", ["error", "needed", "messages"])
def test_a_token_that_an_answer_repeats_is_told_to_nobody(desk: Desk, where: str) -> None:
    body: dict[str, object] = {"ok": False, "error": "missing_scope"}
    told = {"error": desk.token, "needed": f"scope of {desk.token}", "messages": [f"for {desk.token}"]}[where]
    desk.answers(POSTING, 200, body | ({"response_metadata": {where: told}} if where == "messages" else {where: told}))
    error = error_of(lambda: desk.channel().ring("bell", CARD))

    assert desk.token.startswith("xoxb-")
    assert desk.token[5:] not in str(error)


def test_a_slow_answer_is_not_waited_for(desk: Desk) -> None:
    desk.trouble(POSTING, Trouble.TIMEOUT_AFTER)
    began = time.monotonic()

    assert type(error_of(lambda: desk.channel(patience=1).ring("bell", CARD))) is Uncertain
    assert time.monotonic() - began < 10  # the library's own patience is 30 seconds
    assert len(desk.messages()) == 1


@pytest.mark.parametrize("body", [{"ok": True}, {"ok": True, "channel": "C1"}, {"ok": True, "channel": "C1", "ts": 5}])
def test_a_post_that_does_not_say_where_it_went_is_in_doubt(desk: Desk, body: object) -> None:
    desk.answers(POSTING, body=body)

    assert type(error_of(lambda: desk.channel().ring("bell", CARD))) is Uncertain


@pytest.mark.parametrize("method", METHODS)
def test_nobody_there_is_unreachable(desk: Desk, use: Use, method: str) -> None:
    desk.server.stop()
    error = error_of(use[method])

    assert type(error) is Unreachable
    assert str(error) == f"slack: {method} (bell): nobody answers (ConnectionRefusedError)"


def test_a_host_without_an_address_is_unreachable(desk: Desk) -> None:
    channel = desk.channel(api_url="http://slack.invalid/api/")

    assert type(error_of(lambda: channel.ring("bell", CARD))) is Unreachable


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("status", "body", "headers", "seconds"),
    [
        pytest.param(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": "17"}, 17, id="429"),
        pytest.param(429, "slow down", {"retry-after": "17"}, 17, id="429-page"),
        pytest.param(429, "", {}, 30, id="429-without-a-word"),
        pytest.param(429, "", {"Retry-After": "soon"}, 30, id="429-without-a-number"),
        pytest.param(429, "", {"Retry-After": "9999999999"}, 86_400, id="429-for-ever"),
        pytest.param(200, {"ok": False, "error": "rate_limited"}, {}, 30, id="posted-too-much"),
        pytest.param(200, {"ok": False, "error": "message_limit_exceeded"}, {}, 30, id="workspace-posted-too-much"),
    ],
)
def test_too_fast_says_until_when(
    desk: Desk, use: Use, method: str, status: int, body: Any, headers: dict[str, str], seconds: int
) -> None:
    desk.answers(method, status, body, headers)
    error = error_of(use[method])

    assert isinstance(error, Unreachable)
    assert error.until == DAWN + timedelta(seconds=seconds)


def test_after_too_fast_nothing_is_asked_until_then(desk: Desk, use: Use) -> None:
    desk.answers(UPDATING, 429, "", {"Retry-After": "17"})
    until = DAWN + timedelta(seconds=17)
    error_of(use[UPDATING])
    before = len(desk.server.exchanges)
    desk.clock.passes(16)
    refused = [error_of(use[method]) for method in METHODS]

    assert [getattr(each, "until", None) for each in refused] == [until] * 3
    assert len(desk.server.exchanges) == before
    desk.clock.passes(1)
    use[UPDATING]()
    assert len(desk.server.exchanges) == before + 1


def test_a_missing_scope_is_named(desk: Desk) -> None:
    channel = desk.channel(token=desk.server.bot_token(["chat:write"]))
    error = error_of(lambda: channel.find("bell", DAWN))

    assert type(error) is Refused
    assert "missing_scope (channels:history)" in str(error)


def test_a_faulty_block_is_named(desk: Desk) -> None:
    faults = {"messages": ["[ERROR] must be shorter [json-pointer:/blocks/0]"]}
    desk.answers(POSTING, body={"ok": False, "error": "invalid_blocks", "response_metadata": faults})

    assert "must be shorter" in str(error_of(lambda: desk.channel().ring("bell", CARD)))


def test_an_address_that_is_not_slacks_is_named(desk: Desk) -> None:
    desk.answers(POSTING, 404, "<html>no such page</html>")
    error = error_of(lambda: desk.channel().ring("bell", CARD))

    assert type(error) is Refused
    assert str(error) == "slack: chat.postMessage (bell): 404: does AFK_SLACK_API_URL lead to Slack?"


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        pytest.param(SlackRequestError("Invalid URL detected"), Refused, id="the-library-refuses"),
        pytest.param(URLError(TimeoutError()), Unreachable, id="no-connection-in-time"),
        pytest.param(URLError(gaierror()), Unreachable, id="no-such-host"),
        pytest.param(URLError(SSLCertVerificationError()), Unreachable, id="certificate"),
        pytest.param(URLError("Tunnel connection failed"), Unreachable, id="proxy"),
        pytest.param(URLError(ConnectionResetError()), Uncertain, id="cut-off-while-sending"),
        pytest.param(URLError(BrokenPipeError()), Uncertain, id="closed-while-sending"),
        pytest.param(TimeoutError(), Uncertain, id="no-answer-in-time"),
        pytest.param(IncompleteRead(b"{"), Uncertain, id="half-an-answer"),
    ],
)
def test_a_post_is_in_doubt_only_if_it_may_have_left(failure: Exception, kind: type) -> None:
    assert type(meaning(POST, "bell", failure, DAWN)) is kind


@pytest.mark.parametrize("method", METHODS)
def test_no_error_and_no_log_holds_the_token(
    desk: Desk, use: Use, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    desk.answers(method, body={"ok": False, "error": "invalid_auth"})
    refused = error_of(use[method])
    desk.server.stop()
    lost = error_of(use[method])

    assert desk.token not in f"{refused}{refused!r}{lost}{lost!r}{caplog.text}"
    assert caplog.text == ""
