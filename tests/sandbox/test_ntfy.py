"""ntfy: who may publish and read, what becomes of headers and bodies, and how messages are read back."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from afk.sandbox.ntfy import ROUTES, NtfyServer

REFERENCE = {
    ("GET", "/v1/health"): "health, from the server's source",
    ("POST", "/"): "publish as JSON, from the server's source",
    ("PUT", "/"): "publish as JSON, from the server's source",
    ("POST", "/{topic}"): "lessons 6, doorbell: POST with Title, Priority, Tags, Click, Bearer",
    ("PUT", "/{topic}"): "the same, from the server's source",
    ("GET", "/{topic}/json"): "reading back, from the server's source",
    ("GET", "/{topic}/auth"): "may I read, from the server's source",
    ("*", "/{rest:.*}"): "everything else is not found, from the server's source",
}


class Bell:
    """One server, one bot that may use the topic `afk`, and a clock that stands still."""

    def __init__(self, server: NtfyServer, http: httpx.Client) -> None:
        self.server, self.http = server, http
        self.time = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
        server.clock = lambda: self.time
        self.bot = server.add_user("afk-bot")
        server.grant("afk-bot", "afk")

    def ring(
        self, body: str | bytes = "ring", topic: str = "afk", *, token: str | None = None, **headers: str
    ) -> httpx.Response:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.post(f"{self.server.url}/{topic}", content=body, headers={**self.auth(token), **given})

    def read(self, topic: str = "afk", *, token: str | None = None, **query: object) -> list[dict[str, Any]]:
        answer = self.get(f"/{topic}/json", token=token, **{"poll": 1, **query})
        assert answer.status_code == 200
        return [json.loads(line) for line in answer.text.splitlines()]

    def get(self, path: str, *, token: str | None = None, **query: object) -> httpx.Response:
        params = {name: str(value) for name, value in query.items()}
        return self.http.get(self.server.url + path, params=params, headers=self.auth(token))

    def auth(self, token: str | None) -> dict[str, str]:
        token = self.bot if token is None else token
        return {"Authorization": f"Bearer {token}"} if token else {}


@pytest.fixture
def bell():
    with NtfyServer() as server, httpx.Client(timeout=5) as http:
        yield Bell(server, http)


def refusal(answer: httpx.Response) -> tuple[int, int]:
    body = answer.json()
    assert set(body) <= {"code", "http", "error", "link"}
    assert body["http"] == answer.status_code
    return answer.status_code, body["code"]


def test_every_route_served_stands_in_the_reference():
    assert {(route.method, route.path) for route in ROUTES} == set(REFERENCE)


def test_a_message_comes_back_as_json(bell):
    answer = bell.ring("Run 7 waits", Title="AFK", Priority="5", Tags="warning, robot", Click="https://t3.test/1")

    assert answer.status_code == 200
    assert answer.json() == {
        "id": answer.json()["id"],
        "time": 1788264000,
        "expires": 1788264000 + 12 * 3600,
        "event": "message",
        "topic": "afk",
        "title": "AFK",
        "message": "Run 7 waits",
        "priority": 5,
        "tags": ["warning", "robot"],
        "click": "https://t3.test/1",
    }
    assert len(answer.json()["id"]) == 12
    assert bell.server.published("afk") == bell.read() == [answer.json()]


def test_what_was_not_sent_is_not_in_the_answer(bell):
    assert set(bell.ring().json()) == {"id", "time", "expires", "event", "topic", "message"}


def test_every_message_has_its_own_id(bell):
    assert len({bell.ring().json()["id"] for _ in range(5)}) == 5


def test_without_a_token_a_topic_is_forbidden_by_default(bell):
    assert refusal(bell.ring(token="")) == (403, 40301)
    assert refusal(bell.get("/afk/json", poll=1, token="")) == (403, 40301)
    assert bell.server.published("afk") == []


def test_a_user_without_an_entry_is_forbidden_too(bell):
    assert refusal(bell.ring(token=bell.server.add_user("stranger"))) == (403, 40301)
    assert refusal(bell.ring(topic="another")) == (403, 40301)


def test_a_wrong_token_is_unauthorized_even_where_nobody_needs_one():
    with NtfyServer(default_access="read-write") as server, httpx.Client() as http:
        bell = Bell(server, http)

        assert bell.ring(topic="open", token="").status_code == 200
        assert refusal(bell.ring(topic="open", token="tk_wrong")) == (401, 40101)


def test_a_password_is_unauthorized(bell):
    header = "Basic " + base64.b64encode(b"afk-bot:secret").decode()

    assert refusal(bell.ring(token="", Authorization=header)) == (401, 40101)


def test_a_revoked_token_is_unauthorized(bell):
    bell.server.revoke_token(bell.bot)

    assert refusal(bell.ring()) == (401, 40101)


def test_an_administrator_needs_no_entry(bell):
    assert bell.ring(topic="anything", token=bell.server.add_user("root", admin=True)).status_code == 200


@pytest.mark.parametrize(
    ("access", "publishing", "reading"),
    [("read-write", 200, 200), ("write-only", 200, 403), ("read-only", 403, 200), ("deny-all", 403, 403)],
)
def test_an_entry_gives_reading_and_writing_apart(bell, access, publishing, reading):
    token = bell.server.add_user("somebody")
    bell.server.grant("somebody", "home*", access)
    statuses = [bell.ring(topic="home-door", token=token), bell.get("/home-door/json", poll=1, token=token)]

    assert [answer.status_code for answer in statuses] == [publishing, reading]
    assert bell.get("/home-door/auth", token=token).status_code == reading


def test_a_person_s_entry_comes_before_everyone_s(bell):
    bell.server.grant("*", "afk", "deny-all")

    assert bell.ring().status_code == 200
    assert bell.ring(token="").status_code == 403


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("1", 1),
        ("low", 2),
        ("default", 3),
        ("high", 4),
        ("5", 5),
        ("max", 5),
        ("URGENT", 5),
        ("", None),
        ("u=1, i", None),
    ],
    ids=str,
)
def test_priorities_have_numbers_and_names(bell, word, expected):
    """The last row is a proxy's header of the same name, which counts for nothing."""
    assert bell.ring(Priority=word).json().get("priority") == expected


@pytest.mark.parametrize("word", ["0", "6", "very high"])
def test_other_priorities_are_refused(bell, word):
    assert refusal(bell.ring(Priority=word)) == (400, 40007)


def test_headers_have_longer_and_shorter_names_and_may_be_query_parameters(bell):
    long = bell.ring(X_Title="long", X_Tags="a").json()
    short = bell.ring(t="short", prio="2").json()
    query = bell.http.post(f"{bell.server.url}/afk?title=query&p=4", headers=bell.auth(None)).json()

    assert (long["title"], long["tags"]) == ("long", ["a"])
    assert (short["title"], short["priority"]) == ("short", 2)
    assert (query["title"], query["priority"]) == ("query", 4)


def test_titles_may_hold_any_letter_raw_or_encoded(bell):
    raw = bell.http.post(
        f"{bell.server.url}/afk",
        headers={**bell.auth(None), b"Title": "Läuft ✓".encode()},
    )
    encoded = bell.ring(Title="=?UTF-8?B?" + base64.b64encode("Läuft ✓".encode()).decode() + "?=")

    assert raw.json()["title"] == encoded.json()["title"] == "Läuft ✓"


def test_a_header_can_carry_the_message_with_line_breaks_and_a_body_wins(bell):
    assert bell.ring(b"", Message="one\\ntwo").json()["message"] == "one\ntwo"
    assert bell.ring("body", Message="header").json()["message"] == "body"
    assert bell.ring(b"").json()["message"] == "triggered"


def test_markdown_is_marked(bell):
    assert bell.ring("**bold**", Markdown="yes").json()["content_type"] == "text/markdown"


def test_buttons_in_the_short_form(bell):
    buttons = (
        'view, "Open, now", https://t3.test/1, clear=true; http, Retry, https://afk.test/retry, method=put, body=x'
    )
    made = bell.ring(Actions=buttons).json()["actions"]

    assert [{name: value for name, value in one.items() if name != "id"} for one in made] == [
        {"action": "view", "label": "Open, now", "clear": True, "url": "https://t3.test/1"},
        {
            "action": "http",
            "label": "Retry",
            "clear": False,
            "url": "https://afk.test/retry",
            "method": "PUT",
            "body": "x",
        },
    ]


def test_buttons_as_json(bell):
    buttons = json.dumps([{"action": "view", "label": "Open", "url": "https://t3.test/1"}])

    assert bell.ring(Actions=buttons).json()["actions"][0]["label"] == "Open"


def test_a_button_may_carry_headers(bell):
    made = bell.ring(Actions="http, Go, https://afk.test, headers.X-Key=abc").json()["actions"]

    assert made[0]["headers"] == {"X-Key": "abc"}


@pytest.mark.parametrize(
    "buttons",
    [
        pytest.param("view, Open", id="no-url"),
        pytest.param("view", id="no-label"),
        pytest.param("press, Open, https://t3.test", id="unknown-kind"),
        pytest.param("view, Open, https://t3.test, colour=red", id="unknown-key"),
        pytest.param("view, Open, https://t3.test, clear=maybe", id="no-boolean"),
        pytest.param("view, Open, https://t3.test, more, words", id="nameless-term"),
        pytest.param("http, Go, https://t3.test, method=GET, body=x", id="body-with-get"),
        pytest.param('view, "Open, https://t3.test', id="open-quote"),
        pytest.param("[{", id="broken-json"),
        pytest.param("[1]", id="json-of-numbers"),
        pytest.param("; ".join(["view, Open, https://t3.test"] * 4), id="four"),
    ],
)
def test_buttons_that_make_no_sense_refuse_the_message(bell, buttons):
    assert refusal(bell.ring(Actions=buttons)) == (400, 40018)
    assert bell.server.published("afk") == []


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({"Email": "a@b.test"}, 40001),
        ({"Delay": "30m"}, 40004),
        ({"Icon": "icon.png"}, 40021),
        ({"Call": "yes"}, 40032),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_this_server_does_not_do_is_refused(bell, header, code):
    assert refusal(bell.ring(**header)) == (400, code)


@pytest.mark.parametrize(
    ("topic", "code"), [("a" * 65, 40009), ("a.b", 40009), ("docs", 40010), ("v1", 40010)], ids=str
)
def test_some_topics_are_refused(bell, topic, code):
    assert refusal(bell.ring(topic=topic)) == (400, code)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param("x" * 4095, 200, id="longest"),
        pytest.param("x" * 4096, 400, id="one-too-many"),
        pytest.param("ä" * 2048, 400, id="bytes-count-not-letters"),
        pytest.param(b"\xff\xfe", 400, id="no-utf-8"),
    ],
)
def test_a_longer_body_would_be_a_file_and_files_are_not_allowed(bell, body, status):
    answer = bell.ring(body)

    assert answer.status_code == status
    assert status == 200 or refusal(answer) == (400, 40014)


def test_where_files_are_allowed_a_long_body_becomes_one_and_its_text_is_lost():
    with NtfyServer(attachments=True) as server, httpx.Client() as http:
        answer = Bell(server, http).ring("x" * 5000, Title="AFK")

    assert answer.status_code == 200
    assert answer.json()["message"] == "You received a file: attachment.txt"
    assert answer.json()["attachment"]["size"] == 5000
    assert answer.json()["attachment"]["url"].startswith(f"{server.url}/file/")


def test_a_file_can_be_too_large():
    with NtfyServer(attachments=True) as server, httpx.Client() as http:
        assert refusal(Bell(server, http).ring(b"x" * (15 * 2**20 + 1))) == (413, 41301)


def test_after_too_many_requests_comes_429(bell):
    bell.server.allow_requests(2)
    statuses = [bell.ring().status_code, bell.ring().status_code]
    refused = bell.ring()
    bell.server.allow_requests(None)

    assert (statuses, refusal(refused)) == ([200, 200], (429, 42901))
    assert bell.ring().status_code == 200


def test_a_spent_quota_stops_publishing_but_not_reading(bell):
    bell.server.allow_messages(1)
    bell.ring("last")

    assert refusal(bell.ring()) == (429, 42908)
    assert [one["message"] for one in bell.read()] == ["last"]


def test_a_message_can_be_published_as_json(bell):
    body = {
        "topic": "afk",
        "message": "ring",
        "title": "Läuft",
        "priority": 4,
        "tags": ["a"],
        "click": "https://t3.test",
    }
    body["actions"] = [{"action": "view", "label": "Open", "url": "https://t3.test"}]
    answer = bell.http.post(bell.server.url, json=body, headers=bell.auth(None)).json()

    assert {name: answer[name] for name in ("topic", "message", "title", "priority", "tags", "click")} == {
        name: body[name] for name in ("topic", "message", "title", "priority", "tags", "click")
    }
    assert answer["actions"][0]["label"] == "Open"


@pytest.mark.parametrize(
    ("content", "code"),
    [("ring", 40017), ("[]", 40017), ('{"topic": "afk", "priority": "high"}', 40017), ('{"message": "x"}', 40009)],
    ids=["no-json", "no-object", "priority-by-name", "no-topic"],
)
def test_json_without_sense_is_refused(bell, content, code):
    assert refusal(bell.http.put(bell.server.url, content=content, headers=bell.auth(None))) == (400, code)


def test_messages_are_read_from_a_moment_on(bell):
    ids = []
    for text in ("first", "second", "third"):
        ids.append(bell.ring(text).json()["id"])
        bell.time += timedelta(minutes=1)
    texts = {
        asked: [one["message"] for one in bell.read(since=asked)]
        for asked in ("all", "latest", "none", ids[0], "1788264060", "2m", "1m30s", "unknownid000")
    }

    assert texts == {
        "all": ["first", "second", "third"],
        "latest": ["third"],
        "none": [],
        ids[0]: ["second", "third"],
        "1788264060": ["second", "third"],
        "2m": ["second", "third"],
        "1m30s": ["third"],
        "unknownid000": ["first", "second", "third"],
    }


def test_a_moment_that_makes_no_sense_is_refused(bell):
    assert refusal(bell.get("/afk/json", poll=1, since="yesterday")) == (400, 40008)


def test_messages_are_kept_for_twelve_hours(bell):
    bell.ring()
    bell.time += timedelta(hours=12)

    assert bell.read() == []


def test_a_message_can_be_sent_without_being_kept(bell):
    answer = bell.ring(Cache="no")

    assert "expires" not in answer.json()
    assert bell.read() == []


def test_reading_chooses_by_title_tags_and_priority(bell):
    bell.ring("a", Title="AFK", Tags="x,y", Priority="5")
    bell.ring("b", Title="other")

    assert [one["message"] for one in bell.read(title="AFK")] == ["a"]
    assert [one["message"] for one in bell.read(tags="x,y")] == ["a"]
    assert [one["message"] for one in bell.read(priority="default,low")] == ["b"]


def test_several_topics_are_read_at_once_if_all_are_allowed(bell):
    bell.server.grant("afk-bot", "door")
    bell.ring(topic="door")
    bell.ring()

    assert [one["topic"] for one in bell.read("afk,door")] == ["door", "afk"]
    assert bell.get("/afk,secret/json", poll=1).status_code == 403


def test_without_poll_reading_is_a_stream_that_opens_first(bell):
    bell.ring("before")
    query = {"since": "all"}
    with bell.http.stream("GET", f"{bell.server.url}/afk/json", params=query, headers=bell.auth(None)) as stream:
        lines = stream.iter_lines()
        told = [json.loads(next(lines)) for _ in range(2)]
        bell.server.publish("afk", "afk-bot", {"message": "after"})
        told.append(json.loads(next(lines)))

    assert [(one["event"], one.get("message")) for one in told] == [
        ("open", None),
        ("message", "before"),
        ("message", "after"),
    ]


def test_health_needs_nobody_and_unknown_paths_are_not_found(bell):
    assert bell.get("/v1/health", token="").json() == {"healthy": True}
    assert refusal(bell.get("/v1/nothing/here")) == (404, 40401)
