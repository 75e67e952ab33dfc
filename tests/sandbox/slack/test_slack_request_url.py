"""Signed HTTP: what is posted, how it is signed, what the answers mean."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiohttp import web
from slack_sdk.signature import SignatureVerifier

from afk.sandbox.slack import sign
from afk.sandbox.slack.answers import Problem


def silent(_payload: dict[str, Any]) -> dict[str, Any]:
    return {}


def slow(*pauses: float) -> Any:
    """Take one pause after the other before each answer."""
    left = iter(pauses)

    def answer(_payload: dict[str, Any]) -> dict[str, Any]:
        time.sleep(next(left))
        return {}

    return answer


class TestSigning:
    def test_signature_is_the_one_of_the_sdk(self) -> None:
        headers = sign("a=b&c=d", "secret", 1772366400)
        expected = SignatureVerifier("secret").generate_signature(timestamp="1772366400", body="a=b&c=d")

        assert headers == {"X-Slack-Request-Timestamp": "1772366400", "X-Slack-Signature": expected}

    def test_timestamp_is_the_machine_s_whatever_the_story_says(self) -> None:
        assert abs(int(sign("", "secret")["X-Slack-Request-Timestamp"]) - time.time()) < 5

    @pytest.mark.parametrize(("secret", "valid"), [("sandbox-signing-secret", True), ("another", False)])
    def test_every_request_is_signed_with_the_secret(self, answering: Any, secret: str, valid: bool) -> None:
        town = answering(silent)
        town.slack.human.types(town.ada, "/afk status", town.channel)
        sent = town.app.exchanges[0]

        assert SignatureVerifier(secret).is_valid_request(sent.body, dict(sent.headers)) is valid


class TestBodies:
    def test_command_is_a_form(self, answering: Any) -> None:
        town = answering(silent)
        town.slack.human.types(town.ada, "/afk arm infra", town.channel)
        sent = town.app.exchanges[0]
        fields = {name: values[0] for name, values in parse_qs(sent.body.decode()).items()}

        assert sent.headers["Content-Type"] == "application/x-www-form-urlencoded"
        assert (fields["command"], fields["text"], fields["user_id"]) == ("/afk", "arm infra", town.ada)

    def test_click_is_a_form_with_one_field_of_json(self, answering: Any, actions: Any) -> None:
        town = answering(silent)
        town.slack.human.clicks(town.ada, town.posts(blocks=actions()), "rerun")
        fields = [parse_qs(each.body.decode()) for each in town.app.exchanges if b"payload=" in each.body]

        assert list(fields[0]) == ["payload"]
        assert json.loads(fields[0]["payload"][0])["type"] == "block_actions"

    def test_event_is_json(self, answering: Any) -> None:
        town = answering(silent)
        town.slack.human.types(town.ada, "hello", town.channel)
        sent = town.app.exchanges[0]

        assert sent.headers["Content-Type"] == "application/json"
        assert json.loads(sent.body)["event"]["text"] == "hello"


class TestAnswers:
    @pytest.mark.parametrize(
        ("answer", "text"),
        [("plain words", "plain words"), ({"text": "as json"}, "as json"), ({}, "")],
        ids=["words", "json", "nothing"],
    )
    def test_command_may_be_answered_in_words_or_json(self, answering: Any, answer: Any, text: str) -> None:
        town = answering(lambda _payload: answer)
        seen = town.slack.human.types(town.ada, "/afk status", town.channel)

        assert (seen.text, seen.warning) == (text, "")

    @pytest.mark.parametrize("status", [302, 401, 404, 500])
    def test_other_status_fails_before_the_person_and_is_not_repeated(self, answering: Any, status: int) -> None:
        town = answering(lambda _payload: status)
        seen = town.slack.human.types(town.ada, "/afk status", town.channel)

        assert seen.warning == '/afk failed with the error "dispatch_failed"'
        assert (seen.answers[0].status, len(town.app.exchanges)) == (status, 1)

    def test_redirect_is_not_followed(self, answering: Any) -> None:
        away = web.Response(status=307, headers={"Location": "/slack/events"})
        answers = iter([away, {"text": "followed"}])
        town = answering(lambda _payload: next(answers))
        seen = town.slack.human.types(town.ada, "/afk status", town.channel)

        assert (seen.text, seen.answers[0].status, len(town.app.exchanges)) == ("", 307, 1)

    def test_slow_answer_is_none(self, answering: Any) -> None:
        town = answering(slow(0.3), ack_seconds=0.1)
        seen = town.slack.human.types(town.ada, "/afk status", town.channel)

        assert seen.warning == '/afk failed with the error "operation_timeout"'
        assert seen.answers[0].problem is Problem.HTTP_TIMEOUT

    def test_app_that_is_away_fails_at_once(self, answering: Any) -> None:
        town = answering(silent)
        town.app.stop()
        seen = town.slack.human.types(town.ada, "/afk status", town.channel)

        assert seen.answers[0].problem is Problem.CONNECTION_FAILED

    def test_answer_with_a_bad_block_is_not_shown(self, answering: Any) -> None:
        town = answering(lambda _payload: {"text": "x", "blocks": [{"type": "nope"}]})
        seen = town.slack.human.types(town.ada, "/afk status", town.channel)

        assert "unsupported type: nope" in seen.warning
        assert town.slack.ephemerals(town.ada) == []

    def test_click_refused_leaves_a_mark_and_its_words_are_not_shown(self, answering: Any, actions: Any) -> None:
        town = answering(lambda payload: 500 if payload.get("type") == "block_actions" else {})
        seen = town.slack.human.clicks(town.ada, town.posts(blocks=actions()), "rerun")

        assert (seen.warning, seen.messages) == (":warning:", ())

    def test_body_of_an_accepted_click_is_not_shown(self, answering: Any, actions: Any) -> None:
        town = answering(lambda _payload: {"text": "nobody reads this"})
        seen = town.slack.human.clicks(town.ada, town.posts(blocks=actions()), "rerun")

        assert (seen.warning, seen.messages, town.slack.ephemerals(town.ada)) == ("", (), [])


class TestVerification:
    @pytest.mark.parametrize(
        ("answer", "verified"),
        [
            (lambda payload: {"challenge": payload["challenge"]}, True),
            (lambda payload: payload["challenge"], True),
            (silent, False),
            (lambda _payload: 500, False),
        ],
        ids=["json", "words", "silence", "error"],
    )
    def test_challenge_must_come_back(self, answering: Any, answer: Any, verified: bool) -> None:
        assert answering(answer).slack.verify_request_url() is verified


class TestRepeating:
    """Events are repeated at once, after one minute and after five (shortened here)."""

    def test_event_is_repeated_until_it_is_taken(self, answering: Any, settled: Any) -> None:
        answers = iter([500, 500, {}])
        town = answering(lambda _payload: next(answers))
        town.slack.human.types(town.ada, "hello", town.channel)
        delivery = settled(town)

        headers = [each.headers for each in town.app.exchanges]
        assert [each.get("X-Slack-Retry-Num") for each in headers] == [None, "1", "2"]
        assert [each.get("X-Slack-Retry-Reason") for each in headers] == [None, "http_error", "http_error"]
        assert len({each.body for each in town.app.exchanges}) == 1
        assert (delivery.delivered, delivery.given_up) == (True, False)

    def test_event_is_given_up_after_three_repetitions(self, answering: Any, settled: Any) -> None:
        town = answering(lambda _payload: 500)
        town.slack.human.types(town.ada, "hello", town.channel)
        delivery = settled(town)

        assert (len(delivery.attempts), delivery.delivered, delivery.given_up) == (4, False, True)

    def test_timeout_is_named_as_the_reason(self, answering: Any, settled: Any) -> None:
        town = answering(slow(0.3, 0), ack_seconds=0.1)
        town.slack.human.types(town.ada, "hello", town.channel)
        settled(town)

        reasons = [each.headers.get("X-Slack-Retry-Reason") for each in town.app.exchanges]
        assert "http_timeout" in reasons

    def test_app_may_ask_for_no_repetition(self, answering: Any, settled: Any) -> None:
        town = answering(lambda _payload: web.Response(status=500, headers={"X-Slack-No-Retry": "1"}))
        town.slack.human.types(town.ada, "hello", town.channel)

        assert len(settled(town).attempts) == 1

    def test_repetition_waits_its_minute(self, answering: Any) -> None:
        town = answering(lambda _payload: 500, retry_factor=1.0)
        town.slack.human.types(town.ada, "hello", town.channel)
        time.sleep(0.2)

        assert len(town.slack.deliveries[0].attempts) == 2

    def test_stopping_the_server_ends_the_waiting(self, answering: Any) -> None:
        town = answering(lambda _payload: 500, retry_factor=1.0)
        town.slack.human.types(town.ada, "hello", town.channel)
        before = time.monotonic()
        town.slack.stop()

        assert time.monotonic() - before < 3
