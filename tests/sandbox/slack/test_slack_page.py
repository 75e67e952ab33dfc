"""The page: what it serves, what it says there is, and that its buttons are the people's verbs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from afk.sandbox import slack

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = Path(slack.__file__).parent


class Browser:
    """What page.js does, without the drawing."""

    def __init__(self, town: Any) -> None:
        self.town = town

    def state(self, **asked: str) -> dict[str, Any]:
        read: dict[str, Any] = self.town.http.get(f"{self.town.slack.url}/sandbox/state", params=asked).json()
        return read

    def act(self, verb: str, **more: Any) -> tuple[int, dict[str, Any]]:
        asked = {"verb": verb, "user": self.town.ada, "channel": self.town.channel, **more}
        answer = self.town.http.post(f"{self.town.slack.url}/sandbox/act", json=asked)
        return answer.status_code, answer.json()


@pytest.fixture
def browser(answering: Callable[..., Any]) -> Browser:
    return Browser(answering(lambda payload: {"text": "3 running"} if "command" in payload else {}))


class TestFiles:
    @pytest.mark.parametrize("path", ["/", "/page.css", "/page.js", "/mrkdwn.js"])
    def test_file_is_served_and_asks_for_nothing_from_elsewhere(self, town: Any, path: str) -> None:
        answer = town.http.get(town.slack.url + path)

        assert answer.status_code == 200
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert re.findall(r"(?:src|href|url|import)\s*[=(]\s*[\"']?(?:https?:)?//", answer.text) == []

    def test_page_names_its_files(self, town: Any) -> None:
        named = re.findall(r'(?:src|href)="(/[^"]+)"', town.http.get(town.slack.url).text)

        assert [town.http.get(town.slack.url + each).status_code for each in named] == [200, 200, 200]

    def test_script_finds_every_element_it_looks_for(self) -> None:
        page, script = (FOLDER / "page.html").read_text(), (FOLDER / "page.js").read_text()

        assert set(re.findall(r'\bat\("([\w-]+)"\)', script)) <= set(re.findall(r'id="([\w-]+)"', page))

    def test_script_never_writes_markup(self) -> None:
        scripts = "".join(each.read_text() for each in FOLDER.glob("*.js"))

        assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", scripts) == []


class TestState:
    def test_workspace_without_a_channel_is_shown_too(self, opens: Callable[..., Any]) -> None:
        town = opens()
        town.slack.workspace.channels.clear()
        state = Browser(town).state()

        assert (state["channel"], state["messages"]) == ("", [])

    def test_app_and_people_and_channels_are_named(self, browser: Browser) -> None:
        state = browser.state()

        assert (state["team"]["name"], state["app"]["name"], state["app"]["reached"]) == ("Acme", "afk", "signed HTTP")
        assert [each["name"] for each in state["users"]] == ["afk", "ada", "bob"]
        assert [each["name"] for each in state["channels"]] == ["ops"]
        assert (state["user"], state["channel"]) == (browser.town.ada, browser.town.channel)

    def test_socket_mode_app_is_shown_as_not_connected(self, town: Any) -> None:
        assert Browser(town).state()["app"]["reached"] == "not connected"

    def test_replies_stand_under_their_parent(self, browser: Browser) -> None:
        parent = browser.town.posts("parent")
        browser.town.posts("other")
        browser.town.posts("reply", thread_ts=parent)
        messages = browser.state()["messages"]

        assert [each["text"] for each in messages] == ["parent", "other"]
        assert [each["text"] for each in messages[0]["replies"]] == ["reply"]

    def test_private_message_is_shown_to_its_reader_alone(self, browser: Browser) -> None:
        browser.act("types", text="/afk status")
        mine, theirs = browser.state(user=browser.town.ada), browser.state(user=browser.town.bob)

        assert [each["text"] for each in mine["messages"]] == ["3 running"]
        assert mine["messages"][0]["is_ephemeral"] is True
        assert theirs["messages"] == []

    def test_home_tab_and_modal_are_those_of_the_person(self, browser: Browser) -> None:
        town = browser.town
        town.web.views_publish(user_id=town.ada, view={"type": "home", "blocks": [{"type": "divider"}]})
        modal = {"type": "modal", "title": {"type": "plain_text", "text": "Why?"}, "blocks": []}
        with town.slack.lock:
            trigger = town.slack.world.short_lived.trigger(town.ada)
        town.web.views_open(trigger_id=trigger, view=modal)
        mine, theirs = browser.state(user=town.ada), browser.state(user=town.bob)

        assert (mine["home"]["blocks"][0]["type"], mine["modal"]["title"]["text"]) == ("divider", "Why?")
        assert (theirs["home"], theirs["modal"]) == (None, None)

        browser.act("dismisses")

        assert browser.state(user=town.ada)["modal"] is None


class TestActing:
    def test_warning_is_passed_on(self, browser: Browser) -> None:
        status, answer = browser.act("types", text="/nope")

        assert (status, answer) == (200, {"warning": "/nope is not a valid command.", "dialog": None, "errors": {}})

    def test_reply_goes_into_its_thread(self, browser: Browser) -> None:
        parent = browser.town.posts("parent")
        browser.act("types", text="try again", thread_ts=parent)

        assert [each["text"] for each in browser.town.slack.thread(parent)] == ["parent", "try again"]

    def test_click_with_a_dialog_is_sent_once_confirmed(self, browser: Browser, actions: Any, button: Any) -> None:
        plain = {"type": "plain_text", "text": "x"}
        confirm = {"title": plain, "text": plain, "confirm": plain, "deny": plain}
        ts = browser.town.posts("frozen", blocks=actions(button(confirm=confirm)))
        asked = browser.act("clicks", ts=ts, action_id="rerun")[1]
        browser.act("declines")
        browser.act("clicks", ts=ts, action_id="rerun")
        before = sum(b"block_actions" in each.body for each in browser.town.app.exchanges)
        browser.act("confirms")

        assert asked["dialog"]["title"]["text"] == "x"
        assert before == 0
        assert sum(b"block_actions" in each.body for each in browser.town.app.exchanges) == 1

    def test_opening_the_home_tab_is_told(self, browser: Browser) -> None:
        browser.act("opens_home")

        assert b"app_home_opened" in browser.town.app.exchanges[0].body

    def test_submission_without_an_open_modal_names_who_has_none(self, browser: Browser) -> None:
        status, answer = browser.act("submits", values={})

        assert (status, answer) == (400, {"error": f"there is no '{browser.town.ada}'"})

    @pytest.mark.parametrize(
        ("verb", "more", "status", "error"),
        [
            ("clicks", {"ts": "1.0", "action_id": "a"}, 409, "there is no message 1.0"),
            ("sings", {}, 409, "nobody knows how to sings"),
            ("types", {}, 400, "there is no 'text'"),
        ],
    )
    def test_impossible_wish_is_answered_with_its_reason(
        self, browser: Browser, verb: str, more: dict[str, Any], status: int, error: str
    ) -> None:
        assert browser.act(verb, **more) == (status, {"error": error})

    def test_form_of_another_site_is_not_acted_upon(self, browser: Browser) -> None:
        answer = browser.town.http.post(f"{browser.town.slack.url}/sandbox/act", data={"verb": "types"})

        assert answer.status_code == 415
