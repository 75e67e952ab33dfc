"""Response URLs: five uses in thirty minutes, and who may replace what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


class Url:
    """A response URL as the app received it."""

    def __init__(self, town: Any, payload: dict[str, Any]) -> None:
        self.town, self.address = town, payload["response_url"]

    def post(self, **said: Any) -> tuple[int, str]:
        answer = self.town.http.post(self.address, json=said)
        return answer.status_code, answer.text


@pytest.fixture
def of_command(heard: Any) -> Url:
    heard.slack.human.types(heard.ada, "/afk status", heard.channel)
    return Url(heard, heard.payloads[-1])


@pytest.fixture
def of_button(heard: Any, actions: Callable[..., Any]) -> Url:
    ts = heard.posts("frozen", blocks=actions())
    heard.slack.human.clicks(heard.ada, ts, "rerun")
    return Url(heard, next(each for each in heard.payloads if each.get("type") == "block_actions"))


def channel_texts(url: Url) -> list[str]:
    return [each["text"] for each in url.town.slack.messages(url.town.channel)]


def private_texts(url: Url) -> list[str]:
    return [each["text"] for each in url.town.slack.ephemerals(url.town.ada)]


def test_answer_is_private_unless_said_otherwise(of_command: Url) -> None:
    assert of_command.post(text="for you") == (200, "ok")
    assert of_command.post(text="for all", response_type="in_channel") == (200, "ok")

    assert (private_texts(of_command), channel_texts(of_command)) == (["for you"], ["for all"])


def test_sixth_use_is_refused(of_command: Url) -> None:
    assert [of_command.post(text=str(each))[0] for each in range(5)] == [200] * 5

    assert of_command.post(text="six") == (404, '{"ok": false, "error": "used_url"}')
    assert len(private_texts(of_command)) == 5


@pytest.mark.parametrize(("minutes", "status"), [(29.9, 200), (30.1, 404)])
def test_url_is_good_for_thirty_minutes(of_command: Url, minutes: float, status: int) -> None:
    of_command.town.clock.forward(minutes=minutes)

    assert of_command.post(text="late")[0] == status


def test_made_up_url_is_expired(town: Any) -> None:
    assert town.http.post(f"{town.slack.url}/respond/made-up", json={"text": "x"}).json()["error"] == "expired_url"


@pytest.mark.parametrize(
    ("said", "error"),
    [({}, "no_text"), ({"text": "x", "blocks": [{"type": "nope"}]}, "invalid_blocks")],
    ids=["nothing", "bad block"],
)
def test_message_that_cannot_be_shown_is_refused_and_counts(of_command: Url, said: dict[str, Any], error: str) -> None:
    assert of_command.post(**said) == (400, error)
    assert private_texts(of_command) == []

    assert [of_command.post(text="x")[0] for _ in range(5)] == [200] * 4 + [404]


@pytest.mark.parametrize("content", ["{", "[]"], ids=["half", "list"])
def test_body_that_cannot_be_read_is_refused(of_command: Url, content: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = of_command.town.http.post(of_command.address, content=content, headers=headers)

    assert (answer.status_code, answer.text) == (400, "invalid_payload")


def test_command_cannot_replace_its_own_earlier_reply(of_command: Url) -> None:
    of_command.post(text="thinking")
    of_command.post(text="done", replace_original=True)

    assert private_texts(of_command) == ["thinking", "done"]


def test_command_cannot_delete_its_own_earlier_reply(of_command: Url) -> None:
    of_command.post(text="thinking")

    assert of_command.post(delete_original=True) == (200, "ok")
    assert private_texts(of_command) == ["thinking"]


def test_button_replaces_the_message_it_stands_in(of_button: Url) -> None:
    of_button.post(text="re-run by ada", replace_original=True)
    message = of_button.town.slack.messages(of_button.town.channel)[0]

    assert (message["text"], "blocks" in message, private_texts(of_button)) == ("re-run by ada", False, [])


def test_button_answers_privately_when_not_told_to_replace(of_button: Url) -> None:
    of_button.post(text="already done by bob")

    assert (channel_texts(of_button), private_texts(of_button)) == (["frozen"], ["already done by bob"])


def test_replacing_when_not_told_can_be_chosen(of_button: Url) -> None:
    of_button.town.slack.world.replaces_when_not_told = True
    of_button.post(text="replaced")
    of_button.post(text="beside it", replace_original=False)

    assert (channel_texts(of_button), private_texts(of_button)) == (["replaced"], ["beside it"])


def test_button_deletes_the_message_it_stands_in(of_button: Url) -> None:
    of_button.post(delete_original=True)

    assert channel_texts(of_button) == []


def test_replacing_a_message_that_is_gone_says_it_anew(of_button: Url) -> None:
    of_button.post(delete_original="true")
    of_button.post(text="too late", replace_original="true")

    assert private_texts(of_button) == ["too late"]


@pytest.fixture
def of_private_button(heard: Any, of_command: Url, actions: Callable[..., Any]) -> Url:
    of_command.post(text="really?", blocks=actions())
    heard.slack.human.clicks(heard.ada, heard.slack.ephemerals(heard.ada)[0]["ts"], "rerun")
    return Url(heard, heard.payloads[-1])


def test_button_of_a_private_message_replaces_that(of_private_button: Url) -> None:
    of_private_button.post(text="armed", replace_original=True)

    assert private_texts(of_private_button) == ["armed"]


def test_button_of_a_private_message_deletes_that(of_private_button: Url) -> None:
    of_private_button.post(delete_original=True)

    assert private_texts(of_private_button) == []


def test_answer_to_a_button_in_a_thread_stays_in_the_thread(heard: Any, actions: Callable[..., Any]) -> None:
    parent = heard.posts("parent")
    heard.slack.human.clicks(heard.ada, heard.posts("frozen", thread_ts=parent, blocks=actions()), "rerun")
    url = Url(heard, next(each for each in heard.payloads if each.get("type") == "block_actions"))
    url.post(text="private")
    url.post(text="public", response_type="in_channel")

    assert heard.slack.ephemerals(heard.ada)[0]["thread_ts"] == parent
    assert heard.slack.thread(parent)[-1]["text"] == "public"
