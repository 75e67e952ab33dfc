"""What the channel says to ntfy, and what it makes of the answers."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import UTC, datetime
from email.header import decode_header, make_header
from typing import TYPE_CHECKING

import httpx
import pytest

from afk.adapters.ntfy import NtfyChannel, encoded, key_tag
from afk.core.doorbell import Card, Stamp
from afk.core.records import DoorbellKind
from afk.ports import PortError, Refused, Uncertain, Unexpected, Unreachable
from afk.systems import Ntfy
from tests.adapters.ntfy.conftest import CARD, HOSTS, URL

if TYPE_CHECKING:
    from collections.abc import Callable

    import respx

NOON = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
TAG = "afk-f683740cded6"  # printf bell | sha256sum
PUBLISHED = {"id": "sPs71M8A2T00", "time": 1793534400, "event": "message", "topic": "secret-topic"}


def error_of(call: Callable[[], object]) -> PortError:
    with pytest.raises(PortError) as raised:
        call()
    return raised.value


def published(wire: respx.MockRouter, channel: NtfyChannel, card: Card, key: str = "bell") -> httpx.Request:
    route = wire.post("/secret-topic").respond(json=PUBLISHED)
    channel.ring(key, card)
    return route.calls.last.request


def test_a_ring_is_one_post_to_the_topic(wire: respx.MockRouter, channel: NtfyChannel) -> None:
    route = wire.post("/secret-topic").respond(json=PUBLISHED)

    assert channel.ring("bell", CARD) == "sPs71M8A2T00"
    request = route.calls.last.request
    wanted = {
        "authorization": "Bearer tk_not_a_real_one",
        "content-type": "text/plain; charset=utf-8",
        "x-title": "=?UTF-8?B?RnJvemVuOiBpbmZyYSM0MiDCtyBSb3RhdGUgdGhlIGxvZ3M=?=",
        "x-priority": "5",
        "x-tags": f"ice_cube,{TAG}",
        "x-click": "https://t3.example.org/t",
    }
    assert {name: request.headers[name] for name in wanted} == wanted
    assert json.loads(request.headers["x-actions"]) == [
        {"action": "view", "label": "Open thread", "url": "https://t3.example.org/t"},
        {"action": "view", "label": "Open issue", "url": "https://tracker.example.org/42"},
        {"action": "view", "label": "Open CI", "url": "https://tracker.example.org/ci"},
    ]
    assert request.content == b"CI is still red.\nattempt 1"


def test_without_a_token_none_is_sent(wire: respx.MockRouter) -> None:
    channel = NtfyChannel(Ntfy(URL), hosts=HOSTS)
    request = published(wire, channel, CARD)
    channel.close()

    assert "authorization" not in request.headers


@pytest.mark.parametrize(
    ("kind", "priority", "emoji"),
    [
        pytest.param(DoorbellKind.DONE, "2", "white_check_mark", id="done"),
        pytest.param(DoorbellKind.QUESTION, "4", "question", id="question"),
        pytest.param(DoorbellKind.NEEDS_HUMAN, "4", "raising_hand", id="needs-human"),
        pytest.param(DoorbellKind.FROZEN, "5", "ice_cube", id="frozen"),
        pytest.param(DoorbellKind.ALARM, "5", "rotating_light", id="alarm"),
    ],
)
def test_the_kind_decides_how_loud_it_is(
    wire: respx.MockRouter, channel: NtfyChannel, kind: DoorbellKind, priority: str, emoji: str
) -> None:
    headers = published(wire, channel, replace(CARD, kind=kind)).headers

    assert (headers["x-priority"], headers["x-tags"]) == (priority, f"{emoji},{TAG}")


def test_addresses_that_nobody_vouches_for_are_left_out(wire: respx.MockRouter, channel: NtfyChannel) -> None:
    evil = "https://evil.example/"
    one = published(wire, channel, replace(CARD, thread_url=evil, ci_url="https://t3.example.org/\nX-Evil: 1")).headers
    none = published(wire, channel, replace(CARD, thread_url="", issue_url=evil, ci_url="javascript:x")).headers

    assert one["x-click"] == "https://tracker.example.org/42"
    assert [each["label"] for each in json.loads(one["x-actions"])] == ["Open issue"]
    assert not {"x-click", "x-actions"} & {*none}


@pytest.mark.parametrize(
    ("card", "body"),
    [
        pytest.param(replace(CARD, options=("Yes", "N\x00o")), "CI is still red.\nattempt 1\n1. Yes\n2. No", id="options"),
        pytest.param(replace(CARD, stamps=(Stamp("Got it", "ada", NOON),)), "CI is still red.\nattempt 1\nGot it by ada at 12:00 UTC", id="stamp"),
        pytest.param(replace(CARD, why="", facts=""), "Frozen: infra#42 · Rotate the logs", id="nothing-but-a-title"),
        pytest.param(replace(CARD, why="a\u202eb\ud800", facts="\x1b[1m"), "ab\n[1m", id="invisible"),
    ],
)  # fmt: skip
def test_the_body_says_what_the_title_does_not(
    wire: respx.MockRouter, channel: NtfyChannel, card: Card, body: str
) -> None:
    assert published(wire, channel, card).content.decode() == body


@pytest.mark.parametrize("sign", ["x", "ü", "世", "🎉"])
@pytest.mark.parametrize("more", range(4))
def test_a_body_is_cut_before_ntfy_makes_a_file_of_it(
    wire: respx.MockRouter, channel: NtfyChannel, sign: str, more: int
) -> None:
    body = published(wire, channel, replace(CARD, why="a" * more + sign * 5_000)).content

    assert 4_091 < len(body) <= 4_095
    assert body.decode().endswith(f"{sign}…")


def test_a_body_that_just_fits_stays_whole(wire: respx.MockRouter, channel: NtfyChannel) -> None:
    card = replace(CARD, why="x" * 4_095, facts="")

    assert published(wire, channel, card).content == card.why.encode()


@pytest.mark.parametrize(
    "title",
    [
        pytest.param("Rotate the logs", id="ascii"),
        pytest.param("Grüße aus 世界 🎉 " * 12, id="many-words"),
        pytest.param("=?UTF-8?B?ZXZpbA==?=", id="pretends-to-be-encoded"),
        pytest.param("", id="nothing"),
    ],
)
def test_a_title_comes_out_of_its_header_as_it_went_in(title: str) -> None:
    header = encoded(title)

    assert header.isascii()
    assert all(len(word) <= 75 for word in header.split("?= ")) or header == title
    assert str(make_header(decode_header(header))) == title


def test_a_hostile_title_adds_no_header(wire: respx.MockRouter, channel: NtfyChannel) -> None:
    request = published(wire, channel, replace(CARD, title="a\r\nX-Evil: 1\x00\ud800\u202e"))

    assert "x-evil" not in request.headers
    assert str(make_header(decode_header(request.headers["x-title"]))) == "Frozen: infra#42 · a X-Evil: 1"


def test_a_key_has_one_tag_for_ever() -> None:
    assert key_tag("bell") == TAG
    assert key_tag("bell2") != TAG
    assert len(key_tag("a,b ü \ud800" * 99)) == len(TAG)


def test_the_topic_is_searched_by_tag_from_a_little_before(wire: respx.MockRouter, channel: NtfyChannel) -> None:
    route = wire.get("/secret-topic/json").respond(text="")

    assert channel.find("bell", NOON) is None
    assert dict(route.calls.last.request.url.params) == {"poll": "1", "since": "1793534395", "tags": TAG}


def test_a_message_with_the_tag_is_ours_whatever_else_the_server_sends(
    wire: respx.MockRouter, channel: NtfyChannel
) -> None:
    lines = [
        PUBLISHED,
        PUBLISHED | {"id": "b", "tags": ["ice_cube"]},
        PUBLISHED | {"id": "c", "tags": ["x", TAG], "message": "\u2028"},
    ]
    text = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines) + "\n"
    wire.get("/secret-topic/json").respond(text=text)

    assert channel.find("bell", NOON) == "c"
    assert channel.find("other", NOON) is None


@pytest.mark.parametrize("text", ['{"id": "a"}\n{"id": ', "<html></html>", "[]\n", "{}\n"])
def test_half_a_list_is_no_answer(wire: respx.MockRouter, channel: NtfyChannel, text: str) -> None:
    wire.get("/secret-topic/json").respond(text=text)

    assert type(error_of(lambda: channel.find("bell", NOON))) is Unexpected


def test_a_topic_that_may_not_be_read_finds_nothing_and_says_so_once(
    wire: respx.MockRouter, channel: NtfyChannel, caplog: pytest.LogCaptureFixture
) -> None:
    wire.get("/secret-topic/json").respond(403, json={"code": 40301, "http": 403, "error": "forbidden"})

    assert [channel.find(key, NOON) for key in ("bell", "other")] == [None, None]
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert said == ["ntfy: AFK may not read the topic: a message whose receipt is lost is sent a second time"]


@pytest.mark.parametrize(
    ("status", "answer", "publishing", "reading"),
    [
        pytest.param(401, {"error": "unauthorized"}, Refused, Refused, id="wrong-token"),
        pytest.param(403, {"error": "forbidden"}, Refused, None, id="forbidden"),
        pytest.param(400, {"error": "invalid request: topic invalid"}, Refused, Refused, id="invalid"),
        pytest.param(404, {"error": "page not found"}, Refused, Refused, id="no-topic"),
        pytest.param(413, "too large", Refused, Refused, id="too-large"),
        pytest.param(429, {"error": "limit reached: daily message quota reached"}, Unreachable, Unreachable, id="too-fast"),
        pytest.param(500, "", Uncertain, Unreachable, id="broken"),
        pytest.param(503, "<html></html>", Uncertain, Unreachable, id="busy"),
        pytest.param(200, "<html></html>", Uncertain, Unexpected, id="not-ntfy"),
        pytest.param(200, {"ok": True}, Uncertain, Unexpected, id="not-ntfys-json"),
    ],
)  # fmt: skip
def test_a_refusal_is_told_from_a_doubt(
    wire: respx.MockRouter, channel: NtfyChannel, status: int, answer: object, publishing: type, reading: type | None
) -> None:
    body = httpx.Response(status, text=answer if isinstance(answer, str) else json.dumps(answer))
    wire.post("/secret-topic").mock(return_value=body)
    wire.get("/secret-topic/json").mock(return_value=body)

    assert type(error_of(lambda: channel.ring("bell", CARD))) is publishing
    if reading is not None:
        assert type(error_of(lambda: channel.find("bell", NOON))) is reading


def test_a_post_that_is_sent_elsewhere_is_not_followed(wire: respx.MockRouter, channel: NtfyChannel) -> None:
    wire.post("/secret-topic").respond(301, headers={"Location": "https://evil.example/"})

    assert type(error_of(lambda: channel.ring("bell", CARD))) is Refused


def test_too_fast_says_until_when_if_the_server_does(wire: respx.MockRouter, channel: NtfyChannel) -> None:
    headers = {"Retry-After": "60", "Date": "Sun, 01 Nov 2026 12:00:00 GMT"}
    wire.post("/secret-topic").respond(429, headers=headers)
    error = error_of(lambda: channel.ring("bell", CARD))

    assert isinstance(error, Unreachable)
    assert error.until == datetime(2026, 11, 1, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("failure", "publishing", "reading"),
    [
        pytest.param(httpx.ConnectError("x"), Unreachable, Unreachable, id="nobody-there"),
        pytest.param(httpx.ReadTimeout("x"), Uncertain, Unreachable, id="no-answer-in-time"),
        pytest.param(httpx.RemoteProtocolError("x"), Uncertain, Unreachable, id="cut-off"),
    ],
)
def test_silence_leaves_a_publication_in_doubt_alone(
    wire: respx.MockRouter, channel: NtfyChannel, failure: Exception, publishing: type, reading: type
) -> None:
    wire.post("/secret-topic").mock(side_effect=failure)
    wire.get("/secret-topic/json").mock(side_effect=failure)

    assert type(error_of(lambda: channel.ring("bell", CARD))) is publishing
    assert type(error_of(lambda: channel.find("bell", NOON))) is reading


@pytest.mark.parametrize("status", [0, 301, 400, 401, 403, 404, 429, 500])
def test_no_error_names_the_topic_or_the_token(wire: respx.MockRouter, channel: NtfyChannel, status: int) -> None:
    answer = {"side_effect": httpx.ConnectError("x")} if not status else {"return_value": httpx.Response(status)}
    wire.post("/secret-topic").mock(**answer)
    error = error_of(lambda: channel.ring("bell", CARD))

    assert str(error).startswith("ntfy: ")
    assert "(bell)" in str(error)
    assert "secret-topic" not in str(error)
    assert "tk_not_a_real_one" not in str(error)


def test_a_message_that_was_sent_is_not_changed(channel: NtfyChannel) -> None:
    assert channel.updates is False
    assert type(error_of(lambda: channel.update("bell", "sPs71M8A2T00", CARD))) is Refused
