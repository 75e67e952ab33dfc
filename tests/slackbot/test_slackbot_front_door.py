"""Nothing comes in over HTTP whose signature is not good, and nothing that is good gets lost."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import httpx
import pytest

from afk.sandbox.slack import sign
from slackbot.front_door import LARGEST, FrontDoor, UnreadableError, Verifier, parsed
from tests.slackbot.conftest import SECRET

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.slackbot.conftest import Town

FORM = "application/x-www-form-urlencoded"


def command(**about: str) -> str:
    known = {
        "command": "/afk", "text": "help", "team_id": "T000000001", "user_id": "U1", "trigger_id": "1.2",
        "channel_name": "ops", "response_url": "https://hooks.example/1", "token": "t", "api_app_id": "A1",
    }  # fmt: skip
    return urlencode(known | about)


@pytest.fixture
def ask(opens: Callable[..., Town]) -> Callable[..., httpx.Response]:
    town = opens("http")
    url = town.slack.request_url.url

    def post(body: str | bytes, headers: dict[str, str] | None = None, kind: str = FORM) -> httpx.Response:
        raw = body.encode() if isinstance(body, str) else body
        signed = sign(body, SECRET) if isinstance(body, str) and headers is None else headers or {}
        return httpx.post(url, content=raw, headers={"Content-Type": kind, **signed}, timeout=5)

    return post


def aged(body: str, seconds: int) -> dict[str, str]:
    return sign(body, SECRET, int(time.time()) + seconds)


BODY = command()


@pytest.mark.parametrize(
    ("signed", "status"),
    [
        pytest.param(lambda: sign(BODY, SECRET), 200, id="good"),
        pytest.param(lambda: aged(BODY, -240), 200, id="four-minutes-old"),
        pytest.param(lambda: aged(BODY, -360), 401, id="six-minutes-old"),
        pytest.param(lambda: aged(BODY, 360), 401, id="six-minutes-ahead"),
        pytest.param(lambda: sign(BODY, "other"), 401, id="wrong-secret"),
        pytest.param(lambda: sign(BODY, ""), 401, id="empty-secret"),
        pytest.param(lambda: sign(BODY + " ", SECRET), 401, id="tampered"),
        pytest.param(dict, 401, id="no-headers"),
        pytest.param(
            lambda: {**sign(BODY, SECRET), "X-Slack-Request-Timestamp": "abc"}, 401, id="timestamp-in-letters"
        ),
        pytest.param(
            lambda: {**sign(BODY, SECRET), "X-Slack-Request-Timestamp": "9" * 40}, 401, id="timestamp-without-end"
        ),
        pytest.param(
            lambda: {**sign(BODY, SECRET), "X-Slack-Signature": "v0=" + "é" * 64}, 401, id="signature-in-accents"
        ),
        pytest.param(lambda: {**sign(BODY, SECRET), "X-Slack-Signature": "v1=" + "0" * 64}, 401, id="another-version"),
        pytest.param(lambda: {**sign(BODY, SECRET), "X-Slack-Signature": ""}, 401, id="empty-signature"),
    ],
)
def test_signature(ask: Callable[..., httpx.Response], signed: Callable[[], dict[str, str]], status: int) -> None:
    encoded: Any = {name: value.encode() for name, value in signed().items()}

    assert ask(BODY, encoded).status_code == status


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        pytest.param("{", "application/json", id="half-an-object"),
        pytest.param("[1]", "application/json", id="a-list"),
        pytest.param("", FORM, id="nothing"),
        pytest.param("payload={", FORM, id="half-a-payload"),
        pytest.param("payload=7", FORM, id="a-number"),
        pytest.param("[" * 100_000, "application/json", id="deeper-than-deep"),
        pytest.param("&".join(f"a{number}=1" for number in range(200)), FORM, id="fields-without-end"),
    ],
)
def test_unreadable_body_is_refused_once_its_signature_is_good(
    ask: Callable[..., httpx.Response], body: str, kind: str
) -> None:
    assert ask(body, kind=kind).status_code == 400
    assert ask(body, {"X-Slack-Signature": "v0=" + "0" * 64}, kind).status_code == 401


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(UnreadableError):
        parsed(b"text=\xff", "application/json")


def test_too_large_a_body_is_not_read(ask: Callable[..., httpx.Response]) -> None:
    assert ask("x" * (LARGEST + 1)).status_code == 413


@pytest.mark.parametrize(
    "about",
    [
        pytest.param({"text": "redispatch payload-api#42"}, id="in-the-repository"),
        pytest.param({"channel_name": "payload-ops"}, id="in-the-channel"),
        pytest.param({"text": "say infra#42 payload=1"}, id="in-the-words"),
        pytest.param({"payload": "{}"}, id="as-a-field"),
    ],
)
def test_command_with_the_word_payload_is_answered(ask: Callable[..., httpx.Response], about: dict[str, str]) -> None:
    answer = ask(command(**about))

    assert (answer.status_code, "may not do this" in answer.text) == (200, True)


def test_probe_of_the_certificate_is_answered_and_does_nothing(ask: Callable[..., httpx.Response]) -> None:
    answer = ask("ssl_check=1&token=x", {})

    assert (answer.status_code, answer.text) == (200, "")


def test_challenge_of_the_address_comes_back(opens: Callable[..., Town]) -> None:
    assert opens("http").slack.verify_request_url()


def test_other_paths_and_methods_lead_nowhere(opens: Callable[..., Town]) -> None:
    base = opens("http").slack.request_url.url.removesuffix("/slack/events")

    assert httpx.get(base + "/slack/events").status_code == 404
    assert httpx.post(base + "/other", content=b"x").status_code == 404
    assert httpx.put(base + "/slack/events", content=b"x").status_code == 501


def test_empty_secret_is_refused_at_boot() -> None:
    for secret in (b"", b"  "):
        with pytest.raises(ValueError, match="signing secret is empty"):
            Verifier(secret)


def test_door_without_a_secret_is_not_built() -> None:
    with pytest.raises(ValueError, match="signing secret is empty"):
        FrontDoor(("127.0.0.1", 0), None, "")
